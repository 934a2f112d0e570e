"""Inputs of ``fer analyze``: which are passed over, and which options can act on the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fer.cli.common import err
from fer.errors import InputError

if TYPE_CHECKING:
    from fer.media.job import Settings
    from fer.media.sources import Search, Source


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


def check_acting(sources: Iterable[Source], settings: Settings) -> None:
    """Refuse options that can act on none of the inputs.

    What could not be read may have been anything, and then nothing is refused.

    Raises:
        InputError: If they are all pictures, or all videos, and an option is of the other kind.
    """
    from fer.pictures.content import Kind

    video, kinds = settings.video, {source.kind for source in sources}
    if kinds == {Kind.picture}:
        wanted, found = "a video", "pictures"
        given = {
            "--every": video.every > 1,
            "--rate": video.rate is not None,
            "--no-identity": not video.identity,
            # Every frame of an animation has its time.
            "--events": bool(settings.events) and not settings.every_frame,
        }
    elif kinds == {Kind.video}:
        wanted, found = "a picture", "videos"
        given = {"--frames all": settings.every_frame}
    else:
        return
    if idle := ", ".join(option for option, is_given in given.items() if is_given):
        raise InputError(
            f"{idle}: expected {wanted} among the inputs, got {found} only; leave it out"
        )


def check_engine(engine: str, **options: object) -> None:
    """Refuse options of the other engine.

    Args:
        engine: The engine.
        options: Name -> value, None where it was not given.

    Raises:
        InputError: Naming the first of them.
    """
    of = {"address": "ray", "report": "local", "events": "local"}
    for name, value in options.items():
        if value is not None and of[name] != engine:
            raise InputError(
                f"--{name}: expected --engine {of[name]} with it, got {engine}; leave one of them "
                "out"
            )
