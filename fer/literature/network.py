"""Networks of the literature: built under a recipe, read back from a run, asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.architectures import build
from fer.architectures.transfer import PREFIX
from fer.literature.inputs import PictureSource, model_input
from fer.literature.recipes import Recipe
from fer.training.network_pass import dtype_policy, resized
from fer.training.run_folder import (
    CHECKPOINT,
    CONFIG,
    load_checkpoint,
    read_recipe,
)

if TYPE_CHECKING:
    import keras

BEST = "best.npz"
_CHUNK = 256


def build_network(recipe: Recipe) -> keras.Model:
    """The untrained network of a recipe, under its dtype policy."""
    import keras

    keras.utils.set_random_seed(recipe.seed)
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
    """Class probabilities ``(n, k)`` of pictures, or of at most ``limit``, evenly spread."""
    shape = model_input(model)
    count = len(source) if limit is None else min(limit, len(source))
    rows = np.linspace(0, len(source) - 1, count).astype(np.intp)
    parts = [
        np.asarray(model.predict_on_batch(resized(source[rows[i : i + _CHUNK]], *shape)))
        for i in range(0, len(rows), _CHUNK)
    ]
    return np.concatenate(parts).astype(np.float32)


def load_run(run_dir: Path) -> tuple[keras.Model, Recipe, int]:
    """The network of a run with the weights that its recipe ends with, also before its end.

    Returns:
        The network, its recipe, and the epoch (counted from 1) that the weights belong to.

    Raises:
        TrainingError: If the folder holds no run with a finished epoch.
    """
    recipe = read_recipe(run_dir / CONFIG, Recipe)
    # Measured and published in full precision, however it learned.
    model = build_network(replace(recipe, precision="float32"))
    file = BEST if recipe.restore_best else CHECKPOINT
    return model, recipe, load_checkpoint(model, run_dir / file, optimizer=False)
