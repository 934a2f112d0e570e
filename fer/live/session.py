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
from dataclasses import replace
from typing import Protocol

from fer.errors import ModelError
from fer.explanation.activation import ClassActivation, HeatMap, draw_heat_maps
from fer.live.admission import Admission
from fer.live.camera_clock import CameraClock
from fer.live.log import FrameLog, reader_of
from fer.live.picture import guarded, live_picture, live_style
from fer.live.recording import Recording
from fer.live.samples import SampleCollector
from fer.live.settings import LiveSettings
from fer.live.snapshot import LiveSnapshot, rate
from fer.live.throttle import Pace
from fer.live.worker import LatestFrameWorker
from fer.overlay import mark_recording
from fer.preprocessing import Image, check_frame
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import FrameResult, Reader
from fer.tracking.appearance import shared_appearance
from fer.tracking.summary import SummaryCounter
from fer.tracking.tracker import FaceTracker

LOGGER = logging.getLogger(__name__)

_HISTORY_STEP_S = 0.1
_DARK_MEAN = 4.0
# Boxes older than this are not drawn: when recognition fails or hangs, they would stay for ever.
_STALE_S = 3.0
# When faces are to be blurred, older boxes may miss a face that moved: all of the picture is.
_STALE_BLUR_S = 0.6
# Between two pictures of a viewer who waits for the full frame rate.
_WAITING_STEP_S = 0.3
# Different failures remembered, so that each is logged once.
_LOGGED_KINDS = 50
# Faces that are looked at for who they are in one frame: 2 ms each.
_LOOKS_A_FRAME = 1
# Rows of this session, compressed: about an hour of one face.
_LOG_BYTES = 16 * 2**20


class Recognizer(Protocol):
    """What a live session needs of ``EmotionRecognizer``."""

    @property
    def threshold(self) -> float:
        """Confidence below which the label is "unsure"."""
        ...

    def analyze_frame(self, frame_bgr: Image, timestamp_s: float) -> FrameResult:
        """Faces of one frame."""
        ...


