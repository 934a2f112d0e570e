"""The four-convolution networks of the FER-2013 tutorials, kept as baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fer.labels import FER2013

if TYPE_CHECKING:
    import keras

Convolutions = Sequence[tuple[int, int]]
"""Filters and kernel side of each convolution."""


def _four_convolutions(
    name: str,
    convolutions: Convolutions,
    dense: Sequence[int],
    *,
    dropout: float,
    size: int = 48,
    l2: float = 0.0,
) -> keras.Model:
    import keras
    from keras import layers

    shrink = keras.regularizers.L2(l2) if l2 else None
    inputs = keras.Input((size, size, 1), name="pixels")
    x = layers.Rescaling(1 / 255)(inputs)
    for filters, kernel in convolutions:
        x = layers.Conv2D(filters, kernel, padding="same", kernel_regularizer=shrink)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Dropout(dropout)(layers.MaxPooling2D(2)(x))
    x = layers.Activation("linear", name="features", dtype="float32")(x)
    x = layers.Flatten()(x)
    for units in dense:
        x = layers.Dense(units, kernel_regularizer=shrink)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(len(FER2013), activation="softmax", name="fer2013", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=name)


def cnn4_4m5(*, dropout: float = 0.25) -> keras.Model:
    """Build the 4.5 M-parameter CNN that many FER-2013 tutorials train.

    Source: student and tutorial systems on the Kaggle folder copy of FER-2013. Four times
    convolution, batch normalisation, ReLU, 2 x 2 max pooling and dropout, then two dense layers
    treated alike, then a softmax. 4,478,727 parameters, 4,474,759 of them trainable. Its figure
    there is 65.1 %, on an unofficial split of 28,821 and 7,066 pictures.

    Returns:
        A model from ``(n, 48, 48, 1)`` pixels in 0..255 (divided by 255 inside) to ``(n, 7)``
        **probabilities** in FER-2013 order.
    """
    blocks = ((64, 3), (128, 5), (512, 3), (512, 3))
    return _four_convolutions("cnn4-4.5m", blocks, (256, 512), dropout=dropout)


def cnn4_2m7(*, dropout: float = 0.25) -> keras.Model:
    """Build the 2.7 M-parameter sibling with a second 5 x 5 convolution and one dense layer.

    Source: a guided-project tutorial that saves the network as architecture JSON and weights.
    2,735,751 parameters, 2,733,575 of them trainable. Its figure there is 62.1 % on the 7,178
    test pictures of the official folders.
    """
    blocks = ((64, 3), (128, 5), (512, 3), (128, 5))
    return _four_convolutions("cnn4-2.7m", blocks, (256,), dropout=dropout)


def cnn4_56(*, dropout: float = 0.4) -> keras.Model:
    """Build the regularised CNN for 56 x 56 pictures.

    Source: a student system that answers ``cnn4_4m5``'s overfitting with L2, more dropout and
    augmentation; its report gives the kinds of layers, not their widths, which are chosen here: 64,
    128, 256 and 256 filters, all 3 x 3, and one dense layer of 256. 1,555,463 parameters.
    """
    blocks = ((64, 3), (128, 3), (256, 3), (256, 3))
    return _four_convolutions("cnn4-56", blocks, (256,), dropout=dropout, size=56, l2=1e-4)
