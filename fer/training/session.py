"""What ``fer train`` does: choose the recipe, then run or resume."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from fer.datasets.base import FaceDataset
from fer.errors import TrainingError
from fer.training.config import TrainingConfig
from fer.training.lineage import check_single, placed, shortened, train_lineage
from fer.training.parallel import Workers
from fer.training.precision import check_policy
from fer.training.recipes import LINEAGES, RECIPES
from fer.training.run import CONFIG, Reporter, read_config, train


def read_recipe(path: Path) -> TrainingConfig:
    """A recipe from a JSON file, such as a run's ``config.json``.

    Raises:
        TrainingError: If the file cannot be read as one.
    """
    try:
        return TrainingConfig.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError, TypeError) as fault:
        raise TrainingError(
            f"{path}: expected the JSON of a recipe, got: {fault}; start from a run's config.json"
        ) from fault


def choose_recipe(
    run_dir: Path,
    *,
    architecture: str,
    config_path: Path | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    precision: str | None = None,
    resume: bool = False,
) -> TrainingConfig:
    """The recipe of a run.

    A file, if given; otherwise a resumed run keeps its own, and a new one takes that of its
    architecture, else the defaults. Epochs, seed and precision given by hand win.
    """
    if resume and config_path is None and (run_dir / CONFIG).exists():
        config = read_config(run_dir)
    elif config_path is not None:
        config = read_recipe(config_path)
    else:
        config = RECIPES.get(architecture, TrainingConfig(architecture=architecture))
    config = shortened(config, epochs)
    if seed is not None:
        config = replace(config, seed=seed)
    if precision is not None:
        config = replace(config, precision=check_policy(precision))
    return config


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
    report: Reporter | None = None,
    workers: Workers | None = None,
) -> None:
    """Train in a folder; see ``fer.training.run.train`` for what it holds.

    Where the recipe comes after others (``fer.training.recipes.LINEAGES``), those are trained
    first, in ``before/`` within the folder.

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
    )
    if config_path is None and not (resume and (run_dir / CONFIG).exists()):
        lineage = LINEAGES.get(architecture, {})
        check_single(lineage, workers)
        before = train_lineage(
            lineage, dataset, run_dir, epochs=epochs, precision=config.precision, report=report
        )
        config = placed(config, before)
    train(config, dataset, run_dir, resume=resume, report=report, workers=workers)
