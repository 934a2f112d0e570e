"""Networks of the literature: built under a recipe, asked for probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.architectures import build
from fer.architectures.transfer import PREFIX
from fer.literature.inputs import PictureSource, fitted, model_input
from fer.literature.recipes import Recipe
from fer.training.precision import dtype_policy
from fer.training.seeds import set_seed

if TYPE_CHECKING:
    import keras

_CHUNK = 256


def build_network(recipe: Recipe) -> keras.Model:
    """The untrained network of a recipe, under its dtype policy."""
    set_seed(recipe.seed)
    options: dict[str, Any] = {}
    if recipe.architecture.startswith(PREFIX):
        options["weights"] = recipe.weights
        if recipe.image_size:
            options["image_size"] = recipe.image_size
    with dtype_policy(recipe.precision):
        return build(recipe.architecture, **options)


def probabilities(
    model: keras.Model, source: PictureSource, *, limit: int | None = None
) -> npt.NDArray[np.float32]:
    """Class probabilities ``(n, k)`` float32 of pictures, by one forward pass.

    Args:
        model: A network with one softmax.
        source: The pictures.
        limit: Only so many of them, evenly spread.
    """
    shape = model_input(model)
    count = len(source) if limit is None else min(limit, len(source))
    rows = np.linspace(0, len(source) - 1, count).astype(np.intp)
    parts = [
        np.asarray(model.predict_on_batch(fitted(source.take(rows[i : i + _CHUNK]), *shape)))
        for i in range(0, len(rows), _CHUNK)
    ]
    return np.concatenate(parts).astype(np.float32)
