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


def test_figures_by_hand() -> None:
    assert accuracy(LABELS, PREDICTED) == pytest.approx(4 / 6)
    mean = (0.8 + 0.5 + 2 / 3) / 3
    # A class without true rows is left out, one that is never predicted counts 0.
    assert macro_f1(LABELS, PREDICTED, 3) == macro_f1(LABELS, PREDICTED, 5) == pytest.approx(mean)
    assert macro_f1(np.array([0, 1]), np.array([0, 0]), 2) == pytest.approx((2 / 3) / 2)
    by_rows = (3 * 0.8 + 2 * 0.5 + 1 * 2 / 3) / 6
    assert weighted_f1(LABELS, PREDICTED, 3) == pytest.approx(by_rows)


def test_confusion_has_a_row_per_true_class_and_scores_are_those_by_hand() -> None:
    np.testing.assert_array_equal(
        confusion(LABELS, PREDICTED, 3), [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    )
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
