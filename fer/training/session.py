"""The recipe of a run of ``fer train``."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from fer.training.config import TrainingConfig, recipe_of
from fer.training.network_pass import check_policy
from fer.training.run_folder import CONFIG, read_recipe


def default_recipe(architecture: str) -> TrainingConfig:
    """The recipe in ``recipes.json`` of an architecture, else the defaults."""
    stored = json.loads((files("fer.training") / "recipes.json").read_text(encoding="utf-8"))
    # One network that sees faces in two sizes.
    values = stored.get(architecture.removesuffix("-144"), {})
    return recipe_of({**values, "architecture": architecture}, TrainingConfig)


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
    chosen: dict[str, Any] = {
        "epochs": epochs,
        "seed": seed,
        "precision": precision and check_policy(precision),
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    return replace(config, **given, classes=classes)