class LiveSession:
    """One viewer's stream.

    Attributes:
        recording: What the viewer records, or recorded last; set by whoever starts it.
        collector: Collects snapshots for a personal model; set by whoever teaches one.
        log: Every analysed frame since the start, or since another label set was chosen.
        explainer: Shows on each face what speaks for its label; set by whoever wants to see it.

    Args:
        recognizer: Called from the worker thread only. Of an ``EmotionRecognizer`` its
            ``for_stream()`` is used, so that several sessions may be given the same one.
        settings: The controls at the start; ``configure`` changes them.
        admission: Shared by all sessions of a server: who of them gets the full frame rate.
        history_s: Length of the history in seconds.
        idle_s: The worker ends after so long without a frame (aiortc notices a closed tab only
            after half a minute); a later frame starts another.
        clock: Monotonic seconds; replaced in tests.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        settings: LiveSettings | None = None,
        admission: Admission | None = None,
        history_s: float = 60.0,
        idle_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings or LiveSettings()
        self._source = recognizer
        self._admission = admission
        self._recognizer = self._for_stream(recognizer, self._settings)
        self._tracker = FaceTracker(looks=_LOOKS_A_FRAME)
        self._following = threading.Lock()
        self._summary = SummaryCounter()
        self._reader = reader_of(recognizer)
        self.log = FrameLog(self._reader.labels, _LOG_BYTES)
        self._steer()
        self._clock = clock
        self._history_s = history_s
        self._changed = threading.Condition()
        self._worker = LatestFrameWorker(self._work, changed=self._changed, idle_s=idle_s)
        self._result: FrameResult | None = None
        self._history: deque[FrameResult] = deque(maxlen=max(1, round(history_s / _HISTORY_STEP_S)))
        self._arrivals: deque[float] = deque(maxlen=200)
        self._finished: deque[float] = deque(maxlen=200)
        self._latency_ms = 0.0
        self._received = self._dropped = self._errors = 0
        self._last_error = ""
        self._logged: set[str] = set()
        self._dark = False
        # What is on show, without drawings, and whether its faces were found in time: a paused
        # picture follows the controls too.
        self._shown: tuple[Image, FrameResult | None, bool] | None = None
        self._stopped_s = float("-inf")
        self._camera = CameraClock()
        self._last_frame_s: float | None = None
        self._pace = Pace(admission)
        self._paused_s = 0.0
        self.recording: Recording | None = None
        self.collector: SampleCollector | None = None
        self.explainer: ClassActivation | None = None
        self._maps: tuple[HeatMap, ...] = ()

    @property
    def settings(self) -> LiveSettings:
        """The controls as they are now."""
        return self._settings

    @property
    def crowded(self) -> bool:
        """Whether so many viewers share the server that each gets a little less."""
        return self._pace.crowded

    def configure(self, settings: LiveSettings, recognizer: Recognizer | None = None) -> None:
        """Change the controls; acts with the next frame, without a restart.

        Args:
            settings: All of them.
            recognizer: Another model or label set; default the one in use.
        """
        with self._changed:
            source = recognizer or self._source
            searches = self._settings.search_settings() != settings.search_settings()
            if source is not self._source or searches:
                self._recognizer = self._for_stream(source, settings)
            self._source, self._settings = source, settings
            self._reader = reader_of(source)
            self._steer()

    @staticmethod
    def _for_stream(recognizer: Recognizer, settings: LiveSettings) -> Recognizer:
        if isinstance(recognizer, EmotionRecognizer):
            return recognizer.for_stream(settings.search_settings())
        return recognizer

    def _steer(self) -> None:
        """Give the tracker what the controls say about it."""
        threshold = self._settings.threshold
        self._tracker.threshold = self._source.threshold if threshold is None else threshold
        self._tracker.settings = replace(
            self._tracker.settings, smoothing_s=self._settings.smoothing_s
        )
        try:
            self._tracker.look_with(shared_appearance() if self._settings.identity else None)
        except ModelError as fault:
            # The stream goes on; who is who is decided by place alone.
            self._tracker.look_with(None)
            LOGGER.warning("%s", fault)

    def process(self, frame_bgr: Image, camera_s: float | None = None) -> Image:
        """Take a frame, return it with the last known faces drawn on it; never raises.

        Args:
            frame_bgr: ``(h, w, 3)`` uint8.
            camera_s: Its time in seconds by the camera's clock; without it, it was taken when it
                came.

        Returns:
            A new array with the drawings that the controls ask for, or ``guarded(frame_bgr)`` when
            drawing failed.
        """
        try:
            came = self._clock()
            now = self._take_turn(came)
            shown = self._shown
            if self._settings.paused and shown is not None:
                self._pass_over(now)
                return self._drawn(*shown)
            if came < self._stopped_s:
                return self.guarded(frame_bgr)
            # What is no picture is refused once, not by everybody who would look at it.
            check_frame(frame_bgr)
            self._submit(frame_bgr, self._camera.moment(camera_s, now))
            result = self._result
            if result is not None and (result.height, result.width) != frame_bgr.shape[:2]:
                result = None
            if result is not None and now - result.timestamp_s > _STALE_S:
                result = None
            fresh = result is not None and now - result.timestamp_s <= _STALE_BLUR_S
            with self._changed:
                # Not after the stop: the picture of a closed page would stay.
                if came >= self._stopped_s:
                    self._shown = (frame_bgr, result, fresh)
            drawn = self._drawn(frame_bgr, result, fresh)
            if (recording := self.recording) is not None and recording.active:
                mark_recording(drawn)
            return drawn
        except Exception as fault:
            self.count_error(fault)
            return self.guarded(frame_bgr)

    def _take_turn(self, now: float) -> float:
        """The time now; a viewer for whom the server is too busy comes to it a little later."""
        if self._admission and self._admission.visit(id(self), rate(self._arrivals, now)):
            # The callback's own thread: what the camera sends meanwhile is dropped unseen.
            time.sleep(_WAITING_STEP_S)
            now = self._clock()
        return now

    def guarded(self, frame: Image) -> Image:
        """A picture that could not be worked on: as it is, or black when faces are to be hidden."""
        return guarded(frame, self._settings)

    def _drawn(self, frame: Image, result: FrameResult | None, fresh: bool) -> Image:
        faces = result.faces if result else ()
        return live_picture(frame, faces, self._settings, fresh=fresh, maps=self._maps)

    def picture(self) -> Image | None:
        """What is on show now, as ``process`` would draw it; None before the first frame."""
        shown = self._shown
        return self._drawn(*shown) if shown else None

    def _pass_over(self, now: float) -> None:
        """Take note of a frame that came while paused; the tracker's clock stands still."""
        with self._changed:
            self._received += 1
            self._arrivals.append(now)
            if self._last_frame_s is not None:
                self._paused_s += now - self._last_frame_s
            self._last_frame_s = now

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
            # A frame that came before is not taken any more: it would start another worker.
            self._stopped_s = self._clock()
            # Streamlit keeps a closed page's session for minutes: without its pictures.
            self._shown = None
        worker = self._worker.stop()
        if self._admission:
            self._admission.leave(id(self))
        if worker is not None:
            worker.join(timeout=5.0)
        self._maps = ()
        # Nor are people recognised who come back to another stream.
        self._tracker.forget_people()

    def snapshot(self) -> LiveSnapshot:
        """The state now."""
        with self._changed:
            now = self._clock()
            idle = now - self._arrivals[-1] if self._arrivals else float("inf")
            return LiveSnapshot(
                result=self._result,
                history=tuple(self._history),
                summary=self._summary.summary(),
                camera_fps=rate(self._arrivals, now),
                processed_fps=rate(self._finished, now),
                latency_ms=self._latency_ms,
                received=self._received,
                dropped=self._dropped,
                errors=self._errors,
                last_error=self._last_error,
                dark=self._dark,
                idle_s=idle,
                waiting=self._admission.position(id(self)) if self._admission else 0,
            )

    def _submit(self, frame: Image, moment: float) -> None:
        dark = float(frame[::16, ::16].mean()) < _DARK_MEAN
        with self._changed:
            now = self._clock()
            self._received += 1
            self._arrivals.append(now)
            self._last_frame_s = now
            self._dark = dark
            if moment >= self._stopped_s and self._pace.due(now):
                self._dropped += self._worker.submit(frame, moment, now)

    def _work(self, frame: Image, moment: float, arrived: float) -> None:
        """Analyse a frame; on the worker's thread."""
        try:
            with self._changed:
                recognizer, reader = self._recognizer, self._reader
            self._pace.steer(recognizer)
            found = self._follow(recognizer.analyze_frame(frame, moment), frame)
            result = self._publish(found, arrived, reader) if found else None
            if result is None:
                return
            explainer = self.explainer
            self._maps = explainer.explain(frame, result.measured) if explainer else ()
            if (recording := self.recording) is not None:
                # Never mirrored: its boxes are those of the table.
                style = replace(live_style(self._settings), mirror=False)
                shown = draw_heat_maps(frame, self._maps) if self._maps else frame
                recording.add(shown, result, style, reader)
            if (collector := self.collector) is not None:
                collector.add(frame, result)
        except Exception as fault:
            self.count_error(fault)

    def _follow(self, found: FrameResult, frame: Image) -> FrameResult | None:
        """Say who is who, unless this worker was replaced meanwhile; drawing does not wait."""
        with self._following:
            if not self._worker.wanted():
                return None
            before = self._result
            if before and (before.width, before.height) != (found.width, found.height):
                # Boxes of another frame size mean nothing in this one.
                self._tracker.reset()
            moment = found.timestamp_s - self._paused_s
            return replace(found, faces=self._tracker.update(found.faces, moment, frame))

    def _publish(self, result: FrameResult, arrived: float, reader: Reader) -> FrameResult | None:
        """Make a result known, unless this worker was replaced meanwhile."""
        with self._changed:
            if not self._worker.wanted():
                return None
            self._summary.add(result)
            if reader.labels != self.log.labels:
                self.log = FrameLog(reader.labels, _LOG_BYTES)
            self.log.add(result, reader)
            now = self._clock()
            self._result = result
            self._latency_ms = (now - arrived) * 1000
            self._finished.append(now)
            last = self._history[-1].timestamp_s if self._history else float("-inf")
            if result.timestamp_s - last >= _HISTORY_STEP_S:
                self._history.append(result)
            while result.timestamp_s - self._history[0].timestamp_s > self._history_s:
                self._history.popleft()
            return result
