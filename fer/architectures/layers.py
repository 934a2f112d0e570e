"""Keras 3 layers shared by the architectures; importing this module imports Keras."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="fer")
class PerImageStandardization(keras.layers.Layer):
    """Subtract each image's mean and divide by its standard deviation.

    The deviation is floored, so that a constant image gives zeros instead of infinities.
    """

    floor = 1.0

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Standardise ``(n, h, w, c)`` pixels in 0..255 image by image."""
        mean = ops.mean(inputs, axis=(1, 2, 3), keepdims=True)
        centred = inputs - mean
        variance = ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True)
        return centred / ops.maximum(ops.sqrt(variance), self.floor)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape is unchanged."""
        return input_shape


@keras.saving.register_keras_serializable(package="fer")
class CaffePreprocessing(keras.layers.Layer):
    """RGB in 0..255 to BGR minus ImageNet's mean colour, as VGG's published weights expect."""

    mean_bgr = (103.939, 116.779, 123.68)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Reorder and centre ``(n, h, w, 3)`` pixels."""
        return inputs[..., ::-1] - ops.convert_to_tensor(self.mean_bgr, inputs.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape is unchanged."""
        return input_shape
