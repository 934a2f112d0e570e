"""``fer train --task valence-arousal``, and how valence and arousal are printed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.table import Table

from fer.cli.common import err, out, progress
from fer.datasets import FaceDataset
from fer.errors import InputError


class Task(StrEnum):
    """What ``fer train`` teaches."""

    classes = "classes"
    valence_arousal = "valence-arousal"


def affect_table(figures: Mapping[str, Mapping[str, Any]], title: str | None = None) -> Table:
    """Figures of ``fer.evaluation.affect.measure_affect`` by what they belong to."""
    table = Table("", "n", "", "CCC", "RMSE", "right sign", title=title)
    for name, report in figures.items():
        for dimension in ("valence", "arousal"):
            one = report[dimension]
            table.add_row(
                name,
                f"{report['n']:,}",
                dimension,
                f"{one['ccc']:.3f}",
                f"{one['rmse']:.3f}",
                f"{one['sign_agreement']:.1%}",
            )
    return table


def train_affect(
    dataset: FaceDataset,
    run_dir: Path,
    *,
    architecture: str | None,
    model: str | None,
    epochs: int | None,
    seed: int | None,
    resume: bool,
) -> None:
    """Fit a head on a published model, or train a network jointly when one is named.

    Raises:
        InputError: If options of the one are given to the other.
    """
    from fer.training.affect.session import train_jointly, train_separately

    if architecture is None and (epochs, seed, resume) != (None, None, False):
        raise InputError(
            "--task valence-arousal: expected --epochs, --seed and --resume with --joint only, the "
            "head alone is solved in one step; leave them out"
        )
    if architecture is not None and model is not None:
        raise InputError(
            "--task valence-arousal: expected --model or --joint, got both; a joint network starts "
            "from random weights"
        )
    with progress() as bars:
        task = bars.add_task("Reading faces" if architecture is None else "Training", total=1.0)
        if architecture is None:
            record = train_separately(
                dataset,
                run_dir,
                model=model,
                progress=lambda share: bars.update(task, completed=share),
            )
        else:

            def report(step: Any) -> None:
                done = step.epoch * step.steps + step.step
                bars.update(task, total=step.epochs * step.steps, completed=done)

            record = train_jointly(
                dataset,
                run_dir,
                architecture,
                epochs=epochs,
                seed=seed,
                resume=resume,
                report=report,
            )
    for split, figures in record["splits"].items():
        out.print(affect_table(figures, f"{record['source']}, {split}"))
    err.print(f"Trained {record['mode']} on {record['rows']:,} faces; the run is in {run_dir}")
