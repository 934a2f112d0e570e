"""Class biases on top of a temperature, and whether they carry over to faces not fitted on.

A network that learned from smoothed labels and votes expects other shares of the classes than the
labels that it is judged by have. One number per class puts that right: bias-corrected temperature
scaling (Alexandari et al. 2020, *Maximum Likelihood with Bias-Corrected Calibration is
Hard-To-Beat at Label Shift Adaptation*, arXiv 1901.06852).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.model_selection import RepeatedKFold

from fer.errors import InputError
from fer.evaluation.calibration import Floats, Integers, fit_temperature, negative_log_likelihood

STRENGTH = 0.03
"""L2 strength on the biases, so that a class with few faces stays near 0."""

FOLDS = 5
REPEATS = 4


@dataclass(frozen=True, slots=True)
class BiasCheck:
    """A temperature alone against a temperature with class biases, each on faces held out.

    Attributes:
        n: Faces.
        loss_before: Mean negative log-likelihood in nats with a temperature alone.
        loss_after: The same with biases.
        accuracy_before: Share of right answers with a temperature alone.
        accuracy_after: The same with biases.
        accepted: Whether the biases lower the loss and cost no accuracy.
    """

    n: int
    loss_before: float
    loss_after: float
    accuracy_before: float
    accuracy_after: float
    accepted: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def fit_class_bias(
    logits: Floats, labels: Integers, strength: float = STRENGTH
) -> npt.NDArray[np.float64]:
    """What to add to the logits, before the temperature divides them.

    Temperature T and biases b of ``softmax(z / T + b)`` are fitted together; the loss is the mean
    negative log-likelihood plus ``strength * sum(b ** 2)``, which is convex in (1 / T, b).

    Args:
        logits: ``(n, classes)``.
        labels: ``(n,)`` class indices.
        strength: L2 strength.

    Returns:
        ``T * b``, ``(classes,)``.

    Raises:
        InputError: If the shapes do not belong together.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise InputError(
            "class bias: expected logits (n, classes) and labels (n,) with n > 0, got "
            f"{logits.shape} and {labels.shape}; pass one label per row"
        )
    z = np.asarray(logits, np.float64)
    rows, truth = np.arange(len(z)), labels.astype(np.intp)

    def loss(point: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        scale, bias = point[0], point[1:]
        logs = log_softmax(scale * z + bias, axis=1)
        error = np.exp(logs)
        error[rows, truth] -= 1
        error /= len(z)
        value = -logs[rows, truth].mean() + strength * (bias @ bias)
        return float(value), np.concatenate(
            ([(error * z).sum()], error.sum(axis=0) + 2 * strength * bias)
        )

    start = np.concatenate(([1 / fit_temperature(logits, labels)], np.zeros(z.shape[1])))
    bounds = [(0.05, 20.0), *[(None, None)] * z.shape[1]]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x[1:] / found.x[0], np.float64)


def check_class_bias(
    logits: Floats, labels: Integers, strength: float = STRENGTH, seed: int = 0
) -> BiasCheck:
    """Cross-validate the biases: each fold is judged by what the other four fitted.

    Args:
        logits: ``(n, classes)``.
        labels: ``(n,)`` class indices.
        strength: As in ``fit_class_bias``.
        seed: Of the folds.

    Raises:
        InputError: If the shapes do not belong together, or a class has too few faces for folds.
    """
    counts = np.bincount(labels.astype(np.intp))
    if counts[counts > 0].min() < FOLDS:
        raise InputError(
            f"class bias: expected at least {FOLDS} faces of each class, got {counts.min()}; "
            "validate on more faces"
        )
    folds = RepeatedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    losses, right = np.zeros((2, FOLDS * REPEATS)), np.zeros((2, FOLDS * REPEATS))
    shares = np.zeros(FOLDS * REPEATS)
    for place, (fitted, held) in enumerate(folds.split(logits)):
        bias = fit_class_bias(logits[fitted], labels[fitted], strength)
        shares[place] = len(held) / len(labels) / REPEATS
        for kind, shift in enumerate((np.zeros_like(bias), bias)):
            temperature = fit_temperature(logits[fitted] + shift, labels[fitted])
            shifted = logits[held] + shift
            losses[kind, place] = negative_log_likelihood(shifted, labels[held], temperature)
            right[kind, place] = np.mean(shifted.argmax(axis=1) == labels[held])
    (before, after), (was, now) = losses @ shares, right @ shares
    return BiasCheck(
        n=len(labels),
        loss_before=float(before),
        loss_after=float(after),
        accuracy_before=float(was),
        accuracy_after=float(now),
        accepted=bool(after < before and now >= was),
    )
