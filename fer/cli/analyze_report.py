"""``fer analyze --report`` and ``--events``: the report of a run, events on its time line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fer.errors import InputError
from fer.export.events import Event, read_events
from fer.files import replace_file, write_faults

if TYPE_CHECKING:
    from fer.media.job import AnalysisJob


def check_report(path: Path) -> None:
    """Refuse a report before the work is done, not after.

    Raises:
        InputError: If it is no name of an HTML file in an existing folder.
    """
    if path.suffix.lower() not in (".html", ".htm") or not path.parent.is_dir():
        raise InputError(
            f"--report: expected a name ending in .html in an existing folder, got {path}; "
            "change it, or create the folder first"
        )


def events_of(path: Path) -> tuple[Event, ...]:
    """The events of a CSV file.

    Raises:
        InputError: If it cannot be read, or holds something else.
    """
    try:
        return read_events(path.read_bytes(), path.name)
    except OSError as fault:
        raise InputError(
            f"--events: expected a CSV file at {path}, got: {fault.strerror}; check the path"
        ) from None


def write_report(job: AnalysisJob, path: Path, settings: dict[str, str]) -> None:
    """Write the report of all that is done.

    Raises:
        InputError: If the place cannot be written.
    """
    from fer.export.report import report_html
    from fer.models.accuracy import accuracy_lines

    first = Path(job.sources[0].name).name
    more = len(job.sources) - 1
    classifier = job.recognizer.classifier
    page = report_html(
        (row for rows in job.row_blocks() for row in rows),
        title=f"{first} and {more:,} more" if more else first,
        events=job.settings.events,
        settings={"Labels": classifier.head, **settings},
        accuracy=accuracy_lines(classifier.folder, classifier.head),
    )
    with write_faults(path):
        replace_file(path, page.encode())
