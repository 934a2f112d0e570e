"""The folder of a literature run: what it holds, and its network back from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fer.errors import TrainingError
from fer.literature.network import build_network
from fer.literature.recipes import Recipe
from fer.training.run_folder import (
    CHECKPOINT,
    CONFIG,
    load_checkpoint,
    read_history,
    read_recipe,
)

if TYPE_CHECKING:
    import keras

BEST = "best.npz"


def val_losses(run_dir: Path, epochs: int) -> list[float]:
    """Validation loss of the first ``epochs`` epochs of a run."""
    return [float(r["val_loss"]) for r in read_history(run_dir) if int(r["epoch"]) <= epochs]


def load_run(run_dir: Path) -> tuple[keras.Model, Recipe, int]:
    """The network of a run with the weights that its recipe ends with, also before its end.

    Returns:
        The network, its recipe, and the epoch (counted from 1) that the weights belong to.

    Raises:
        TrainingError: If the folder holds no run with a finished epoch.
    """
    recipe = read_recipe(run_dir / CONFIG, Recipe)
    if not (run_dir / CHECKPOINT).exists():
        raise TrainingError(
            f"{run_dir}: expected a run with a finished epoch, found no {CHECKPOINT}; train first"
        )
    # Measured and published in full precision, however it learned.
    model = build_network(replace(recipe, precision="float32"))
    file = BEST if recipe.restore_best else CHECKPOINT
    return model, recipe, load_checkpoint(model, run_dir / file, optimizer=False)
