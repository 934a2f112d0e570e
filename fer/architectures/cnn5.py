"""Two five-convolution networks of student systems, kept as baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer.labels import FER2013, FERPLUS

if TYPE_CHECKING:
    import keras


def cnn5_16(*, dropout: float = 0.2) -> keras.Model:
    """Build the thin network of five convolutions with 16 filters each.

    Source: a student system that compares it with k nearest neighbours on the same split. The
    model rescales by 1/255 and changes contrast (0.2) and mirrors pictures at random while it
    trains; convolutions with kernels 3, 5, 3, 3 and 3, same-padded, each with ReLU, batch
    normalisation and dropout; one 2 x 2 max pooling after the third; dropout 0.4 before the dense
    layers of 256 and 128. 2,407,207 parameters, nearly all of them in the first dense layer. The
    report shows curves and no headline figure.

    Returns:
        A model from ``(n, 48, 48, 1)`` pixels in 0..255 to ``(n, 7)`` **probabilities** in
        FER-2013 order.
    """
    import keras
    from keras import layers

    inputs = keras.Input((48, 48, 1), name="pixels")
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.RandomContrast(0.2, value_range=(0, 1))(x)
    x = layers.RandomFlip("horizontal")(x)
    for index, kernel in enumerate((3, 5, 3, 3, 3)):
        x = layers.Conv2D(16, kernel, padding="same", activation="relu")(x)
        x = layers.Dropout(dropout)(layers.BatchNormalization()(x))
        if index == 2:
            x = layers.MaxPooling2D(2)(x)
    x = layers.Activation("linear", name="features", dtype="float32")(x)
    x = layers.Dropout(2 * dropout)(layers.Flatten()(x))
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dense(128, activation="relu")(x)
    outputs = layers.Dense(len(FER2013), activation="softmax", name="fer2013", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="cnn5-16")


def cnn5_224() -> keras.Model:
    """Build the plain colour network of a student system on AffectNet.

    Source: a student system on eight AffectNet classes, contempt included: five times convolution
    and 2 x 2 max pooling, then dense layers; 65.7 % there. Its report gives no widths; here they
    are 32, 64, 128, 128 and 128 filters of 3 x 3 and a dense layer of 512. 3,604,296 parameters
    at 224 px and eight classes.

    Returns:
        A model from ``(n, 224, 224, 3)`` RGB pixels in 0..255 to ``(n, 8)`` **probabilities** in
        FER+'s order.
    """
    import keras
    from keras import layers

    inputs = keras.Input((224, 224, 3), name="pixels")
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (32, 64, 128, 128, 128):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Activation("linear", name="features", dtype="float32")(x)
    x = layers.Dense(512, activation="relu")(layers.Flatten()(x))
    outputs = layers.Dense(len(FERPLUS), activation="softmax", name="ferplus", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="cnn5-224")
