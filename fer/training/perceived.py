"""What people see: both heads joined so that the votes of ten people are most likely.

FER-2013's labels came from search words; whoever listens or speaks is "angry" or "sad" there. The
FER+ votes say what people see, but the head that learned them shies from the rarer classes. Both
sets of logits, and the prior of the answers, make one reading of seven classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from fer.datasets.ferplus import seven_shares
from fer.evaluation.calibration import negative_log_likelihood, vote_calibration_error
from fer.labels import SEVEN_OF_FERPLUS
from fer.models.card import PerceivedRecord

RARE_CLASSES = 0.6
"""A vote counts by its class's share of all votes to the power of minus this. 0 leaves disgust and
fear, one face in forty, to chance; 1 gives away a point of the majority. On PublicTest this is the
highest at which the mean recall of the classes rises by more than the majority falls."""

VOTE_ERROR = 0.02
"""Calibration error against the votes up to which answers are sharpened. On a face that is clear to
most, one voter in ten still says something else: the likelihood of the votes alone leaves an answer
that is right 88 times in 100 with a confidence of 82 %."""

FOLDS = 5
_SHARPEST = 0.5
_BOUNDS = ((-0.5, 1.0), (0.0, 2.0), (0.1, 10.0))
"""Of share, power of the prior and temperature."""

Floats = npt.NDArray[np.floating[Any]]


def join(record: PerceivedRecord, logits: Mapping[str, Floats]) -> npt.NDArray[np.float64]:
    """Logits ``(n, 7)`` of what people see, from those of the heads "fer2013" and "ferplus"."""
    own, seven = _sevens(logits)
    choice = (record.share, record.prior_power, record.temperature)
    return _joined(np.asarray(choice), own, seven, np.log(record.prior))


def _sevens(
    logits: Mapping[str, Floats],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    seven = np.asarray(logits["ferplus"], np.float64)[:, list(SEVEN_OF_FERPLUS)]
    return np.asarray(logits["fer2013"], np.float64), seven


def _joined(choice: Floats, own: Floats, seven: Floats, prior: Floats) -> npt.NDArray[np.float64]:
    share, power, temperature = choice
    together = share * own + (1 - share) * seven - power * prior
    return np.asarray(together / temperature, np.float64)


def _fit(own: Floats, seven: Floats, prior: Floats, shares: Floats) -> npt.NDArray[np.float64]:
    """Share, power of the prior and temperature under which the votes are most likely."""
    from scipy.optimize import minimize

    importance = shares @ shares.mean(axis=0).clip(1e-3) ** -RARE_CLASSES

    def loss(choice: npt.NDArray[np.float64]) -> float:
        logs = log_softmax(_joined(choice, own, seven, prior), axis=1)
        return -float(np.sum(importance[:, None] * shares * logs) / importance.sum())

    return np.asarray(minimize(loss, (0.0, 0.3, 1.0), method="L-BFGS-B", bounds=_BOUNDS).x)


def _sharpened(joined: Floats, shares: Floats) -> float:
    """The smallest factor of the fitted temperature within ``VOTE_ERROR`` of the votes."""
    for factor in np.linspace(_SHARPEST, 1.0, 51):
        if vote_calibration_error(softmax(joined / factor, axis=1), shares) <= VOTE_ERROR:
            return float(factor)
    return 1.0


def fit_perceived(logits: Mapping[str, Floats], votes: npt.NDArray[np.uint8]) -> PerceivedRecord:
    """Choose share, prior and temperature by the votes as distributions, never by one label.

    Args:
        logits: Heads "fer2013" ``(n, 7)`` and "ferplus" ``(n, 8)``.
        votes: ``(n, 10)`` FER+ votes of the same faces, which are those of PublicTest.

    Returns:
        The choice, with the loss of the votes under it, and under the choices of fifths that did
        not see them.
    """
    shares, voted = seven_shares(votes)
    shares = shares[voted].astype(np.float64)
    own, seven = _sevens({head: values[voted] for head, values in logits.items()})
    prior = softmax(seven, axis=1).mean(axis=0)
    base = np.log(prior)
    choice = _fit(own, seven, base, shares)
    joined = _joined(choice, own, seven, base)
    fold = np.random.default_rng(0).permutation(len(shares)) % FOLDS
    unseen = np.empty_like(shares)
    for held in range(FOLDS):
        fitted, rest = fold != held, fold == held
        other = _fit(own[fitted], seven[fitted], base, shares[fitted])
        unseen[rest] = _joined(other, own[rest], seven[rest], base)
    share, power, temperature = map(float, choice)
    return PerceivedRecord(
        share=share,
        prior_power=power,
        prior=tuple(map(float, prior)),
        temperature=temperature * _sharpened(joined, shares),
        split="PublicTest",
        n=len(shares),
        loss=negative_log_likelihood(joined, shares),
        loss_held_out=negative_log_likelihood(unseen, shares),
    )
