"""Fits a head separately: the network stays as it is, only a ridge regression is solved."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import SPLITS, FaceDataset, Progress
from fer.datasets.protocol import training_rows
from fer.errors import DatasetError
from fer.evaluation.affect import measure_affect
from fer.evaluation.readings import read_faces
from fer.labels import FER2013
from fer.recognition.affect_head import AffectHead
from fer.recognition.circumplex import derived_values
from fer.recognition.classifier import EmotionClassifier

_STRENGTHS = np.logspace(-2, 5, 15)
FEWEST_ROWS = 10


def known_affect(dataset: FaceDataset) -> npt.NDArray[np.bool_]:
    """Mask ``(n,)`` of the rows whose valence and arousal are known.

    Raises:
        DatasetError: If the data set has none in Training.
    """
    if dataset.affect is None:
        known = np.zeros(len(dataset), bool)
    else:
        known = np.asarray(np.isfinite(dataset.affect).all(axis=1))
    found = int((known & dataset.split_mask(SPLITS[0])).sum())
    if found < FEWEST_ROWS:
        raise DatasetError(
            f"{dataset.source or 'data set'}: expected at least {FEWEST_ROWS} rows of Training "
            f"with valence and arousal, got {found}; use data with both columns, such as AffectNet"
        )
    return known


def standard_spread(embeddings: np.ndarray) -> np.ndarray:
    """Standard deviation ``(d,)`` of each unit over ``(n, d)`` embeddings, the median at least.

    A unit that hardly moves in a few hundred rows would otherwise be stretched so far that one
    later face which does move it outweighs everything else.
    """
    spread = np.asarray(embeddings, np.float64).std(axis=0)
    floor = float(np.median(spread[spread > 0])) if spread.any() else 1.0
    return np.asarray(np.maximum(spread, floor))


def fit_head(
    classifier: EmotionClassifier, dataset: FaceDataset, *, progress: Progress | None = None
) -> tuple[AffectHead, dict[str, Any]]:
    """Fit a linear head on a published model.

    Ridge regression on standardised embeddings of Training (`standard_spread`), its strength
    chosen by leave-one-out on the same rows (scikit-learn's ``RidgeCV``), so that no other split
    has a part in it. Copies of pictures of other splits are left out of Training.

    Args:
        classifier: A published model; it is not changed.
        dataset: Faces with ``affect``.
        progress: Called with the share of the faces read.

    Returns:
        The head, and its record: ``model``, ``version``, ``rows``, ``strength``, and for every
        split with known rows the figures of the head ("fitted") beside those of what the class
        probabilities give ("derived").

    Raises:
        DatasetError: If too few rows have valence and arousal.
    """
    from sklearn.linear_model import RidgeCV

    known = known_affect(dataset)
    chosen = dataset.select(np.flatnonzero(known))
    assert chosen.affect is not None
    training = training_rows(chosen)
    if int(training.sum()) < FEWEST_ROWS:
        raise DatasetError(
            f"{dataset.source or 'data set'}: expected at least {FEWEST_ROWS} rows of Training "
            f"that are no copies of other splits, got {int(training.sum())}; add some"
        )
    readings = read_faces(classifier, chosen.images, progress=progress)
    rows = np.asarray(readings.embeddings[training], np.float64)
    mean, spread = rows.mean(axis=0), standard_spread(rows)
    fitted = RidgeCV(_STRENGTHS).fit((rows - mean) / spread, chosen.affect[training])
    weights = (fitted.coef_ / spread).T
    head = AffectHead(
        np.asarray(weights, np.float32),
        np.asarray(fitted.intercept_ - mean @ weights, np.float32),
    )
    record: dict[str, Any] = {
        "task": "valence-arousal",
        "mode": "separately",
        "model": classifier.folder.card.name,
        "version": classifier.folder.card.version,
        "source": dataset.source,
        "rows": int(training.sum()),
        "strength": float(fitted.alpha_),
        "splits": {},
    }
    predicted = head.predict(readings.embeddings)
    derived = derived_values(readings.heads["fer2013"], FER2013)
    for name in chosen.split_names:
        part = chosen.split_mask(name)
        if part.any():
            record["splits"][name] = {
                "fitted": measure_affect(chosen.affect[part], predicted[part]),
                "derived": measure_affect(chosen.affect[part], derived[part]),
            }
    return head, record
