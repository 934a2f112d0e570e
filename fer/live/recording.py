"""A recording of a live session: a table and an annotated video, made only when asked for.

A thread of its own encodes, so that the stream never waits for a disk. Both files are temporary
files without a name (on POSIX): they vanish with the recording, or with the process however it
ends. WebM is written because a file that is cut off, as by a full disk, still plays.
"""

from __future__ import annotations

import io
import queue
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from fer.errors import InputError
from fer.export.schema import SourceResult, to_csv, to_frame, to_json, to_rows
from fer.live.recording_files import RecordingFiles, RecordingLimits, free_bytes
from fer.overlay import OverlayStyle
from fer.preprocessing import Image
from fer.results import FrameResult
from fer.video.records import parse_record

TABLE_FORMATS: dict[str, str] = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
VIDEO_MIME = "video/webm"
SOURCE = "webcam"


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """A recording at one moment.

    Attributes:
        active: Whether it goes on.
        seconds: Its length so far.
        frames: Frames in it.
        left_out: Frames that the encoder had no time for.
        file_bytes: Size so far.
        reason: Why it ended, one sentence; empty while it goes on and when it was asked to end.
    """

    active: bool
    seconds: float
    frames: int
    left_out: int
    file_bytes: int
    reason: str


_Item = tuple[Image, FrameResult, OverlayStyle]


def _write_all(waiting: queue.Queue[_Item | None], files: RecordingFiles) -> None:
    try:
        while (item := waiting.get()) is not None:
            files.write(*item)
            del item
            files.reason = files.full()
            if files.reason:
                break
    except Exception as fault:
        files.fail(fault)
    try:
        files.finish()
    except Exception as fault:
        if not files.reason:
            files.fail(fault)
    files.end()


def _abandon(waiting: queue.Queue[_Item | None], files: RecordingFiles) -> None:
    """End the thread of a recording that nobody holds any more; its files go with it."""
    files.forsake()
    while True:
        try:
            waiting.put_nowait(None)
            return
        except queue.Full:
            try:
                waiting.get_nowait()
            except queue.Empty:
                continue


class Recording:
    """One recording. It goes on across pauses of the stream until ``finish`` or a limit.

    Args:
        limits: When it ends by itself.
        open_file: Opens a temporary file for reading and writing.

    Raises:
        InputError: If the disk has too little room to begin.
    """

    def __init__(
        self,
        limits: RecordingLimits | None = None,
        *,
        open_file: Callable[[], BinaryIO] | None = None,
    ) -> None:
        limits = limits or RecordingLimits()
        if (free := free_bytes()) < limits.spare_bytes + limits.file_bytes // 4:
            raise InputError(
                f"recording: expected {(limits.spare_bytes + limits.file_bytes // 4) / 2**20:.0f} "
                f"MiB of free disk for temporary files, got {free / 2**20:.0f} MiB; free some disk"
            )
        self.limits = limits
        self._files = RecordingFiles(limits, open_file or _temporary_file)
        self._waiting: queue.Queue[_Item | None] = queue.Queue(limits.waiting_frames)
        self._left_out = 0
        self._asked_to_end = False
        self._thread = threading.Thread(
            target=_write_all, args=(self._waiting, self._files), name="fer-recording", daemon=True
        )
        self._thread.start()
        self._forget = weakref.finalize(self, _abandon, self._waiting, self._files)

    @property
    def active(self) -> bool:
        """Whether frames are still taken."""
        return self._thread.is_alive() and not self._asked_to_end

    def add(self, frame: Image, result: FrameResult, style: OverlayStyle) -> None:
        """Record an analysed frame; returns at once, and leaves it out when too many wait."""
        if self.active:
            try:
                self._waiting.put_nowait((frame, result, style))
            except queue.Full:
                self._left_out += 1

    def finish(self) -> None:
        """End it; returns when the files are whole."""
        self._asked_to_end = True
        # The thread empties the queue, unless it has ended by itself.
        while self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=0.2)
                break
            except queue.Full:
                continue
        self._thread.join(timeout=30)

    def status(self) -> RecordingStatus:
        """How far it is."""
        files = self._files
        return RecordingStatus(
            self.active,
            files.seconds,
            files.frames,
            self._left_out,
            files.file_bytes,
            files.reason,
        )

    def results(self) -> Iterator[SourceResult]:
        """The analysed frames, for ``fer.export.schema``; only after the end."""
        self._files.table.seek(0)
        while self._files.table.tell() < self._files.whole_lines:
            moment = parse_record(self._files.table.readline())
            yield SourceResult(SOURCE, moment.faces, time_s=moment.timestamp_s)

    def table(self, format_name: str, *, model: str, version: str) -> bytes:
        """The table as ``csv``, ``json`` or ``parquet``; only after the end."""
        labels = tuple(self._files.labels)
        rows = to_rows(self.results(), labels=labels, model=model, version=version)
        if format_name == "csv":
            return to_csv(rows).encode()
        if format_name == "json":
            return to_json(rows).encode()
        buffer = io.BytesIO()
        to_frame(rows).to_parquet(buffer, index=False)
        return buffer.getvalue()

    def video(self) -> bytes:
        """The annotated video, WebM; only after the end."""
        self._files.video.seek(0)
        return self._files.video.read()

    def discard(self) -> None:
        """End it and give its disk back."""
        self.finish()
        self._files.forsake()


def _temporary_file() -> BinaryIO:
    # Unbuffered: what the disk refuses is known at once.
    return tempfile.TemporaryFile(buffering=0)
