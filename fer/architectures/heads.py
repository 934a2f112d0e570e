"""The end that the two-headed networks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer.labels import FER2013, FERPLUS

if TYPE_CHECKING:
    import keras


def two_heads(features: keras.KerasTensor, dropout: float) -> dict[str, keras.KerasTensor]:
    """Global average pooling, dropout, and one dense layer for each label set.

    Args:
        features: The last feature map; it becomes the output of a layer "features" in float32, and
            its mean that of "embedding".
        dropout: Rate before the heads.

    Returns:
        Logits ``{"fer2013": (n, 7), "ferplus": (n, 8)}``.
    """
    from keras import layers

    x = layers.Activation("linear", name="features", dtype="float32")(features)
    x = layers.GlobalAveragePooling2D(name="embedding")(x)
    x = layers.Dropout(dropout)(x)
    return {
        "fer2013": layers.Dense(len(FER2013), name="fer2013", dtype="float32")(x),
        "ferplus": layers.Dense(len(FERPLUS), name="ferplus", dtype="float32")(x),
    }
