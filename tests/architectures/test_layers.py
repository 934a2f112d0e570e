"""Layers of this project beside those of Keras that they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

FACES = np.random.default_rng(0).normal(0.4, 2, (6, 5, 5, 3)).astype(np.float32)


def made(kind: Any, dtype: str) -> Any:
    layer = kind(dtype=dtype)
    layer.build(FACES.shape)
    rng = np.random.default_rng(1)
    layer.set_weights([w + rng.uniform(0, 0.5, w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 2e-5), ("mixed_bfloat16", 4e-2), ("float64", 1e-6)]
)
def test_fused_normalisation_is_that_of_keras(dtype: str, tolerance: float) -> None:
    import keras
    import tensorflow as tf

    from fer.architectures.layers import BatchNormalization

    results = []
    for layer in (made(BatchNormalization, dtype), made(keras.layers.BatchNormalization, dtype)):
        x = tf.Variable(FACES.astype("float64" if dtype == "float64" else "float32"))
        with tf.GradientTape() as tape:
            y = tf.cast(layer(x, training=True), tf.float64)
            loss = tf.reduce_sum(tf.sin(y))
        slopes = tape.gradient(loss, [x, *(v.value for v in layer.trainable_variables)])
        results.append([y, *slopes, *layer.get_weights(), layer(x, training=False)])
    assert len(results[0]) == 9
    for mine, theirs in zip(*results, strict=True):
        a, b = (np.asarray(tf.cast(one, tf.float64)) for one in (mine, theirs))
        np.testing.assert_allclose(a, b, atol=tolerance * max(1.0, float(np.abs(b).max())))


def test_a_frozen_layer_keeps_its_statistics() -> None:
    from fer.architectures.layers import BatchNormalization

    layer = made(BatchNormalization, "float32")
    layer.trainable = False
    before = layer.get_weights()
    frozen, plain = layer(FACES, training=True), layer(FACES, training=False)
    np.testing.assert_array_equal(frozen, plain)
    for one, other in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
