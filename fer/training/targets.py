"""Soft training targets of the two heads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import vote_distribution
from fer.labels import FER2013, FERPLUS

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Targets for ``n`` rows.

    Attributes:
        fer2013: ``(n, 7)`` float32 distributions.
        ferplus: ``(n, 8)`` float32 distributions.
        ferplus_weight: ``(n,)`` float32, 0 where a row has no usable vote.
    """

    fer2013: Floats
    ferplus: Floats
    ferplus_weight: Floats


def label_given_votes(
    votes: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int8],
) -> Floats:
    """Estimate P(FER-2013 label | FER+ votes) by multinomial logistic regression.

    The two labellings disagree in a systematic way; this distribution says how a picture with
    these votes is usually labelled in FER-2013, which is a better place for the smoothed mass
    of the target than a uniform one. Fitted on the rows it is given: pass training rows only.

    Args:
        votes: ``(n, 10)`` uint8.
        labels: ``(n,)`` int8.

    Returns:
        ``(n, 7)`` float32.
    """
    from sklearn.linear_model import LogisticRegression

    features = np.sqrt(votes.astype(np.float64) / 10)
    model = LogisticRegression(C=10.0, max_iter=500).fit(features, labels)
    result = np.zeros((len(labels), len(FER2013)), np.float32)
    result[:, model.classes_.astype(int)] = model.predict_proba(features)
    return result


def make_targets(dataset: FaceDataset, *, label_smoothing: float, vote_smoothing: float) -> Targets:
    """Targets of training rows: smoothed one-hot labels, and FER+ vote distributions.

    Args:
        dataset: Training rows.
        label_smoothing: Uniform smoothing of the FER-2013 target.
        vote_smoothing: Share of it that is replaced by P(label | FER+ votes).
    """
    classes = len(FER2013)
    one_hot = np.eye(classes, dtype=np.float32)[dataset.labels]
    fer2013 = (1 - label_smoothing) * one_hot + label_smoothing / classes
    if dataset.votes is None:
        return Targets(
            fer2013.astype(np.float32),
            np.full((len(dataset), len(FERPLUS)), 1 / len(FERPLUS), np.float32),
            np.zeros(len(dataset), np.float32),
        )
    if vote_smoothing:
        expected = label_given_votes(dataset.votes, dataset.labels)
        fer2013 = (1 - vote_smoothing) * fer2013 + vote_smoothing * expected
    ferplus, weight = vote_distribution(dataset.votes)
    return Targets(fer2013.astype(np.float32), ferplus, weight)
