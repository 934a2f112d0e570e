"""Networks that come before another one: they are what it starts from and its teachers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fer.datasets.base import FaceDataset
from fer.errors import TrainingError
from fer.training.config import TrainingConfig
from fer.training.dlib_start import DLIB, find_dlib
from fer.training.run import Reporter, StepReport, train

FOLDER = "before"
"""Folder within a run that holds the runs of the networks before it."""

Lineage = Mapping[str, TrainingConfig]
"""Name -> recipe of the networks that come before one, each after those that it needs itself."""


def placed(config: TrainingConfig, folders: Mapping[str, Path]) -> TrainingConfig:
    """A recipe with paths where it names another network.

    Args:
        config: Its ``start`` and ``teachers`` are names in ``folders``, or "dlib", or paths.
        folders: Name -> folder of a run.

    Raises:
        TrainingError: If it starts from dlib's weights and they are not installed.
    """

    def place(name: str) -> str:
        if name == DLIB:
            return str(find_dlib())
        return str(folders[name]) if name in folders else name

    def names(teachers: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(place(one) for one in teachers)

    return replace(
        config,
        start=place(config.start),
        teachers=names(config.teachers),
        restarts=tuple(replace(one, teachers=names(one.teachers)) for one in config.restarts),
    )


def train_lineage(
    lineage: Lineage,
    dataset: FaceDataset,
    run_dir: Path,
    *,
    epochs: int | None = None,
    precision: str | None = None,
    report: Reporter | None = None,
) -> dict[str, Path]:
    """Train, or go on training, the networks before another one; finished ones stay as they are.

    Args:
        lineage: Their recipes.
        dataset: As for ``fer.training.run.train``.
        run_dir: Folder of the run that they come before; theirs are in ``before/``.
        epochs: As many instead of those of each recipe, for a trial.
        precision: Instead of that of each recipe.
        report: Called after every step, with the name of the network.

    Returns:
        Name -> folder of the run.

    Raises:
        TrainingError: As of ``fer.training.run.train``; or if dlib's weights are not installed.
    """
    folders: dict[str, Path] = {}
    # All of them first: what is missing is said now rather than after hours.
    for name, recipe in lineage.items():
        placed(recipe, folders)
        folders[name] = run_dir / FOLDER / name
    for name, recipe in lineage.items():
        config = shortened(placed(recipe, folders), epochs)
        if precision is not None:
            config = replace(config, precision=precision)

        def named(step: StepReport, name: str = name) -> None:
            if report is not None:
                report(replace(step, network=name))

        train(config, dataset, folders[name], resume=True, report=named)
    return folders


def shortened(config: TrainingConfig, epochs: int | None) -> TrainingConfig:
    """A recipe with as many epochs as asked for, not more: the cycles after the first one go."""
    return config if epochs is None else replace(config, epochs=epochs, restarts=())


def check_single(lineage: Lineage, workers: object) -> None:
    """Refuse several processes for a network with others before it.

    Raises:
        TrainingError: If there are several.
    """
    if lineage and workers is not None:
        raise TrainingError(
            f"expected one process for a network that comes after others "
            f"({', '.join(lineage)}), got workers; leave --workers out"
        )
