"""The end that the networks with an embedding share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer.labels import FER2013, FERPLUS, OWN

if TYPE_CHECKING:
    import keras


def heads(
    features: keras.KerasTensor, dropout: float, classes: int = 0
) -> dict[str, keras.KerasTensor]:
    """Global average pooling, dropout, and one dense layer for each label set.

    Returns:
        Logits ``{"fer2013": (n, 7), "ferplus": (n, 8)}``, or ``{"own": (n, classes)}``.
    """
    from keras import layers

    x = layers.Activation("linear", name="features", dtype="float32")(features)
    x = layers.GlobalAveragePooling2D(name="embedding")(x)
    x = layers.Dropout(dropout)(x)
    sizes = {OWN: classes} if classes else {"fer2013": len(FER2013), "ferplus": len(FERPLUS)}
    return {name: layers.Dense(n, name=name, dtype="float32")(x) for name, n in sizes.items()}
