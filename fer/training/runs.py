"""The table of training runs: read from their folders, kept as CSV, shown as Markdown.

Run folders are large and stay where they were made. What is known about each goes into
``models/runs.csv``, so that a run whose folder is gone is not forgotten, failures included.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from fer.errors import FerError, TrainingError
from fer.training.config import TrainingConfig
from fer.training.run_folder import CONFIG, minutes_of, read_config, read_history

LEDGER = "runs.csv"
TABLE = "RUNS.md"
NOTE = "note.txt"
"""A file in a run folder with one line about what the run tried."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run.

    Attributes:
        name: Name of its folder.
        architecture: Network.
        change: What it did otherwise: the folder's ``note.txt``, else its recipe's differences
            from the defaults.
        seed: Seed.
        epochs: Finished epochs.
        of_epochs: Epochs of the recipe; more than ``epochs`` for a run that was ended early.
        minutes: Time of the finished epochs.
        public_accuracy: PublicTest accuracy after the last epoch.
        public_macro_f1: The same for macro-F1.
        best_public_accuracy: The highest of any epoch.
    """

    name: str
    architecture: str
    change: str
    seed: int
    epochs: int
    of_epochs: int
    minutes: float
    public_accuracy: float
    public_macro_f1: float
    best_public_accuracy: float


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_short(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return "/".join(_short(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def recipe_change(config: TrainingConfig) -> str:
    """What a recipe does otherwise than ``TrainingConfig()``, in one line."""
    default, own = TrainingConfig().to_dict(), config.portable().to_dict()
    skip = {"architecture", "seed", "epochs", "restarts"}
    parts = []
    for name, value in own.items():
        if name in skip or value == default[name]:
            continue
        if isinstance(value, Mapping) and isinstance(default[name], Mapping):
            value = {key: one for key, one in value.items() if one != default[name][key]}
        parts.append(f"{name.replace('_', ' ')} {_short(value)}")
    for cycle in config.restarts:
        taught = f"answers of {len(cycle.teachers)} networks" if cycle.teachers else "own answers"
        teacher = f", {cycle.teacher_weight:.0%} {taught}" if cycle.teacher_weight else ""
        sharp = f", sharpness {cycle.sharpness:g}" if cycle.sharpness else ""
        parts.append(f"restart of {cycle.epochs} epochs at {cycle.learning_rate:g}{teacher}{sharp}")
    return "; ".join(parts) or "the defaults"


def summarise(run_dir: Path) -> RunSummary | None:
    """What a run folder says; None before its first epoch.

    Raises:
        TrainingError: If the folder cannot be read as a run.
    """
    config = read_config(run_dir)
    rows = read_history(run_dir)
    if not rows:
        return None
    note = run_dir / NOTE
    try:
        text = " ".join(note.read_text(encoding="utf-8").split()) if note.exists() else ""
        accuracies = [float(row["val_accuracy"]) for row in rows]
        return RunSummary(
            name=run_dir.name,
            architecture=config.architecture,
            change=text or recipe_change(config),
            seed=config.seed,
            epochs=len(rows),
            of_epochs=config.total_epochs,
            minutes=minutes_of(rows),
            public_accuracy=accuracies[-1],
            public_macro_f1=float(rows[-1]["val_macro_f1"]),
            best_public_accuracy=max(accuracies),
        )
    except (KeyError, ValueError, OSError) as fault:
        raise TrainingError(
            f"{run_dir}: expected the history of a run, got: {fault}; leave this folder out"
        ) from fault


def read_ledger(path: Path) -> list[RunSummary]:
    """The runs that are known; none when there is no such file.

    Raises:
        TrainingError: If it cannot be read.
    """
    if not path.exists():
        return []
    kinds = {one.name: one.type for one in fields(RunSummary)}
    convert = {"int": int, "float": float, "str": str}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                RunSummary(**{key: convert[str(kinds[key])](row[key]) for key in kinds})
                for row in csv.DictReader(file)
            ]
    except (OSError, KeyError, ValueError, TypeError) as fault:
        raise TrainingError(
            f"{path}: expected the table of runs, got: {fault}; restore it or delete it and "
            "collect the runs again"
        ) from fault


def collect(roots: Iterable[Path], models_dir: Path) -> tuple[list[RunSummary], list[str]]:
    """Add the runs under some folders to the ledger and write both tables.

    A run that is known already is brought up to date; one whose folder is gone stays.

    Args:
        roots: Run folders, or folders that hold some.
        models_dir: Where ``runs.csv`` and ``RUNS.md`` are.

    Returns:
        All runs by name, and one line per folder that could not be read.

    Raises:
        TrainingError: If the ledger cannot be read or written.
    """
    known = {run.name: run for run in read_ledger(models_dir / LEDGER)}
    skipped: list[str] = []
    for root in roots:
        found = (
            [root]
            if (root / CONFIG).exists()
            else sorted(p.parent for p in root.glob("*/" + CONFIG))
        )
        for folder in found:
            try:
                run = summarise(folder.resolve())
            except FerError as fault:
                skipped.append(str(fault))
                continue
            if run is not None:
                known[run.name] = run
    runs = [known[name] for name in sorted(known)]
    try:
        _write_ledger(models_dir / LEDGER, runs)
        _replace(models_dir / TABLE, to_markdown(runs))
    except OSError as fault:
        raise TrainingError(
            f"{models_dir}: could not write the table of runs ({fault.strerror or fault}); free "
            "some disk or choose another folder"
        ) from fault
    return runs, skipped


def to_markdown(runs: Iterable[RunSummary]) -> str:
    """The table as Markdown."""
    lines = [
        "# Training runs",
        "",
        "Every run, failures included; written by `fer models runs`. Accuracy and macro-F1 are on",
        "PublicTest, by the Keras network after the last finished epoch, one forward pass. The",
        "figures of a published model are on its card.",
        "",
        "| run | network | what it did otherwise | seed | epochs | minutes | accuracy | macro-F1 "
        "| best epoch |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for run in runs:
        epochs = str(run.epochs) if run.epochs == run.of_epochs else f"{run.epochs}/{run.of_epochs}"
        change = run.change.replace("|", "\\|")
        lines.append(
            f"| {run.name} | {run.architecture} | {change} | {run.seed} | {epochs} "
            f"| {run.minutes:.0f} | {run.public_accuracy:.2%} | {run.public_macro_f1:.3f} "
            f"| {run.best_public_accuracy:.2%} |"
        )
    return "\n".join(lines) + "\n"


def _write_ledger(path: Path, runs: Iterable[RunSummary]) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(RunSummary)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(run) for run in runs)
    os.replace(partial, path)


def _replace(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
