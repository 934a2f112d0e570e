"""Soft training targets of the heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import vote_distribution
from fer.labels import FER2013, FERPLUS, OWN

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Targets for ``n`` rows.

    Attributes:
        shares: Head -> ``(n, classes)`` float32 distributions.
        weights: Head -> ``(n,)`` float32, 0 where a row says nothing to that head.
    """

    shares: Mapping[str, Floats]
    weights: Mapping[str, Floats]


def label_given_votes(
    votes: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int8],
) -> Floats:
    """Estimate P(FER-2013 label | FER+ votes) ``(n, 7)`` by multinomial logistic regression.

    The two labellings disagree in a systematic way; this distribution says how a picture with
    these votes is usually labelled in FER-2013, which is a better place for the smoothed mass
    of the target than a uniform one. Fitted on the rows it is given: pass training rows only.
    """
    from sklearn.linear_model import LogisticRegression

    features = np.sqrt(votes.astype(np.float64) / 10)
    model = LogisticRegression(C=10.0, max_iter=500).fit(features, labels)
    result = np.zeros((len(labels), len(FER2013)), np.float32)
    result[:, model.classes_.astype(int)] = model.predict_proba(features)
    return result


def make_targets(
    dataset: FaceDataset, *, label_smoothing: float, vote_smoothing: float, own: bool = False
) -> Targets:
    """Targets of training rows: smoothed one-hot labels, and FER+ vote distributions."""
    classes = len(dataset.label_names)
    one_hot = np.eye(classes, dtype=np.float32)[dataset.labels]
    labelled = ((1 - label_smoothing) * one_hot + label_smoothing / classes).astype(np.float32)
    every = np.ones(len(dataset), np.float32)
    if own:
        return Targets({OWN: labelled}, {OWN: every})
    if dataset.votes is None:
        ferplus = np.full((len(dataset), len(FERPLUS)), 1 / len(FERPLUS), np.float32)
        weight = np.zeros(len(dataset), np.float32)
    else:
        if vote_smoothing:
            expected = label_given_votes(dataset.votes, dataset.labels)
            labelled = (1 - vote_smoothing) * labelled + np.float32(vote_smoothing) * expected
        ferplus, weight = vote_distribution(dataset.votes)
    return Targets(
        {"fer2013": labelled.astype(np.float32), "ferplus": ferplus},
        {"fer2013": every, "ferplus": weight},
    )
