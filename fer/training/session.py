"""What ``fer train`` does: choose the recipe, then run or resume."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from fer.datasets.base import FaceDataset
from fer.training.config import TrainingConfig
from fer.training.precision import check_policy
from fer.training.run import train
from fer.training.run_folder import CONFIG, read_recipe
from fer.training.trainer import Reporter


def default_recipe(architecture: str) -> TrainingConfig:
    """The recipe in ``recipes.json`` of an architecture, else the defaults."""
    stored = json.loads((files("fer.training") / "recipes.json").read_text(encoding="utf-8"))
    # One network that sees faces in two sizes.
    values = stored.get(architecture.removesuffix("-144"), {})
    return TrainingConfig.from_dict({**values, "architecture": architecture})


def choose_recipe(
    run_dir: Path,
    *,
    architecture: str,
    config_path: Path | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    precision: str | None = None,
    resume: bool = False,
    classes: tuple[str, ...] = (),
) -> TrainingConfig:
    """The recipe of a run.

    A file, if given; otherwise a resumed run keeps its own, and a new one takes that of its
    architecture (``default_recipe``). Epochs, seed and precision given by hand win; classes of
    one's own are those of the data.
    """
    if resume and config_path is None and (run_dir / CONFIG).exists():
        config = read_recipe(run_dir / CONFIG, TrainingConfig)
    elif config_path is not None:
        config = read_recipe(config_path, TrainingConfig)
    else:
        config = default_recipe(architecture)
    if epochs is not None:
        config = replace(config, epochs=epochs)
    if seed is not None:
        config = replace(config, seed=seed)
    if precision is not None:
        config = replace(config, precision=check_policy(precision))
    return replace(config, classes=classes)


def run_training(
    dataset: FaceDataset,
    run_dir: Path,
    *,
    architecture: str = "xs",
    config_path: Path | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    precision: str | None = None,
    resume: bool = False,
    own: bool = False,
    report: Reporter | None = None,
) -> None:
    """Train in a folder; see ``fer.training.run.train`` for what it holds.

    With ``own``, one head for the classes of the data takes the place of the published ones.

    Raises:
        TrainingError: If the recipe or the folder cannot be used.
    """
    config = choose_recipe(
        run_dir,
        architecture=architecture,
        config_path=config_path,
        epochs=epochs,
        seed=seed,
        precision=precision,
        resume=resume,
        classes=dataset.label_names if own else (),
    )
    train(config, dataset, run_dir, resume=resume, report=report)
