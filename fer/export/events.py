"""What happened beside the faces: markers and stimuli on the time line of a session or video."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fer.errors import InputError
from fer.export.schema import defused

EVENT_COLUMNS = ("time_s", "label", "end_s", "note")
MOST_EVENTS = 10_000
"""Of one file or session."""
_LONGEST = 200
_LATEST_S = 1e9

_NAMES = {
    "time": "time_s",
    "start": "time_s",
    "start_s": "time_s",
    "end": "end_s",
    "event": "label",
}
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,6}):(\d{1,6}(?:\.\d*)?)")


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A moment, or a span with a start and an end.

    Attributes:
        time_s: Seconds from the start of the session or video.
        label: What happened.
        end_s: When it was over; None for a moment, and while it goes on.
        note: Anything else.
    """

    time_s: float
    label: str
    end_s: float | None = None
    note: str = ""

    def holds(self, time_s: float) -> bool:
        """Whether a time lies within the span; never within a moment."""
        return self.end_s is not None and self.time_s <= time_s <= self.end_s


def events_csv(events: Iterable[Event]) -> str:
    """The table of events, as ``read_events`` reads it."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(EVENT_COLUMNS)
    for one in sorted(events, key=lambda event: event.time_s):
        end = "" if one.end_s is None else round(one.end_s, 3)
        table.writerow([round(one.time_s, 3), defused(one.label), end, defused(one.note)])
    return file.getvalue()


def read_events(content: str | bytes, name: str = "events") -> tuple[Event, ...]:
    """The events of a CSV with the columns ``time,label[,end][,note]``, in the order of time.

    Args:
        content: With a header, or without one in that order; separated by commas, semicolons or
            tabs. Times are seconds, or ``1:05`` and ``1:02:05.5``.
        name: Of the file, for messages.

    Raises:
        InputError: If a row has no time or no label, ends before it begins, or has more cells than
            there are columns.
    """
    text = content.decode("utf-8-sig", "replace") if isinstance(content, bytes) else content
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    try:
        # A byte of zero, or a cell without an end, is no table.
        table = csv.reader(io.StringIO(text), delimiter=separator)
        rows = [
            (table.line_num, [cell.strip()[:_LONGEST] for cell in row]) for row in table if any(row)
        ]
    except csv.Error as fault:
        raise InputError(
            f"{name}: expected a CSV with the columns time, label and perhaps end and note, got: "
            f"{fault}; change it"
        ) from fault
    order = ["time_s", "label", "end_s", "note"]
    if rows and _seconds(rows[0][1][0]) is None:
        order = [_NAMES.get(cell.lower(), cell.lower()) for cell in rows.pop(0)[1]]
        while order and not order[-1]:
            order.pop()
    if not {"time_s", "label"} <= set(order) or len(rows) > MOST_EVENTS:
        raise InputError(
            f"{name}: expected a CSV with the columns time, label and perhaps end and note, at "
            f"most {MOST_EVENTS:,} rows, got {', '.join(order)} and {len(rows):,} rows; change it"
        )
    found = []
    for line, row in rows:
        if any(row[len(order) :]):
            raise InputError(
                f"{name}: expected at most {len(order)} cells a row, {', '.join(order)}, got "
                f"{separator.join(row)[:80]!r} in line {line}; name the column in the first line, "
                "or put a text that holds a separator into quotes"
            )
        cells = dict(zip(order, row, strict=False))
        start, end = _seconds(cells.get("time_s", "")), _seconds(cells.get("end_s", ""))
        label = _undone(cells.get("label", ""))
        late = end is None and cells.get("end_s", "") != ""
        if start is None or not label or late or (end is not None and end < start):
            raise InputError(
                f"{name}: expected a time in seconds, a label and an end after the time, got "
                f"{separator.join(row)[:80]!r} in line {line}; change it"
            )
        found.append(Event(start, label, end, _undone(cells.get("note", ""))))
    return tuple(sorted(found, key=lambda event: event.time_s))


def with_events(
    rows: Iterable[dict[str, object]], events: Sequence[Event]
) -> Iterator[dict[str, object]]:
    """Rows of a table with the labels of what happens in each frame of a video or session.

    A moment is in the first frame that is not before it.

    Args:
        rows: Of ``fer.export.schema.to_rows``, those of a source in the order of time.
        events: Of each video or session.
    """
    ordered = sorted(events, key=lambda event: event.time_s)
    source: object = None
    frame_s, place, names = None, 0, ""
    going: list[Event] = []
    for row in rows:
        time_s = row["time_s"]
        if not isinstance(time_s, float) or not ordered:
            yield row
            continue
        if row["source"] != source:
            source, frame_s, place, going = row["source"], None, 0, []
        if time_s != frame_s:
            come = place
            while come < len(ordered) and ordered[come].time_s <= time_s:
                come += 1
            new, place, frame_s = ordered[place:come], come, time_s
            going = [one for one in (*going, *new) if one.holds(time_s)]
            shown = [*going, *(one for one in new if one not in going)]
            names = "; ".join(one.label for one in sorted(shown, key=lambda one: one.time_s))
        yield {**row, "events": names}


def _undone(text: str) -> str:
    """A cell without the apostrophe that ``defused`` put before it."""
    return text[1:] if text.startswith("'") and defused(text[1:]) == text else text


def _seconds(cell: str) -> float | None:
    """Seconds of ``65.5`` or ``1:05.5``; None where it is neither, or before the start."""
    if (parts := _CLOCK.fullmatch(cell)) is not None:
        hours, minutes, seconds = parts.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
    try:
        value = float(cell.replace(",", ".") if cell.count(",") == 1 else cell)
    except ValueError:
        return None
    return value if 0 <= value < _LATEST_S else None
