"""Keras 3 layers shared by the architectures; importing this module imports Keras."""

from __future__ import annotations

from typing import Any

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
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation that learns by one fused kernel where Keras runs on TensorFlow.

    Keras composes it of a dozen passes over the feature map there, which on a CPU take as long as a
    convolution. Weights, results and gradients are those of Keras's own layer.
    """

    def call(
        self, inputs: Any, training: bool | None = None, mask: keras.KerasTensor | None = None
    ) -> Any:
        """Normalise ``(n, h, w, c)`` feature maps over all axes but the last."""
        fused = training and self.trainable and mask is None and self.axis in (-1, 3)
        if not fused or keras.backend.backend() != "tensorflow" or inputs.dtype == "float64":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        # The kernel returns the unbiased variance; Keras's layer keeps the biased one.
        count = ops.cast(ops.size(inputs), "float32") / inputs.shape[-1]
        variance = variance * (count - 1) / count
        for kept, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            kept.assign(kept * self.momentum + now * (1.0 - self.momentum))
        return outputs


@keras.saving.register_keras_serializable(package="fer")
class Resize(keras.layers.Layer):
    """Bilinear resizing to a square, whatever size comes in."""

    def __init__(self, side: int, **options: Any) -> None:
        super().__init__(**options)
        self.side = side

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Resize ``(n, h, w, c)`` to ``(n, side, side, c)``."""
        return ops.image.resize(inputs, (self.side, self.side), interpolation="bilinear")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Both sides are ``side``."""
        return (input_shape[0], self.side, self.side, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """What the layer is made with."""
        return {**super().get_config(), "side": self.side}


@keras.saving.register_keras_serializable(package="fer")
class ZeroChannels(keras.layers.Layer):
    """Channels of zeros after those that come in: a shortcut to a wider stage without weights."""

    def __init__(self, count: int, **options: Any) -> None:
        super().__init__(**options)
        self.count = count

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """``(n, h, w, c)`` to ``(n, h, w, c + count)``."""
        return ops.pad(inputs, ((0, 0), (0, 0), (0, 0), (0, self.count)))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """``count`` more channels."""
        return (*input_shape[:-1], (input_shape[-1] or 0) + self.count)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made with."""
        return {**super().get_config(), "count": self.count}


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
