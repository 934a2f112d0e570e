"""A recording of a live session: a table and an annotated video, made only when asked for.

Every analysed frame is in the table. A thread of its own encodes the video, so that the stream
never waits for a disk; frames that it has no time for are missing there. The video is a temporary
file without a name (on POSIX): it vanishes with the recording, or with the process however that
ends. WebM is written because a file that is cut off, as by a full disk, still plays.
"""

from __future__ import annotations

import queue
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from fer.errors import InputError
from fer.live.log import FrameLog
from fer.live.recording_video import RecordingLimits, RecordingVideo, free_bytes
from fer.overlay import OverlayStyle
from fer.preprocessing import Image
from fer.results import FaceEmotion, FrameResult, Reader


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """A recording at one moment.

    Attributes:
        active: Whether it goes on.
        seconds: Its length so far.
        frames: Analysed frames, all of them in the table.
        left_out: Of these, not in the video: the encoder had no time for them.
        file_bytes: Size of table and video so far.
        reason: Why it ended, one sentence; empty while it goes on and when it was asked to end.
    """

    active: bool
    seconds: float
    frames: int
    left_out: int
    file_bytes: int
    reason: str


_Item = tuple[Image, tuple[FaceEmotion, ...], OverlayStyle, float]


class Recording:
    """One recording. It goes on across pauses of the stream until ``finish`` or a limit.

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
        self._log = FrameLog()
        self._video = RecordingVideo(limits, open_file or _temporary_file)
        self._waiting: queue.Queue[_Item | None] = queue.Queue(limits.waiting_frames)
        self.closed = False
        self._left_out = 0
        self._asked_to_end = False
        # It keeps the recording alive until that has ended, or its viewer's lease ends it.
        self._thread = threading.Thread(target=self._write, name="fer-recording", daemon=True)
        self._thread.start()

    def _write(self) -> None:
        log, video = self._log, self._video
        try:
            while not video.reason and (item := self._waiting.get()) is not None:
                video.write(*item)
                del item
                video.reason = video.reason or video.full(log.seconds, log.size_bytes)
        except Exception as fault:
            video.fail(fault)
        try:
            video.finish()
        except Exception as fault:
            if not video.reason:
                video.fail(fault)

    @property
    def folder(self) -> None:
        """Its files have no name and sizes of their own limits."""

    @property
    def active(self) -> bool:
        """Whether frames are still taken."""
        return self._thread.is_alive() and not self._asked_to_end

    def add(self, frame: Image, result: FrameResult, style: OverlayStyle, reader: Reader) -> None:
        """Record an analysed frame; returns at once.

        When too many wait for the encoder, the frame is in the table only.
        """
        if not self.active or self._log.seconds >= self.limits.seconds:
            return
        self._log.add(result, reader)
        try:
            self._waiting.put_nowait((frame, result.faces, style, self._log.seconds))
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
        log, video = self._log, self._video
        return RecordingStatus(
            self.active,
            log.seconds,
            log.frames,
            self._left_out,
            log.size_bytes + video.file_bytes,
            video.reason,
        )

    def table(self, suffix: str) -> bytes:
        """The rows of every analysed frame, as ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``."""
        return self._log.table(suffix)

    def video(self) -> bytes:
        """The annotated video, WebM; only after the end."""
        self._video.video.seek(0)
        return self._video.video.read()

    def refuse(self, reason: str) -> None:
        """End it with a reason; what was recorded is kept."""
        self._video.reason = self._video.reason or reason
        self._asked_to_end = True
        # A full queue wakes the thread by itself.
        with suppress(queue.Full):
            self._waiting.put_nowait(None)

    def close(self) -> None:
        """End it and give its disk back."""
        self.closed = True
        self.finish()
        self._video.video.close()


def _temporary_file() -> BinaryIO:
    # Unbuffered: what the disk refuses is known at once.
    return tempfile.TemporaryFile(buffering=0)
