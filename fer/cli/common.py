"""What the commands share: options, consoles, progress bars, opening a data set."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Table

from fer.datasets import FaceDataset
from fer.datasets.label_map import LabelMap
from fer.errors import DatasetError, InputError

# What moves a terminal's cursor, renames its window, clears it, or turns text around: file names
# and headers may hold it.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Text with its control characters as escapes; line ends and tabs stay."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text.replace("\r\n", "\n"))


class _Printable:
    """Something whose text is made printable once it is rendered; rich's own controls stay."""

    def __init__(self, content: ConsoleRenderable) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Segment]:
        for segment in console.render(self._content, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


class _PrintableHook(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Printable(content) for content in renderables]


# Results go to standard output, everything said about the work to standard error.
out = Console()
err = Console(stderr=True)
for _console in (out, err):
    _console.push_render_hook(_PrintableHook())


def survive_encodings() -> None:
    """Print what the terminal's encoding lacks as an escape, instead of ending with a fault."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def bar_text(text: str) -> str:
    """A name as the text beside a progress bar, where rich would read markup."""
    return escape(printable(text))


Data = Annotated[
    Path | None,
    typer.Option("--data", help="FER-2013 CSV (.csv, .csv.gz) or a folder; default: FER_DATA."),
]
Ferplus = Annotated[
    Path | None, typer.Option("--ferplus", help="FER+ votes; default: fer2013new.csv beside it.")
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Count bad rows and go on.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelName = Annotated[
    str | None, typer.Option("--model", help="Folder in models/, or a path with a separator.")
]


class LabelSet(StrEnum):
    """What a model can be asked for: what people see, the labels of one data set, or its own."""

    perceived = "perceived"
    fer2013 = "fer2013"
    ferplus = "ferplus"
    own = "own"


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


@contextmanager
def share_bar(text: str) -> Iterator[Callable[[float], None]]:
    """A progress bar, moved by the share done."""
    with progress() as bars:
        task = bars.add_task(bar_text(text), total=1.0)
        yield lambda share: bars.update(task, completed=share)


def open_data(
    data: Path | None,
    ferplus: Path | None,
    skip_bad: bool,
    labels: LabelMap | None = None,
    *,
    class_names: bool = False,
) -> FaceDataset:
    """The data set that the options name, with its votes where they are found.

    ``labels`` says what the class names of a folder mean; ``class_names`` that the command has an
    option for them, for its messages.

    Raises:
        InputError: If there is none.
        DatasetError: If it cannot be read.
    """
    from fer.datasets import find_data, find_ferplus, open_dataset

    # A tree of numbered classes is no data set before a map says what the numbers mean.
    mapped = data is not None and labels is not None and data.expanduser().is_dir()
    try:
        found = data if mapped else find_data(data)
    except DatasetError as fault:
        if class_names and data is not None and data.expanduser().is_dir():
            raise DatasetError(
                f"{fault}; or say with --class-names what its class names mean, own for classes "
                "of your own"
            ) from None
        raise
    if found is None:
        raise InputError(
            "--data: expected FER-2013 (fer2013.csv, .csv.gz or a folder), found none; give its "
            "path or set FER_DATA"
        )
    votes = find_ferplus(ferplus, found)
    with share_bar(f"Reading {found.name}") as show:
        return open_dataset(found, ferplus=votes, labels=labels, skip_bad=skip_bad, progress=show)


def number_table(first: str, *others: str, title: str | None = None) -> Table:
    """A table whose columns but the first hold numbers."""
    table = Table(first, title=title)
    for name in others:
        table.add_column(name, justify="right")
    return table


def print_json(content: object) -> None:
    """Print JSON to standard output, without rich's colours and line breaks."""
    # Escapes of JSON where the encoding may lack a character; Python's own would be no JSON.
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    print(json.dumps(content, indent=2, ensure_ascii=plain))
