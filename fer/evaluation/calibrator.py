"""From logits to probabilities that can be believed: a temperature, and a curve where it helps.

A temperature stretches all distances between classes alike. Networks that learned from the answers
of others are too sure of their middling answers and too modest in their best ones, which no
temperature mends; an exponent of the distance does. Both leave the order of the classes as it is:
a small member of the order-preserving family of Rahimi et al. 2020 (arXiv 2003.06820).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer.evaluation.calibration import (
    Floats,
    Integers,
    fit_temperature,
    negative_log_likelihood,
)

_EXPONENT_RANGE = (0.5, 2.0)
_FOLDS = 5


def _softmax(behind: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of rows whose largest value is 0; a stream that explains does without SciPy's 35 MB."""
    powers = np.exp(behind)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


@dataclass(frozen=True, slots=True)
class Calibrator:
    """``softmax(-(max(z) - z) ** exponent / temperature)``.

    Attributes:
        temperature: Above 1 makes the distribution flatter.
        exponent: 1 leaves temperature scaling (Guo et al. 2017, arXiv 1706.04599); above 1 answers
            with a small lead become less sure, and those with a large one surer.
    """

    temperature: float = 1.0
    exponent: float = 1.0

    def stretch(self, logits: Floats) -> npt.NDArray[np.float64]:
        """Logits ``(n, classes)`` whose softmax is calibrated; the best one becomes 0."""
        z = np.asarray(logits, np.float64)
        lead: npt.NDArray[np.float64] = z.max(axis=1, keepdims=True) - z
        return np.asarray(-(lead**self.exponent) / self.temperature, np.float64)

    def apply(self, logits: Floats) -> npt.NDArray[np.float64]:
        """Calibrated probabilities ``(n, classes)``."""
        return _softmax(self.stretch(logits))

    def undo(self, probabilities: Floats) -> npt.NDArray[np.float64]:
        """The ``softmax(z)`` that calibrated probabilities ``(n, classes)`` were made of."""
        tiny = np.finfo(np.float32).tiny
        logs = np.log(np.maximum(np.asarray(probabilities, np.float64), tiny))
        lead = (logs.max(axis=1, keepdims=True) - logs) * self.temperature
        return _softmax(-(lead ** (1 / self.exponent)))


def calibrators_of(
    temperature: Mapping[str, float], exponent: Mapping[str, float]
) -> dict[str, Calibrator]:
    """Head -> calibrator, from the two fields of a model card."""
    return {head: Calibrator(one, exponent.get(head, 1.0)) for head, one in temperature.items()}


def _fit_both(logits: Floats, labels: Integers | Floats, start: Calibrator) -> Calibrator:
    from scipy.optimize import minimize

    low, high = (math.log(bound) for bound in _EXPONENT_RANGE)

    def made(point: npt.NDArray[np.float64]) -> Calibrator:
        return Calibrator(math.exp(point[0]), math.exp(min(max(point[1], low), high)))

    found = minimize(
        lambda point: negative_log_likelihood(made(point).stretch(logits), labels),
        (math.log(start.temperature), math.log(start.exponent)),
        method="Nelder-Mead",
        options={"xatol": 1e-5, "fatol": 1e-9},
    )
    return made(found.x)


def fit_calibrator(logits: Floats, labels: Integers | Floats) -> Calibrator:
    """The calibrator of least likelihood loss; fit it on the validation split.

    The exponent is kept where it lowers the loss on fifths of the rows that it was not fitted to.
    """
    straight = Calibrator(fit_temperature(logits, labels))
    if len(logits) < 10 * _FOLDS:
        return straight
    fold = np.random.default_rng(0).permutation(len(logits)) % _FOLDS
    gain = 0.0
    for held in range(_FOLDS):
        seen, unseen = fold != held, fold == held
        plain = Calibrator(fit_temperature(logits[seen], labels[seen]))
        for sign, one in ((1, plain), (-1, _fit_both(logits[seen], labels[seen], plain))):
            loss = negative_log_likelihood(one.stretch(logits[unseen]), labels[unseen])
            gain += sign * loss * unseen.sum()
    return _fit_both(logits, labels, straight) if gain > 0 else straight
