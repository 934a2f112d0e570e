from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from fer.errors import InputError
from fer.evaluation.calibration import (
    abstention_curve,
    choose_threshold,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability_bins,
    vote_calibration_error,
)

# Confidences .95 right, .95 wrong, .65 right, .55 right, two classes.
FOUR = np.array([[0.95, 0.05], [0.05, 0.95], [0.65, 0.35], [0.45, 0.55]])
FOUR_LABELS = np.array([0, 0, 0, 1])


def sampled_logits(n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels that are drawn from their own softmax: calibrated by construction."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, classes))
    cumulative = softmax(logits, axis=1).cumsum(axis=1)
    labels = (rng.random((n, 1)) > cumulative).sum(axis=1).clip(0, classes - 1)
    return logits, labels


def test_ece_equals_the_sum_by_hand() -> None:
    # Ten bins: (.9, 1] holds two (confidence .95, accuracy .5); (.6, .7] one (.65, 1);
    # (.5, .6] one (.55, 1).
    by_hand = (2 * abs(0.5 - 0.95) + abs(1 - 0.65) + abs(1 - 0.55)) / 4
    assert expected_calibration_error(FOUR, FOUR_LABELS, bins=10) == pytest.approx(by_hand)


def test_reliability_bins_hold_what_falls_into_them() -> None:
    bins = reliability_bins(FOUR, FOUR_LABELS, bins=10)
    assert [b["n"] for b in bins] == [0, 0, 0, 0, 0, 1, 1, 0, 0, 2]
    assert bins[9]["accuracy"] == 0.5
    assert bins[9]["confidence"] == pytest.approx(0.95)
    assert bins[0]["accuracy"] is None and bins[0]["confidence"] is None
    assert [b["low"] for b in bins[1:]] == [b["high"] for b in bins[:-1]]


@pytest.mark.parametrize(("confidence", "place"), [(0.5, 4), (0.6, 5), (1.0, 9), (1.0000001, 9)])
def test_bins_are_closed_on_the_right(confidence: float, place: int) -> None:
    bins = reliability_bins(np.array([[confidence, 1 - confidence]]), np.array([0]), bins=10)
    assert [b["n"] for b in bins].index(1) == place


def test_ece_is_near_zero_when_labels_follow_the_probabilities() -> None:
    logits, labels = sampled_logits(40_000, 7, seed=1)
    assert expected_calibration_error(softmax(logits, axis=1), labels) < 0.01
    assert expected_calibration_error(softmax(3 * logits, axis=1), labels) > 0.1


def test_ece_is_one_when_surely_wrong_and_zero_when_surely_right() -> None:
    sure = np.array([[1.0, 0.0]] * 5)
    assert expected_calibration_error(sure, np.ones(5, int)) == 1
    assert expected_calibration_error(sure, np.zeros(5, int)) == 0


@pytest.mark.parametrize("true_temperature", [0.4, 1.0, 2.5])
def test_temperature_is_recovered(true_temperature: float) -> None:
    logits, labels = sampled_logits(30_000, 5, seed=2)
    found = fit_temperature(logits * true_temperature, labels)
    assert found == pytest.approx(true_temperature, rel=0.03)


def test_temperature_is_recovered_from_soft_labels_without_error() -> None:
    logits, _ = sampled_logits(200, 8, seed=3)
    found = fit_temperature(logits * 1.7, softmax(logits, axis=1))
    assert found == pytest.approx(1.7, rel=1e-4)


def test_temperature_minimises_the_likelihood_loss() -> None:
    logits, labels = sampled_logits(500, 4, seed=4)
    best = fit_temperature(logits, labels)
    least = negative_log_likelihood(logits, labels, best)
    for factor in (0.5, 0.95, 1.05, 2.0):
        assert negative_log_likelihood(logits, labels, best * factor) > least


def test_likelihood_loss_equals_the_logarithm_by_hand() -> None:
    logits = np.log(np.array([[0.25, 0.75], [0.5, 0.5]]))
    expected = -(math.log(0.75) + math.log(0.5)) / 2
    assert negative_log_likelihood(logits, np.array([1, 0])) == pytest.approx(expected)
    one_hot = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert negative_log_likelihood(logits, one_hot) == pytest.approx(expected)


CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
CORRECT = np.array([True, True, False, True, False])


def test_threshold_is_the_smallest_that_reaches_the_target() -> None:
    # Answering 1, 2, 3, 4, 5 faces gives 1, 1, .67, .75, .6 right.
    assert choose_threshold(CONFIDENCE, CORRECT, 0.75) == (0.6, 0.8, 0.75)
    assert choose_threshold(CONFIDENCE, CORRECT, 0.80) == (0.8, 0.4, 1.0)
    assert choose_threshold(CONFIDENCE, CORRECT, 0.60) == (0.0, 1.0, 0.6)


@pytest.mark.parametrize("seed", range(5))
def test_threshold_keeps_its_promise_and_none_lower_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence = rng.random(300).round(2)  # many ties
    correct = rng.random(300) < confidence
    point = choose_threshold(confidence, correct, 0.8)
    answered = confidence >= point.threshold
    assert correct[answered].mean() >= 0.8
    assert point.coverage == pytest.approx(answered.mean())
    assert point.accuracy == pytest.approx(correct[answered].mean())
    for lower in np.unique(confidence[confidence < point.threshold]):
        assert correct[confidence >= lower].mean() < 0.8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threshold_that_nothing_reaches_answers_nothing(dtype: type[np.floating]) -> None:
    confidence = CONFIDENCE.astype(dtype)
    point = choose_threshold(confidence, np.zeros(5, bool), 0.8)
    assert point.coverage == 0
    assert math.isnan(point.accuracy)
    assert not (confidence >= point.threshold).any()


def test_threshold_of_single_precision_answers_the_face_it_was_taken_from() -> None:
    confidence = np.random.default_rng(0).random(200).astype(np.float32)
    correct = confidence > 0.55
    point = choose_threshold(confidence, correct, 0.9)
    assert (confidence >= point.threshold).mean() == point.coverage


def test_abstention_curve_falls_in_coverage_and_starts_with_everyone() -> None:
    curve = abstention_curve(CONFIDENCE, CORRECT, points=11)
    assert curve[0] == {"threshold": 0.0, "coverage": 1.0, "accuracy": 0.6}
    coverage = [point["coverage"] for point in curve]
    assert coverage == sorted(coverage, reverse=True)
    assert coverage[-1] == 0 and curve[-1]["accuracy"] is None
    assert (coverage[7], curve[7]["accuracy"]) == (0.6, pytest.approx(2 / 3))


def test_the_error_against_votes_is_that_of_the_written_formula() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.4, 0.6], [0.1, 0.9]])
    shares = np.array([[1.0, 0.0], [0.7, 0.3], [0.5, 0.5], [0.1, 0.9]])
    # Bins of .1; first class: (0, .1] |.1 - .1|, (.3, .4] |.4 - .5|, (.9, 1] 2 |.95 - .85|,
    # each times its faces of four; the second class mirrors it.
    first = (0 + 0.1 + 0.2) / 4
    second = (abs(0.1 - 0.3) + 0.1 + 0) / 4
    error = vote_calibration_error(probabilities, shares, bins=10)
    assert error == pytest.approx((first + second) / 2)
    assert vote_calibration_error(shares, shares) == 0


@pytest.mark.parametrize(
    "measure",
    [reliability_bins, expected_calibration_error, vote_calibration_error, fit_temperature],
)
def test_arrays_that_do_not_belong_together_are_refused(measure: Any) -> None:
    for rows, labels in (
        (FOUR, FOUR_LABELS[:3]),
        (FOUR[:0], FOUR_LABELS[:0]),
        (FOUR * np.nan, FOUR),
    ):
        with pytest.raises(InputError, match="expected finite rows"):
            measure(rows, labels)
