"""A face recognition network as a classifier of expressions: it has seen three million faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

STAGES = ((32, 3), (64, 4), (128, 3), (256, 3))
"""Filters and residual blocks of each stage; every stage but the first halves the resolution."""
EPSILON = 1e-5


def _halved(side: int) -> int:
    return -(-side // 2)


def _block(x: keras.KerasTensor, filters: int, stride: int) -> keras.KerasTensor:
    """Basic block whose shortcut, where it halves, is a mean and channels of zeros."""
    from keras import layers

    from fer.architectures.layers import BatchNormalization, ZeroChannels

    y = x
    if stride == 2:
        # Windows begin at the first pixel, as those of the mean in the shortcut do.
        beyond = 2 * _halved(x.shape[1]) + 1 - x.shape[1]
        y = layers.ZeroPadding2D(((0, beyond), (0, beyond)))(x)
        x = layers.AveragePooling2D(2, padding="same")(x)
    y = layers.Conv2D(
        filters, 3, stride, padding="same" if stride == 1 else "valid", use_bias=False
    )(y)
    y = layers.ReLU()(BatchNormalization(epsilon=EPSILON)(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = BatchNormalization(epsilon=EPSILON)(y)
    if x.shape[-1] != filters:
        x = ZeroChannels(filters - x.shape[-1])(x)
    return layers.ReLU()(layers.Add()([x, y]))


def dlib27(
    name: str,
    *,
    side: int,
    dropout: float = 0.4,
    input_size: int | None = 48,
    classes: int = 0,
) -> keras.Model:
    """The first 27 convolutions of dlib's face recognition network, with two heads.

    ``side`` is to which faces are enlarged inside the model, in pixels. The recognition network saw
    them at 150 with a margin; those of FER-2013 have none, so that at 112 eyes and mouth have
    nearly the size that it learned.

    The network is ``anet_type`` of dlib's ``dnn_face_recognition_ex.cpp`` (King 2017,
    http://blog.dlib.net/2017/02/high-quality-face-recognition-with-deep.html), a residual network
    of 29 convolutions after He et al. 2016 (arXiv 1512.03385), without its last block. Its
    published weights are in the public domain (CC0); ``fer.training.dlib_start`` reads them.
    Pixels enter as 0..255 and are standardised per image inside the model.

    Returns:
        A model from ``(n, 48, 48, 1)`` pixels in 0..255 to a dict of **logits**
        ``{"fer2013": (n, 7), "ferplus": (n, 8)}``, or ``{"own": (n, classes)}``.
    """
    import keras
    from keras import layers

    from fer.architectures.heads import heads
    from fer.architectures.layers import BatchNormalization, PerImageStandardization, Resize

    inputs = keras.Input((input_size, input_size, 1), name="pixels")
    x = PerImageStandardization(name="standardize", dtype="float32")(inputs)
    x = Resize(side, dtype="float32")(x)
    x = layers.Conv2D(STAGES[0][0], 7, 2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(BatchNormalization(epsilon=EPSILON)(x))
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    for stage, (filters, blocks) in enumerate(STAGES):
        for block in range(blocks):
            x = _block(x, filters, 2 if stage and not block else 1)
    return keras.Model(inputs, heads(x, dropout, classes), name=name)
