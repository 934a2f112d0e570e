"""Classification metrics on plain arrays; scikit-learn does the counting.

It is imported by the functions that need it: importing it takes a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.integer]


def accuracy(labels: Labels, predicted: Labels) -> float:
    """Share of equal entries; labels and predictions have shape ``(n,)``."""
    return float(np.mean(np.asarray(labels) == np.asarray(predicted)))


def macro_f1(labels: Labels, predicted: Labels, classes: int) -> float:
    """Unweighted mean of the F1 score over the classes that occur in ``labels``.

    A class that is never predicted counts 0. A class without a single true row has no recall and
    is left out, so that data sets with fewer classes are not punished for it.
    """
    from sklearn.metrics import f1_score

    present = np.flatnonzero(np.bincount(labels, minlength=classes))
    return float(f1_score(labels, predicted, labels=present, average="macro", zero_division=0))


def weighted_f1(labels: Labels, predicted: Labels, classes: int) -> float:
    """Mean over classes of the F1 score, weighted by the number of true rows."""
    from sklearn.metrics import f1_score

    return float(
        f1_score(labels, predicted, labels=range(classes), average="weighted", zero_division=0)
    )


def confusion(labels: Labels, predicted: Labels, classes: int) -> npt.NDArray[np.int64]:
    """Counts ``(classes, classes)``: row = true class, column = predicted class."""
    from sklearn.metrics import confusion_matrix

    return np.asarray(confusion_matrix(labels, predicted, labels=range(classes)), np.int64)


def per_class(
    labels: Labels, predicted: Labels, names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and number of true rows of every class."""
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=range(len(names)), zero_division=0
    )
    return {
        name: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "n": int(support[i]),
        }
        for i, name in enumerate(names)
    }


def bootstrap_interval(correct: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Percentile bootstrap interval of 95 % of an accuracy (Efron 1979) from ``(n,)`` hits."""
    n = len(correct)
    # Resampling n hits with replacement makes their number binomial.
    means = np.random.default_rng(0).binomial(n, float(np.mean(correct)), size=2000) / n
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
