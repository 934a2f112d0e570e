"""``fer train --task valence-arousal``, and how valence and arousal are printed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.table import Table

from fer.cli.common import err, out, progress
from fer.datasets import FaceDataset


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


def train_affect(dataset: FaceDataset, run_dir: Path, *, model: str | None) -> None:
    """Fit a head on a published model."""
    from fer.training.affect import fit_run

    with progress() as bars:
        task = bars.add_task("Reading faces", total=1.0)
        record = fit_run(
            dataset,
            run_dir,
            model=model,
            progress=lambda share: bars.update(task, completed=share),
        )
    for split, figures in record["splits"].items():
        out.print(affect_table(figures, f"{record['source']}, {split}"))
    err.print(f"Fitted to {record['rows']:,} faces; the run is in {run_dir}")
