"""The four-convolution network of the FER-2013 tutorials, kept as a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer.labels import FER2013

if TYPE_CHECKING:
    import keras

CONVOLUTIONS: tuple[tuple[int, int], ...] = ((64, 3), (128, 5), (512, 3), (512, 3))
"""Filters and kernel side of each convolution."""

DENSE: tuple[int, ...] = (256, 512)


def cnn4_4m5(*, dropout: float = 0.25) -> keras.Model:
    """Build the 4.5 M-parameter CNN that many FER-2013 tutorials train.

    Four times convolution, batch normalisation, ReLU, 2 x 2 max pooling and dropout, then two
    dense layers treated alike, then a softmax. 4,478,727 parameters, 4,474,759 of them trainable.
    Its figure in the literature is 65.1 %, on an unofficial split of the folders.

    Args:
        dropout: Rate after every block.

    Returns:
        A model from ``(n, 48, 48, 1)`` pixels in 0..255 (divided by 255 inside) to ``(n, 7)``
        **probabilities** in FER-2013 order.
    """
    import keras
    from keras import layers

    inputs = keras.Input((48, 48, 1), name="pixels")
    x = layers.Rescaling(1 / 255)(inputs)
    for filters, kernel in CONVOLUTIONS:
        x = layers.Conv2D(filters, kernel, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Dropout(dropout)(layers.MaxPooling2D(2)(x))
    x = layers.Flatten()(x)
    for units in DENSE:
        x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(x)))
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(len(FER2013), activation="softmax", name="fer2013")(x)
    return keras.Model(inputs, outputs, name="cnn4-4.5m")
