"""What ``fer analyze`` does not read: its own files, and what was named before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fer.cli.common import err
from fer.errors import InputError

if TYPE_CHECKING:
    from fer.media.sources import Search


def part_of(output: Path) -> Path:
    """Where a run that is stopped leaves what is done."""
    return output.with_name(f"{output.stem}.part{output.suffix}")


def own_files(output: Path | None, *others: Path | None) -> list[Path]:
    """The files and folders of a run, which are no inputs of the next one."""
    tables = [] if output is None else [output, part_of(output)]
    return [*tables, *(path for path in others if path is not None)]


def say_passed(search: Search) -> None:
    """Say what was handed in and is not read, or not again; a line for each reason."""
    for names, why in (
        (search.left_out, "Left out, since this run itself writes or uses it"),
        (search.repeated, "Named twice, in the table once"),
    ):
        if names:
            more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
            text = f"{why}: {', '.join(names[:3])}{more}"
            err.print(text, markup=False, highlight=False, soft_wrap=True)


def nothing_left(paths: Sequence[str]) -> InputError:
    """Of a run whose inputs are all its own files."""
    return InputError(
        f"PATH: expected inputs that this run does not write itself, found none in "
        f"{', '.join(paths)}; give --annotated, --output and --report another place"
    )
