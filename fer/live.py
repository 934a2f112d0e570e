"""The webcam stream: a one-slot mailbox, a worker thread of its own, a bounded history.

The WebRTC callback must return at once and must never raise: either would end the stream without
a word. So it only leaves the newest frame in a mailbox with one slot and draws the last known
faces; the worker detects and classifies whatever frame is newest when it is free. Latency stays
flat however slow the detector is, because frames that nobody had time for are dropped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from fer.overlay import draw_faces
from fer.pipeline import EmotionRecognizer
from fer.preprocessing import Image
from fer.results import FrameResult
from fer.tracking import FaceTracker

LOGGER = logging.getLogger(__name__)

_RATE_WINDOW_S = 3.0
_HISTORY_STEP_S = 0.1
_DARK_MEAN = 4.0
# Boxes older than this are not drawn: when recognition fails or hangs, they would stay for ever.
_STALE_S = 3.0
# Different failures remembered, so that each is logged once.
_LOGGED_KINDS = 50


class Recognizer(Protocol):
    """What a live session needs of ``EmotionRecognizer``."""

    threshold: float

    def analyze_frame(self, frame_bgr: Image, timestamp_s: float) -> FrameResult:
        """Faces of one frame."""
        ...


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """The state of a stream at one moment; immutable, safe to read from any thread.

    Attributes:
        result: The newest analysed frame, or None before the first.
        history: Analysed frames of the last minute, at most ten a second, oldest first.
        camera_fps: Frames received per second.
        processed_fps: Frames analysed per second.
        latency_ms: Time from a frame's arrival to its result.
        received: Frames received since the start.
        dropped: Frames that nobody had time for.
        errors: Frames whose handling failed; the stream went on.
        last_error: One line about the last failure.
        dark: The camera sends (almost) black pictures.
        idle_s: Seconds since the last frame arrived.
    """

    result: FrameResult | None = None
    history: tuple[FrameResult, ...] = ()
    camera_fps: float = 0.0
    processed_fps: float = 0.0
    latency_ms: float = 0.0
    received: int = 0
    dropped: int = 0
    errors: int = 0
    last_error: str = ""
    dark: bool = False
    idle_s: float = float("inf")


def _rate(times: deque[float], now: float) -> float:
    recent = [t for t in times if now - t <= _RATE_WINDOW_S]
    span = now - recent[0] if len(recent) > 1 else 0.0
    return (len(recent) - 1) / span if span > 0.2 else 0.0


class LiveSession:
    """One viewer's stream.

    Args:
        recognizer: Called from the worker thread only. Of an ``EmotionRecognizer`` its
            ``for_stream()`` is used, so that several sessions may be given the same one.
        tracker: Follows and smooths; default follows with the recogniser's threshold.
        history_s: Length of the history in seconds.
        idle_s: The worker ends after so long without a frame (aiortc notices a closed tab only
            after half a minute); a later frame starts another.
        clock: Monotonic seconds; replaced in tests.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        tracker: FaceTracker | None = None,
        history_s: float = 60.0,
        idle_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recognizer: Recognizer = (
            recognizer.for_stream() if isinstance(recognizer, EmotionRecognizer) else recognizer
        )
        self._tracker = tracker or FaceTracker(recognizer.threshold)
        self._clock = clock
        self._history_s = history_s
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._mailbox: tuple[Image, float] | None = None
        self._worker: threading.Thread | None = None
        self._stopping = False
        self._result: FrameResult | None = None
        self._history: deque[FrameResult] = deque(maxlen=max(1, round(history_s / _HISTORY_STEP_S)))
        self._arrivals: deque[float] = deque(maxlen=200)
        self._finished: deque[float] = deque(maxlen=200)
        self._latency_ms = 0.0
        self._received = self._dropped = self._errors = 0
        self._last_error = ""
        self._logged: set[str] = set()
        self._dark = False

    def process(self, frame_bgr: Image) -> Image:
        """Take a frame, return it with the last known faces drawn on it; never raises.

        Args:
            frame_bgr: ``(h, w, 3)`` uint8.

        Returns:
            A new array, or ``frame_bgr`` itself when drawing failed.
        """
        try:
            now = self._clock()
            self._submit(frame_bgr, now)
            result = self._result
            shape = frame_bgr.shape[:2]
            if result is None or (result.height, result.width) != shape:
                return frame_bgr
            if now - result.timestamp_s > _STALE_S:
                return frame_bgr
            return draw_faces(frame_bgr, result.faces)
        except Exception as fault:
            self.count_error(fault)
            return frame_bgr

    def count_error(self, fault: BaseException) -> None:
        """Remember a failure for the page, and log it once; at 30 a second more would be noise."""
        line = f"{type(fault).__name__}: {fault}"
        with self._changed:
            new = line not in self._logged and len(self._logged) < _LOGGED_KINDS
            if new:
                self._logged.add(line)
            self._errors += 1
            self._last_error = line
        if new:
            LOGGER.warning("live stream: a frame failed: %s", line)

    def stop(self) -> None:
        """End the worker; the history stays. A later frame starts a new worker.

        A frame that is being analysed may take its time; its result is thrown away.
        """
        with self._changed:
            worker, self._stopping, self._mailbox = self._worker, True, None
            self._changed.notify_all()
        if worker is not None and worker is not threading.current_thread():
            worker.join(timeout=5.0)

    def snapshot(self) -> LiveSnapshot:
        """The state now."""
        with self._changed:
            now = self._clock()
            idle = now - self._arrivals[-1] if self._arrivals else float("inf")
            return LiveSnapshot(
                result=self._result,
                history=tuple(self._history),
                camera_fps=_rate(self._arrivals, now),
                processed_fps=_rate(self._finished, now),
                latency_ms=self._latency_ms,
                received=self._received,
                dropped=self._dropped,
                errors=self._errors,
                last_error=self._last_error,
                dark=self._dark,
                idle_s=idle,
            )

    def _submit(self, frame: Image, now: float) -> None:
        dark = float(frame[::16, ::16].mean()) < _DARK_MEAN
        with self._changed:
            self._received += 1
            self._arrivals.append(now)
            self._dark = dark
            if self._mailbox is not None:
                self._dropped += 1
            self._mailbox = (frame, now)
            if self._worker is None or not self._worker.is_alive() or self._stopping:
                self._stopping = False
                self._worker = threading.Thread(target=self._work, name="fer-live", daemon=True)
                self._worker.start()
            self._changed.notify_all()

    def _take(self) -> tuple[Image, float] | None:
        """The newest frame, or None when this worker should end."""
        me = threading.current_thread()
        with self._changed:
            while self._mailbox is None and self._wanted(me):
                if not self._changed.wait(timeout=self._idle_s):
                    break
            if self._mailbox is None or not self._wanted(me):
                if self._worker is me:
                    self._worker = None
                return None
            item, self._mailbox = self._mailbox, None
            return item

    def _wanted(self, worker: threading.Thread) -> bool:
        """Whether this worker still has a job: not stopped, and not replaced by another."""
        return self._worker is worker and not self._stopping

    def _work(self) -> None:
        while (item := self._take()) is not None:
            frame, arrived = item
            try:
                self._publish(self._recognizer.analyze_frame(frame, arrived), arrived)
            except Exception as fault:
                self.count_error(fault)

    def _publish(self, found: FrameResult, arrived: float) -> None:
        """Follow the faces and make the result known, unless this worker was replaced meanwhile."""
        with self._changed:
            if not self._wanted(threading.current_thread()):
                return
            before = self._result
            if before and (before.width, before.height) != (found.width, found.height):
                # Boxes of another frame size mean nothing in this one.
                self._tracker.reset()
            result = replace(found, faces=self._tracker.update(found.faces, arrived))
            now = self._clock()
            self._result = result
            self._latency_ms = (now - arrived) * 1000
            self._finished.append(now)
            last = self._history[-1].timestamp_s if self._history else float("-inf")
            if result.timestamp_s - last >= _HISTORY_STEP_S:
                self._history.append(result)
            while result.timestamp_s - self._history[0].timestamp_s > self._history_s:
                self._history.popleft()
