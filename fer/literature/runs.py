"""The folder of a literature run: what it holds, and its network back from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer.errors import TrainingError
from fer.literature.network import build_network
from fer.literature.recipes import Recipe
from fer.literature.schedule import stand
from fer.training.run_folder import CHECKPOINT, CONFIG, read_history

if TYPE_CHECKING:
    import keras

BEST = "best.npz"


def start(run_dir: Path, recipe: Recipe, *, resume: bool) -> None:
    """Make the folder and write the recipe, unless that would spoil another run.

    Raises:
        TrainingError: If the folder holds another run, or the disk refuses.
    """
    if (run_dir / CHECKPOINT).exists():
        if not resume:
            raise TrainingError(
                f"{run_dir}: expected an empty folder, found a run; continue it with --resume or "
                "choose another --run-dir"
            )
        stored, wanted = read_recipe(run_dir).to_dict(), recipe.to_dict()
        changed = [name for name in wanted if stored[name] != wanted[name]]
        if changed:
            raise TrainingError(
                f"{run_dir}: expected the recipe that this run was started with, got another "
                f"{', '.join(changed)}; resume with the same options or choose another --run-dir"
            )
        return
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / CONFIG).write_text(json.dumps(recipe.to_dict(), indent=2) + "\n")
    except OSError as fault:
        raise TrainingError(
            f"{run_dir}: expected a folder to write to, got: {fault.strerror or fault}; choose "
            "another --run-dir"
        ) from fault


def read_recipe(run_dir: Path) -> Recipe:
    """The recipe that a run folder was started with.

    Raises:
        TrainingError: If the folder holds no such run.
    """
    path = run_dir / CONFIG
    try:
        return Recipe.from_dict(json.loads(path.read_text()))
    except (OSError, ValueError, AttributeError) as fault:
        raise TrainingError(
            f"{path}: expected the JSON of a recipe, got: {fault}; check the path or start a new "
            "run"
        ) from fault


def finished_epochs(checkpoint: Path) -> int:
    """Epochs that a checkpoint has behind it."""
    with checkpoint.open("rb") as file, np.load(file) as stored:
        return int(stored["epoch"])


def val_losses(run_dir: Path, epochs: int) -> list[float]:
    """Validation loss of the first ``epochs`` epochs of a run."""
    return [float(r["val_loss"]) for r in read_history(run_dir) if int(r["epoch"]) <= epochs]


def load_weights(model: keras.Model, path: Path) -> int:
    """Weights of a checkpoint without its optimizer; returns the epoch that they belong to.

    Raises:
        TrainingError: If the file does not belong to this network.
    """
    try:
        with path.open("rb") as file, np.load(file) as stored:
            for index, variable in enumerate(model.variables):
                variable.assign(stored[f"v{index}"])
            return int(stored["epoch"])
    except (OSError, EOFError, ValueError, KeyError) as fault:
        raise TrainingError(
            f"{path}: expected a checkpoint of this network, got: {fault}; train it again"
        ) from fault


def load_run(run_dir: Path) -> tuple[keras.Model, Recipe, int]:
    """The network of a run with the weights that its recipe ends with, also before its end.

    Returns:
        The network, its recipe, and the epoch (counted from 1) that the weights belong to.

    Raises:
        TrainingError: If the folder holds no run with a finished epoch.
    """
    recipe = read_recipe(run_dir)
    if not (run_dir / CHECKPOINT).exists():
        raise TrainingError(
            f"{run_dir}: expected a run with a finished epoch, found no {CHECKPOINT}; train first"
        )
    # Measured and published in full precision, however it learned.
    model = build_network(replace(recipe, precision="float32"))
    file = BEST if recipe.restore_best else CHECKPOINT
    return model, recipe, load_weights(model, run_dir / file)


def is_finished(run_dir: Path) -> bool:
    """Whether a run has come to its end, by its epochs or by early stopping."""
    if not (run_dir / CHECKPOINT).exists():
        return False
    recipe = read_recipe(run_dir)
    losses = val_losses(run_dir, finished_epochs(run_dir / CHECKPOINT))
    return stand(recipe, losses).phase == recipe.phases
