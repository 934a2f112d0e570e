"""``fer affect``: a head for valence and arousal, and how both are printed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from fer.cli.common import Data, ModelName, SkipBad, err, out, share_bar
from fer.cli.train import ClassNames, open_training_data

affect_app = typer.Typer(help="Valence and arousal.", no_args_is_help=True)


@affect_app.callback()
def _affect() -> None:
    """Keeps ``fit`` a command of its own."""


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


@affect_app.command("fit")
def affect_fit(
    data: Data = None,
    model: ModelName = None,
    run_dir: Annotated[Path, typer.Option("--run-dir", help="Folder for the head.")] = Path(
        "runs/affect"
    ),
    skip_bad: SkipBad = False,
    class_names: ClassNames = None,
) -> None:
    """Fit a head for valence and arousal on a published model's features."""
    from fer.training.affect import fit_run

    dataset = open_training_data(data, None, skip_bad, class_names, None)
    with share_bar("Reading faces") as show:
        record = fit_run(dataset, run_dir, model=model, progress=show)
    for split, figures in record["splits"].items():
        out.print(affect_table(figures, f"{record['source']}, {split}"))
    err.print(f"Fitted to {record['rows']:,} faces; the head is in {run_dir}")
