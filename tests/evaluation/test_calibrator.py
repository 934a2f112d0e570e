"""Temperature and exponent: found again, kept only where they help, and taken back out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from fer.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)
from fer.evaluation.calibrator import Calibrator, fit_calibrator


def sampled(n: int, true: Calibrator, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits ``(n, 7)`` and labels that are drawn from what ``true`` makes of them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, 7))
    shares = true.apply(logits).cumsum(axis=1)
    return logits, np.minimum((rng.random((n, 1)) > shares).sum(axis=1), 6)


@pytest.mark.parametrize(("temperature", "exponent"), [(1.5, 1.3), (0.8, 0.7)])
def test_temperature_and_exponent_are_found_again(temperature: float, exponent: float) -> None:
    logits, labels = sampled(20_000, Calibrator(temperature, exponent), seed=0)
    found = fit_calibrator(logits, labels)
    assert found.temperature == pytest.approx(temperature, rel=0.06)
    assert found.exponent == pytest.approx(exponent, rel=0.04)


def test_the_exponent_mends_what_a_temperature_does_not() -> None:
    logits, labels = sampled(20_000, Calibrator(1.5, 1.5), seed=1)
    found = fit_calibrator(logits, labels)
    straight = Calibrator(fit_temperature(logits, labels))
    errors = [expected_calibration_error(one.apply(logits), labels) for one in (found, straight)]
    assert errors[0] < 0.01 < errors[1]
    assert (found.apply(logits).argmax(axis=1) == logits.argmax(axis=1)).all()


def test_an_exponent_that_does_not_help_on_held_out_rows_is_left_at_one() -> None:
    exponents = [
        fit_calibrator(*sampled(300, Calibrator(1.3), seed=seed)).exponent for seed in range(8)
    ]
    assert exponents.count(1.0) >= 4
    few = fit_calibrator(*sampled(30, Calibrator(1.3, 2.0), seed=0))
    assert few.exponent == 1


def test_a_soft_target_is_fitted_too() -> None:
    logits, _ = sampled(300, Calibrator(), seed=2)
    true = Calibrator(1.4, 1.2)
    found = fit_calibrator(logits, true.apply(logits))
    assert (found.temperature, found.exponent) == pytest.approx((1.4, 1.2), rel=1e-2)


def test_without_an_exponent_it_is_temperature_scaling() -> None:
    logits, labels = sampled(50, Calibrator(), seed=3)
    one = Calibrator(1.8)
    np.testing.assert_allclose(one.apply(logits), softmax(logits / 1.8, axis=1), atol=1e-12)
    assert negative_log_likelihood(one.stretch(logits), labels) == pytest.approx(
        negative_log_likelihood(logits, labels, 1.8)
    )


@pytest.mark.parametrize("one", [Calibrator(1.8), Calibrator(0.7, 1.4), Calibrator(1.2, 0.8)])
def test_undo_takes_it_back_out(one: Calibrator) -> None:
    logits, _ = sampled(50, Calibrator(), seed=4)
    calibrated = one.apply(logits).astype(np.float32)
    np.testing.assert_allclose(one.undo(calibrated), softmax(logits, axis=1), atol=1e-4)


def test_undo_of_a_saturated_row_stays_finite() -> None:
    result = Calibrator(2.0, 1.3).undo(np.array([[1.0, 0.0, 0.0]], np.float32))
    assert np.isfinite(result).all()
    assert result.sum() == pytest.approx(1)
