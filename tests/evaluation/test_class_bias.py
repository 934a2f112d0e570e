"""Class biases: found where they are, left out where they only fit noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from fer.errors import InputError
from fer.evaluation.class_bias import check_class_bias, fit_class_bias


def draw(n: int, bias: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from ``softmax(z / 2 + bias)``."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, len(bias)))
    shares = softmax(logits / 2 + bias, axis=1).cumsum(axis=1)
    labels = (rng.random((n, 1)) > shares).sum(axis=1)
    return logits, np.minimum(labels, len(bias) - 1)


def test_the_bias_that_the_labels_were_drawn_with_is_found() -> None:
    bias = np.array([0.8, -0.4, 0.1, -0.5])
    logits, labels = draw(40_000, bias)
    found = fit_class_bias(logits, labels, strength=0.0)
    # Softmax does not see a shift of all biases; the answer is in units of logits, T = 2.
    np.testing.assert_allclose(found - found.mean(), 2 * bias, atol=0.12)


def test_strength_pulls_the_biases_to_zero() -> None:
    logits, labels = draw(2_000, np.array([1.0, -0.5, -0.5]))
    sizes = [np.abs(fit_class_bias(logits, labels, strength=s)).max() for s in (0.0, 0.1, 100.0)]
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[2] < 0.01


def test_a_real_bias_is_accepted_and_raises_accuracy_on_held_out_faces() -> None:
    check = check_class_bias(*draw(3_000, np.array([1.2, -0.6, 0.0, -0.6])))
    assert check.accepted
    assert check.loss_after < check.loss_before
    assert check.accuracy_after > check.accuracy_before


def test_biases_that_only_fit_noise_are_refused() -> None:
    # Faces drawn without any bias: what is fitted to the counts of one draw does not carry over.
    logits, labels = draw(150, np.zeros(7), seed=3)
    assert not check_class_bias(logits, labels, strength=0.0).accepted


def test_too_few_faces_are_named() -> None:
    logits, labels = draw(200, np.zeros(3))
    labels[labels == 2] = 0
    labels[:3] = 2
    with pytest.raises(InputError, match="at least 5 faces of each class, got 3"):
        check_class_bias(logits, labels)
    with pytest.raises(InputError, match="one label per row"):
        fit_class_bias(logits, labels[:-1])
