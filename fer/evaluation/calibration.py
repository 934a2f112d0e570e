"""Calibration: does a confidence of 0.7 mean right in 7 of 10 cases? And when to abstain.

Pure NumPy and SciPy on plain arrays. The definitions follow Guo et al. 2017, "On Calibration of
Modern Neural Networks" (arXiv 1706.04599). SciPy is imported by the functions that need it, so
that a page which only shows such figures does not wait for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fer.errors import InputError

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

_TEMPERATURE_RANGE = (0.05, 20.0)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bar of a reliability diagram.

    Attributes:
        low: Lower edge of the confidence interval, exclusive (0 belongs to the first bin).
        high: Upper edge, inclusive.
        n: Predictions whose confidence falls into it.
        confidence: Their mean confidence, or None without predictions.
        accuracy: Share of them that is right, or None without predictions.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


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


def _checked(probabilities: Floats, labels: Integers) -> tuple[Floats, Integers]:
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise InputError(
            "calibration: expected probabilities (n, classes) and labels (n,) with n > 0, got "
            f"{probabilities.shape} and {labels.shape}; pass one label per row"
        )
    return probabilities, labels


def reliability_bins(
    probabilities: Floats, labels: Integers, bins: int = 15
) -> list[ReliabilityBin]:
    """Group predictions by the confidence of their top class, in bins of equal width.

    Args:
        probabilities: ``(n, classes)``, rows sum to 1.
        labels: ``(n,)`` true classes.
        bins: Number of bins over 0..1.

    Returns:
        The bins from low to high confidence, empty ones included.

    Raises:
        InputError: If the shapes do not belong together, or there is no row.
    """
    probabilities, labels = _checked(probabilities, labels)
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    # Right-closed bins, as in the paper; a softmax may exceed 1 by a rounding error.
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    result = []
    for index in range(bins):
        inside = place == index
        n = int(inside.sum())
        result.append(
            ReliabilityBin(
                low=float(edges[index]),
                high=float(edges[index + 1]),
                n=n,
                confidence=float(confidence[inside].mean()) if n else None,
                accuracy=float(correct[inside].mean()) if n else None,
            )
        )
    return result


def expected_calibration_error(probabilities: Floats, labels: Integers, bins: int = 15) -> float:
    """Expected calibration error (Guo et al. 2017, equation 3).

    The mean over bins of |accuracy - confidence|, weighted by the predictions in the bin.

    Args:
        probabilities: ``(n, classes)``, rows sum to 1.
        labels: ``(n,)`` true classes.
        bins: Number of equal-width bins.

    Returns:
        A value in 0..1; 0 is perfect.

    Raises:
        InputError: If the shapes do not belong together, or there is no row.
    """
    filled = [b for b in reliability_bins(probabilities, labels, bins) if b.n]
    total = sum(b.n for b in filled)
    return float(
        sum(b.n * abs((b.accuracy or 0.0) - (b.confidence or 0.0)) for b in filled) / total
    )


def vote_calibration_error(probabilities: Floats, shares: Floats, bins: int = 15) -> float:
    """Class-wise calibration error against votes as distributions.

    The class-wise error of Kull et al. 2019 (arXiv 1910.12656, section 2) with the share of the
    votes in place of a label: faces are binned by the probability of one class, in ``bins`` of
    equal width over 0..1, and the error is the mean over the classes of
    ``sum over bins of n_bin / n * |mean probability - mean vote share|``.

    Args:
        probabilities: ``(n, classes)``, rows sum to 1.
        shares: ``(n, classes)`` shares of the votes, rows sum to 1.
        bins: Number of equal-width bins.

    Returns:
        A value in 0..1; 0 where a class that gets 30 % has 30 % of the votes.

    Raises:
        InputError: If the shapes differ, or there is no row.
    """
    if probabilities.ndim != 2 or probabilities.shape != shares.shape or not len(shares):
        raise InputError(
            "calibration: expected probabilities and vote shares (n, classes) with n > 0, got "
            f"{probabilities.shape} and {shares.shape}; pass one row of votes per face"
        )
    places = np.clip(np.ceil(probabilities * bins).astype(int) - 1, 0, bins - 1)
    gaps = probabilities.astype(np.float64) - shares
    sums = [np.bincount(k, gap, bins) for k, gap in zip(places.T, gaps.T, strict=True)]
    return float(np.abs(sums).sum() / probabilities.size)


def negative_log_likelihood(
    logits: Floats, labels: Integers | Floats, temperature: float = 1.0
) -> float:
    """Mean cross-entropy of ``softmax(logits / temperature)``, in nats.

    Args:
        logits: ``(n, classes)``.
        labels: ``(n,)`` class indices, or ``(n, classes)`` target distributions.
        temperature: Above 1 makes the distribution flatter.
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

    Args:
        logits: ``(n, classes)``.
        labels: ``(n,)`` class indices, or ``(n, classes)`` target distributions.

    Returns:
        T in 0.05..20.

    Raises:
        InputError: If the shapes do not belong together, or a logit is not finite.
    """
    if (
        logits.ndim != 2
        or not len(logits)
        or labels.shape not in (logits.shape[:1], logits.shape)
        or not np.isfinite(logits).all()
    ):
        raise InputError(
            "temperature: expected finite logits (n, classes) and labels (n,) or (n, classes) "
            f"with n > 0, got {logits.shape} and {labels.shape}; pass one label per row"
        )
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
) -> list[OperatingPoint]:
    """Coverage and accuracy when only confident faces are answered.

    The "accuracy-rejection curve" (Nadeem et al. 2009) sampled at equal steps of the threshold.

    Args:
        confidence: ``(n,)`` probability of the top class.
        correct: ``(n,)`` whether that class is right.
        points: Thresholds from 0 to 1, both included.
    """
    confidence, correct = np.asarray(confidence), np.asarray(correct, bool)
    curve = []
    # Not linspace, whose 0.7 is 0.7000000000000001 and leaves out a confidence of 0.7.
    for threshold in np.arange(points) / (points - 1):
        answered = confidence >= threshold
        accuracy = float(correct[answered].mean()) if answered.any() else math.nan
        curve.append(OperatingPoint(float(threshold), float(answered.mean()), accuracy))
    return curve


def choose_threshold(
    confidence: Floats, correct: npt.NDArray[np.bool_], target: float = 0.80
) -> OperatingPoint:
    """The smallest threshold at which the answered faces are right often enough.

    Args:
        confidence: ``(n,)`` probability of the top class.
        correct: ``(n,)`` whether that class is right.
        target: Wanted share of right answers.

    Returns:
        Threshold 0 with full coverage when every face may be answered. When no threshold reaches
        the target, one just above the highest confidence: coverage 0, accuracy NaN.

    Raises:
        InputError: If the two arrays do not have the same length, or are empty.
    """
    confidence, correct = np.asarray(confidence, np.float64), np.asarray(correct, bool)
    if confidence.shape != correct.shape or confidence.ndim != 1 or not len(confidence):
        raise InputError(
            "threshold: expected confidence (n,) and correct (n,) with n > 0, got "
            f"{confidence.shape} and {correct.shape}; pass one entry per face"
        )
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
