"""Calibration: does a confidence of 0.7 mean right in 7 of 10 cases? And when to abstain.

Pure NumPy and SciPy on plain arrays. The definitions follow Guo et al. 2017, "On Calibration of
Modern Neural Networks" (arXiv 1706.04599). SciPy is imported by the functions that need it, so
that a page which only shows such figures does not wait for it.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fer.errors import InputError

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

_TEMPERATURE_RANGE = (0.05, 20.0)


class OperatingPoint(NamedTuple):
    """What answering only at or above a confidence gives.

    Attributes:
        threshold: Lowest confidence that is answered.
        coverage: Share of the faces that get an answer.
        accuracy: Share of the answers that is right; NaN when nothing is answered.
    """

    threshold: float
    coverage: float
    accuracy: float


def _checked(rows: Floats, labels: Integers | Floats) -> None:
    """Every figure here would be wrong without a word on arrays that do not belong together."""
    fits = labels.shape in (rows.shape[:1], rows.shape)
    if rows.ndim != 2 or not len(rows) or not fits or not np.isfinite(rows).all():
        raise InputError(
            "calibration: expected finite rows (n, classes) and labels (n,) or shares (n, classes) "
            f"with n > 0, got {rows.shape} and {labels.shape}; pass one label per row"
        )


def _bin_of(shares: Floats, bins: int) -> npt.NDArray[np.intp]:
    """Right-closed bins, as in the paper; a softmax may exceed 1 by a rounding error."""
    return np.clip(np.ceil(shares * bins).astype(np.intp) - 1, 0, bins - 1)


def reliability_bins(
    probabilities: Floats, labels: Integers, bins: int = 15
) -> list[dict[str, float | None]]:
    """Probabilities ``(n, classes)`` by that of the top class, in bins of equal width over 0..1.

    Returns:
        For every bin its edges ``low`` (exclusive) and ``high``, the number ``n`` of predictions in
        it, their mean ``confidence`` and ``accuracy``, or None without predictions.

    Raises:
        InputError: If the arrays do not belong together, or are empty.
    """
    _checked(probabilities, labels)
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    edges, place = np.linspace(0, 1, bins + 1), _bin_of(confidence, bins)
    result: list[dict[str, float | None]] = []
    for index, (low, high) in enumerate(pairwise(edges.tolist())):
        inside = place == index
        n = int(inside.sum())
        means = [float(one[inside].mean()) if n else None for one in (confidence, correct)]
        result.append(
            {"low": low, "high": high, "n": n, "confidence": means[0], "accuracy": means[1]}
        )
    return result


def expected_calibration_error(probabilities: Floats, labels: Integers, bins: int = 15) -> float:
    """Expected calibration error (Guo et al. 2017, equation 3), 0..1; 0 is perfect.

    The mean over bins of |accuracy - confidence|, weighted by the predictions in the bin.

    Raises:
        InputError: If the arrays do not belong together, or are empty.
    """
    _checked(probabilities, labels)
    confidence = probabilities.max(axis=1).astype(np.float64)
    gaps = (probabilities.argmax(axis=1) == labels) - confidence
    return float(np.abs(np.bincount(_bin_of(confidence, bins), gaps)).sum() / len(labels))


def vote_calibration_error(probabilities: Floats, shares: Floats, bins: int = 15) -> float:
    """Class-wise calibration error against votes as distributions.

    The class-wise error of Kull et al. 2019 (arXiv 1910.12656, section 2) with the share of the
    votes in place of a label: faces are binned by the probability of one class, in ``bins`` of
    equal width over 0..1, and the error is the mean over the classes of
    ``sum over bins of n_bin / n * |mean probability - mean vote share|``.

    Raises:
        InputError: If the arrays do not belong together, or are empty.
    """
    _checked(probabilities, shares)
    places = _bin_of(probabilities, bins)
    gaps = probabilities.astype(np.float64) - shares
    sums = [np.bincount(k, gap, bins) for k, gap in zip(places.T, gaps.T, strict=True)]
    return float(np.abs(sums).sum() / probabilities.size)


def negative_log_likelihood(
    logits: Floats, labels: Integers | Floats, temperature: float = 1.0
) -> float:
    """Mean cross-entropy of ``softmax(logits / temperature)`` of ``(n, classes)``, in nats.

    Labels are class indices ``(n,)`` or target distributions ``(n, classes)``.
    """
    from scipy.special import log_softmax

    logs = log_softmax(np.asarray(logits, np.float64) / temperature, axis=1)
    if labels.ndim == 1:
        return -float(np.mean(np.take_along_axis(logs, labels.astype(np.intp)[:, None], axis=1)))
    return -float(np.mean(np.sum(labels * logs, axis=1)))


def fit_temperature(logits: Floats, labels: Integers | Floats) -> float:
    """Temperature scaling (Guo et al. 2017, section 4.2): the T of least likelihood loss.

    One number divides all logits, so that the ranking of the classes, and with it the accuracy,
    stays as it is. Fit it on the validation split.

    Raises:
        InputError: If the arrays do not belong together, or are empty.
    """
    _checked(logits, labels)
    from scipy.optimize import minimize_scalar

    # The loss is convex in 1/T, so that a bounded scalar search finds its only minimum.
    low, high = (math.log(bound) for bound in _TEMPERATURE_RANGE)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, labels, math.exp(log_t)),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return math.exp(float(found.x))


def abstention_curve(
    confidence: Floats, correct: npt.NDArray[np.bool_], points: int = 51
) -> list[dict[str, float | None]]:
    """Coverage and accuracy when only confident faces are answered.

    The "accuracy-rejection curve" (Nadeem et al. 2009) sampled at equal steps of the threshold.
    """
    confidence, correct = np.asarray(confidence), np.asarray(correct, bool)
    curve: list[dict[str, float | None]] = []
    # Not linspace, whose 0.7 is 0.7000000000000001 and leaves out a confidence of 0.7.
    for threshold in np.arange(points) / (points - 1):
        answered = confidence >= threshold
        curve.append(
            {
                "threshold": float(threshold),
                "coverage": float(answered.mean()),
                "accuracy": float(correct[answered].mean()) if answered.any() else None,
            }
        )
    return curve


def choose_threshold(
    confidence: Floats, correct: npt.NDArray[np.bool_], target: float = 0.80
) -> OperatingPoint:
    """The smallest threshold at which the answered faces are right often enough.

    Returns:
        Threshold 0 with full coverage when every face may be answered. When no threshold reaches
        the target, one just above the highest confidence: coverage 0, accuracy NaN.
    """
    confidence, correct = np.asarray(confidence, np.float64), np.asarray(correct, bool)
    if correct.mean() >= target:
        return OperatingPoint(0.0, 1.0, float(correct.mean()))
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    share_right = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    # A threshold answers all faces of equal confidence or none of them.
    last_of_ties = np.append(ranked[:-1] != ranked[1:], True)
    good = np.flatnonzero(last_of_ties & (share_right >= target))
    if not len(good):
        # One step of float32, which is what confidences are compared in.
        above = np.nextafter(np.float32(ranked[0]), np.float32(np.inf))
        return OperatingPoint(float(above), 0.0, math.nan)
    last = int(good[-1])
    return OperatingPoint(float(ranked[last]), (last + 1) / len(ranked), float(share_right[last]))
