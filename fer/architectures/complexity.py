"""What a network costs, counted from its layers; importing this module imports no framework."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def multiply_adds(model: keras.Model) -> int:
    """Multiplications of the convolutions and dense layers in one forward pass of one image."""
    import keras
    from keras import layers

    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            total += multiply_adds(layer)
        elif isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)):
            positions = layer.output.shape[1:-1]
            total += math.prod(positions) * math.prod(layer.kernel.shape)
    return total
