from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from fer.architectures import build
from fer.architectures.complexity import multiply_adds
from fer.errors import InputError


@functools.cache
def built(name: str, **options: Any) -> Any:
    """A network that no test changes; built once."""
    return build(name, **options)


def answers(model: Any, pixels: np.ndarray) -> Any:
    """One forward pass, without the graph that ``predict`` would trace for it."""
    outputs = model(pixels, training=False)
    if isinstance(outputs, dict):
        return {head: np.asarray(value) for head, value in outputs.items()}
    return np.asarray(outputs)


@pytest.mark.parametrize(
    ("name", "parameters", "millions"), [("xs", 1_583_551, 128), ("s", 2_809_759, 227)]
)
def test_what_the_networks_cost(name: str, parameters: int, millions: int) -> None:
    assert built(name).count_params() == parameters
    assert multiply_adds(built(name)) == pytest.approx(millions * 1e6, rel=0.01)


def test_multiply_adds_equal_the_count_by_hand() -> None:
    import keras

    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, strides=2, padding="same")(inputs)
    x = keras.layers.Dense(2)(keras.layers.Flatten()(x))
    assert multiply_adds(keras.Model(inputs, x)) == 4 * 4 * (3 * 3 * 3 * 5) + (4 * 4 * 5) * 2


def test_the_residual_network_gives_logits_of_both_heads_and_features() -> None:
    import keras

    model = build("tiny", input_size=None)
    features = keras.Model(model.input, model.get_layer("features").output)
    for size in (28, 48):
        pixels = np.full((1, size, size, 1), 7, np.float32)
        logits = answers(model, pixels)
        assert {head: value.shape for head, value in logits.items()} == {
            "fer2013": (1, 7),
            "ferplus": (1, 8),
        }
        assert answers(features, pixels).shape == (1, size // 4, size // 4, 16)


def test_brightness_and_contrast_do_not_change_the_answer_and_a_constant_is_finite() -> None:
    pixels = np.random.default_rng(0).integers(20, 100, (3, 48, 48, 1)).astype(np.float32)
    pixels[2] = 90
    plain = answers(built("tiny"), pixels)["fer2013"]
    brighter = answers(built("tiny"), 1.5 * pixels + 40)["fer2013"]
    assert np.isfinite(plain).all()
    np.testing.assert_allclose(plain, brighter, atol=1e-4)


def test_an_unknown_architecture_or_option_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"xs, s, tiny, dlib27, dlib27-144, cnn4-4\.5m.*resnet"):
        build("resnet")
    with pytest.raises(InputError, match="expected options among dropout, got input_size"):
        build("cnn4-4.5m", input_size=None)
