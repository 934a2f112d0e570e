"""What the commands share: options, consoles, progress bars, opening a data set."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TimeRemainingColumn

from fer.datasets import FaceDataset
from fer.datasets.label_map import LabelMap
from fer.errors import InputError

# Results go to standard output, everything said about the work to standard error.
out = Console()
err = Console(stderr=True)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="FER-2013 CSV (.csv, .csv.gz) or a folder; default: FER_DATA."),
]
Ferplus = Annotated[
    Path | None, typer.Option("--ferplus", help="FER+ votes; default: fer2013new.csv beside it.")
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Count bad rows and go on.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelName = Annotated[str | None, typer.Option("--model", help="Folder in models/.")]


class LabelSet(StrEnum):
    """What a model can be asked for: what people see, or the labels of one data set."""

    perceived = "perceived"
    fer2013 = "fer2013"
    ferplus = "ferplus"


def progress() -> Progress:
    """Progress bars on standard error; silent where that is no terminal."""
    return Progress(
        SpinnerColumn(),
        *Progress.get_default_columns()[:3],
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


def open_data(
    data: Path | None,
    ferplus: Path | None,
    skip_bad: bool,
    labels: LabelMap | None = None,
) -> FaceDataset:
    """The data set that the options name, with its votes where they are found.

    ``labels`` says what the class names of a folder mean.

    Raises:
        InputError: If there is none.
        DatasetError: If it cannot be read.
    """
    from fer.datasets import find_data, find_ferplus, open_dataset

    # A tree of numbered classes is no data set before a map says what the numbers mean.
    mapped = data is not None and labels is not None and data.expanduser().is_dir()
    found = data if mapped else find_data(data)
    if found is None:
        raise InputError(
            "--data: expected FER-2013 (fer2013.csv, .csv.gz or a folder), found none; give its "
            "path or set FER_DATA"
        )
    votes = find_ferplus(ferplus, found)
    with progress() as bars:
        task = bars.add_task(f"Reading {found.name}", total=1.0)
        return open_dataset(
            found,
            ferplus=votes,
            labels=labels,
            skip_bad=skip_bad,
            progress=lambda share: bars.update(task, completed=share),
        )


def print_json(content: object) -> None:
    """Print JSON to standard output, without rich's colours and line breaks."""
    print(json.dumps(content, indent=2, ensure_ascii=False))
