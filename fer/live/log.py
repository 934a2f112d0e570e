"""The analysed frames of a stream as rows to take away: in memory, compressed, no pictures."""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fer.export.schema import SourceResult, to_rows
from fer.export.tables import table_bytes
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import FrameResult, Reader
from fer.video.records import parse_record, record_line

SOURCE = "webcam"
_BLOCK = 256


def reader_of(recognizer: object) -> Reader:
    """What a recogniser reads with; nothing is known of another than ``EmotionRecognizer``."""
    return recognizer.classifier.reader if isinstance(recognizer, EmotionRecognizer) else Reader()


class FrameLog:
    """Every analysed frame since it began; safe to use from any thread.

    Args:
        labels: The classes that are read, in order: they decide the columns.
        most_bytes: Kept in memory; when there are more, the oldest frames go. None for no limit.
    """

    def __init__(self, labels: Sequence[str], most_bytes: int | None = None) -> None:
        self.labels = tuple(labels)
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._blocks: deque[tuple[Reader, bytes]] = deque()
        self._open: list[bytes] = []
        self._reader = Reader()
        self._start_s: float | None = None
        self.frames = self.dropped = self.size_bytes = 0
        self.seconds = 0.0

    def add(self, result: FrameResult, reader: Reader) -> None:
        """Append an analysed frame and what read it; its time is counted from the first."""
        with self._lock:
            if self._start_s is None:
                self._start_s = result.timestamp_s
            if reader != self._reader or len(self._open) >= _BLOCK:
                self._close()
            self._reader = reader
            self.seconds = result.timestamp_s - self._start_s
            self._open.append(record_line(replace(result, timestamp_s=self.seconds)))
            self.frames += 1

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

    def table(self, suffix: str) -> bytes:
        """The rows so far as a file.

        Args:
            suffix: ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.
        """
        (example,) = to_rows([SourceResult("")], Reader(labels=self.labels))
        return table_bytes(
            suffix,
            example,
            (
                to_rows([SourceResult(SOURCE, one.faces, time_s=one.timestamp_s)], reader)
                for reader, one in self.results()
            ),
        )
