"""Compact residual networks for 48 x 48 grey faces, with one trunk and two heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def _conv(x: keras.KerasTensor, filters: int, kernel: int, stride: int = 1) -> keras.KerasTensor:
    from keras import layers

    return layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)


def _squeeze_excite(x: keras.KerasTensor, ratio: int) -> keras.KerasTensor:
    from keras import layers

    filters = x.shape[-1]
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(max(8, filters // ratio), 1, activation="relu")(gate)
    gate = layers.Conv2D(filters, 1, activation="sigmoid")(gate)
    return layers.Multiply()([x, gate])


def _residual(
    x: keras.KerasTensor, filters: int, stride: int, squeeze_ratio: int
) -> keras.KerasTensor:
    """Basic block: conv-BN-ReLU-conv-BN, squeeze-excitation, shortcut, ReLU."""
    from keras import layers

    from fer.architectures.layers import BatchNormalization

    y = _conv(x, filters, 3, stride)
    y = BatchNormalization()(y)
    y = layers.ReLU()(y)
    y = _conv(y, filters, 3)
    y = BatchNormalization()(y)
    if squeeze_ratio:
        y = _squeeze_excite(y, squeeze_ratio)
    if stride != 1 or x.shape[-1] != filters:
        x = BatchNormalization()(_conv(x, filters, 1, stride))
    return layers.ReLU()(layers.Add()([x, y]))


def residual_network(
    name: str,
    *,
    stem: int,
    widths: Sequence[int],
    blocks_per_stage: int = 2,
    squeeze_ratio: int = 8,
    dropout: float = 0.3,
    input_size: int | None = 48,
    classes: int = 0,
) -> keras.Model:
    """Build a residual network (He et al. 2016, arXiv 1512.03385) with squeeze-excitation.

    Squeeze-excitation follows Hu et al. 2018 (arXiv 1709.01507). Pixels enter as 0..255 and are
    standardised per image inside the model, so that normalisation cannot drift between training
    and live use. Stem and widths are at least 16: with fewer, the strided 1 x 1 shortcut's gradient
    writes past a buffer in oneDNN on AVX-512 (https://github.com/uxlfoundation/oneDNN/issues/6035),
    which TensorFlow 2.21 answers with a crash or, worse, without one. Every stage halves the
    resolution; at 48 px the last feature map is 6 x 6.

    Returns:
        A model from ``(n, 48, 48, 1)`` pixels in 0..255 to a dict of **logits**
        ``{"fer2013": (n, 7), "ferplus": (n, 8)}``, or ``{"own": (n, classes)}``.
    """
    import keras
    from keras import layers

    from fer.architectures.heads import heads
    from fer.architectures.layers import BatchNormalization, PerImageStandardization

    inputs = keras.Input((input_size, input_size, 1), name="pixels")
    x = PerImageStandardization(name="standardize", dtype="float32")(inputs)
    x = layers.ReLU()(BatchNormalization()(_conv(x, stem, 3)))
    for filters in widths:
        for block in range(blocks_per_stage):
            x = _residual(x, filters, 2 if block == 0 else 1, squeeze_ratio)
    return keras.Model(inputs, heads(x, dropout, classes), name=name)
