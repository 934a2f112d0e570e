"""The analysed frames of a stream as rows to take away: in memory, compressed, no pictures."""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fer.export.events import Event, with_events
from fer.export.schema import SourceResult, columns, to_rows
from fer.export.tables import table_bytes
from fer.labels import in_order
from fer.results import FrameResult, Reader
from fer.video.records import parse_record, record_line

SOURCE = "webcam"
_BLOCK = 256


class FrameLog:
    """Every analysed frame since it began; safe to use from any thread.

    Args:
        most_bytes: Kept in memory; when there are more, the oldest frames go. None for no limit.

    Attributes:
        start_s: Time of the first frame, from which all are counted; None before.
        frames: How many there were.
        dropped: How many of them are gone.
        size_bytes: What is kept, compressed.
        seconds: Time of the newest frame.
    """

    def __init__(self, most_bytes: int | None = None) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._blocks: deque[tuple[Reader, bytes]] = deque()
        self._open: list[bytes] = []
        self._reader = Reader()
        self._label_sets: dict[tuple[str, ...], None] = {}
        self.start_s: float | None = None
        self.frames = self.dropped = self.size_bytes = 0
        self.seconds = 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that were read, which decide the columns: all that any of the readers has."""
        sets = list(self._label_sets)
        if len(sets) < 2:
            return sets[0] if sets else ()
        return tuple(in_order(set().union(*sets)))

    def add(self, result: FrameResult, reader: Reader) -> FrameResult:
        """Append an analysed frame and what read it; returns it with its time from the first."""
        with self._lock:
            if self.start_s is None:
                self.start_s = result.timestamp_s
            if reader != self._reader or len(self._open) >= _BLOCK:
                self._close()
            self._reader = reader
            self._label_sets[reader.labels] = None
            self.seconds = result.timestamp_s - self.start_s
            result = replace(result, timestamp_s=self.seconds)
            self._open.append(record_line(result))
            self.frames += 1
            return result

    def _close(self) -> None:
        """Compress what is open; a line is a tenth of its size then."""
        if not self._open:
            return
        self._blocks.append((self._reader, zlib.compress(b"".join(self._open), 1)))
        self._open = []
        self.size_bytes += len(self._blocks[-1][1])
        while self._most_bytes is not None and self.size_bytes > self._most_bytes:
            _reader, oldest = self._blocks.popleft()
            self.size_bytes -= len(oldest)
            self.dropped += zlib.decompress(oldest).count(b"\n")

    def results(self) -> Iterator[tuple[Reader, FrameResult]]:
        """The frames so far, in order, each with what read it."""
        with self._lock:
            self._close()
            blocks = list(self._blocks)
        for reader, block in blocks:
            for line in zlib.decompress(block).splitlines():
                yield reader, parse_record(line)

    def rows(self) -> Iterator[dict[str, object]]:
        """The rows of the table."""
        labels = self.labels
        for reader, one in self.results():
            yield from _rows(
                labels, reader, SourceResult(SOURCE, one.faces, time_s=one.timestamp_s)
            )

    def table(self, suffix: str, events: Sequence[Event] = ()) -> bytes:
        """The rows so far as a file, with events named where they happen."""
        (example,) = _rows(self.labels, Reader(labels=self.labels), SourceResult(""))
        return table_bytes(suffix, example, ([row] for row in with_events(self.rows(), events)))


def _rows(labels: Sequence[str], reader: Reader, result: SourceResult) -> list[dict[str, object]]:
    rows = to_rows([result], reader)
    if reader.labels == tuple(labels):
        return rows
    # Read in a smaller label set than others: the columns of the table, where it has nothing.
    return [{name: row.get(name) for name in columns(labels)} for row in rows]
