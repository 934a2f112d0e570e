from __future__ import annotations

import numpy as np
import pytest

from fer.evaluation.metrics import (
    accuracy,
    bootstrap_interval,
    confusion,
    macro_f1,
    per_class,
    weighted_f1,
)

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 2, 2])
# Class 0: P 1, R 2/3, F1 .8; class 1: P 1/2, R 1/2, F1 .5; class 2: P 1/2, R 1, F1 2/3.


def test_accuracy_counts_equal_entries() -> None:
    assert accuracy(LABELS, PREDICTED) == pytest.approx(4 / 6)


def test_macro_f1_is_the_plain_mean() -> None:
    assert macro_f1(LABELS, PREDICTED, 3) == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)


def test_macro_f1_leaves_out_a_class_without_true_rows() -> None:
    assert macro_f1(LABELS, PREDICTED, 5) == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)


def test_macro_f1_counts_a_class_that_is_never_predicted() -> None:
    assert macro_f1(np.array([0, 1]), np.array([0, 0]), 2) == pytest.approx((2 / 3) / 2)


def test_weighted_f1_weighs_by_true_rows() -> None:
    expected = (3 * 0.8 + 2 * 0.5 + 1 * 2 / 3) / 6
    assert weighted_f1(LABELS, PREDICTED, 3) == pytest.approx(expected)


def test_confusion_has_a_row_per_true_class() -> None:
    np.testing.assert_array_equal(
        confusion(LABELS, PREDICTED, 3), [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    )


def test_per_class_scores_by_hand() -> None:
    scores = per_class(LABELS, PREDICTED, ["a", "b", "c"])
    assert scores["a"] == {
        "precision": 1.0,
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(0.8),
        "n": 3,
    }
    assert scores["c"]["n"] == 1


def test_bootstrap_interval_is_close_to_the_normal_one() -> None:
    hits = np.arange(3589) < 0.7 * 3589
    low, high = bootstrap_interval(hits)
    half = 1.96 * np.sqrt(0.7 * 0.3 / 3589)
    assert low == pytest.approx(0.7 - half, abs=0.003)
    assert high == pytest.approx(0.7 + half, abs=0.003)
    assert bootstrap_interval(hits) == (low, high)
