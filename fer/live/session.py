"""The webcam stream: a one-slot mailbox, a worker thread of its own.

The WebRTC callback must return at once and must never raise: either would end the stream without
a word. So it only leaves the newest frame in a mailbox with one slot and draws the last known
faces; the worker detects and classifies whatever frame is newest when it is free. Latency stays
flat however slow the detector is, because frames that nobody had time for are dropped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from fer.explanation.activation import ClassActivation, HeatMap, draw_heat_maps
from fer.live.admission import Admission
from fer.live.camera_clock import CameraClock
from fer.live.health import LiveSnapshot, StreamHealth
from fer.live.picture import guarded, heat_maps, live_picture, live_style
from fer.live.reader import Read, StreamReader
from fer.live.record import SessionRecord
from fer.live.recording import Recording
from fer.live.samples import NeutralCapture, SampleCollector
from fer.live.settings import LiveSettings
from fer.live.throttle import Pace
from fer.live.worker import LatestFrameWorker
from fer.overlay import mark_recording
from fer.preprocessing import Image, check_frame
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import FrameResult

_DARK_MEAN = 4.0
# Boxes older than this are not drawn: when recognition fails or hangs, they would stay for ever.
_STALE_S = 3.0
# When faces are to be blurred, older boxes may miss a face that moved: all of the picture is.
_STALE_BLUR_S = 0.6
# Between two pictures of a viewer who waits for the full frame rate.
_WAITING_STEP_S = 0.3


class LiveSession:
    """One viewer's stream.

    Attributes:
        record: All of the session: its rows, time line, sums and events.
        recording: What the viewer records, or recorded last; set by whoever starts it.
        collector: Collects snapshots for a personal model; set by whoever teaches one.
        neutral: Learns a face at rest; set by whoever calibrates.
        explainer: Shows on each face what speaks for its label; set by whoever wants to see it.

    Args:
        recognizer: Its ``for_stream()`` is used, so that several sessions may be given the same.
        settings: The controls at the start; ``configure`` changes them.
        admission: Shared by all sessions of a server: who of them gets the full frame rate.
        idle_s: The worker ends after so long without a frame (aiortc notices a closed tab only
            after half a minute); a later frame starts another.
        clock: Monotonic seconds; replaced in tests.
    """

    def __init__(
        self,
        recognizer: EmotionRecognizer,
        *,
        settings: LiveSettings | None = None,
        admission: Admission | None = None,
        idle_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings or LiveSettings()
        self._reader = StreamReader(recognizer, self._settings)
        self._admission = admission
        self.clock = clock
        self._changed = threading.Condition()
        self._worker = LatestFrameWorker(self._work, changed=self._changed, idle_s=idle_s)
        self._result: FrameResult | None = None
        self._health = StreamHealth()
        # What is on show, without drawings, and whether its faces were found in time: a paused
        # picture follows the controls too.
        self._shown: tuple[Image, FrameResult | None, bool] | None = None
        self._stopped_s = float("-inf")
        self._camera = CameraClock()
        self._last_frame_s: float | None = None
        self._pace = Pace(admission)
        self._paused_s = 0.0
        self.record = SessionRecord()
        self.recording: Recording | None = None
        self.collector: SampleCollector | None = None
        self.neutral: NeutralCapture | None = None
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

    def configure(
        self, settings: LiveSettings, recognizer: EmotionRecognizer | None = None
    ) -> None:
        """Change the controls, or model and label set; acts with the next frame."""
        with self._changed:
            self._settings = settings
            self._reader.configure(settings, recognizer)

    def process(self, frame_bgr: Image, camera_s: float | None = None) -> Image:
        """Take a frame, return it with the last known faces drawn on it; never raises.

        Args:
            frame_bgr: ``(h, w, 3)`` uint8.
            camera_s: Its time by the camera's clock; without it, it was taken when it came.

        Returns:
            A new array, or ``guarded(frame_bgr)`` when drawing failed.
        """
        try:
            came = self.clock()
            now = self._take_turn(came)
            shown = self._shown
            if self._settings.paused and shown is not None:
                self._pass_over(now)
                return self._drawn(*shown)
            if came < self._stopped_s:
                return guarded(frame_bgr, self._settings)
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
            return guarded(frame_bgr, self._settings)

    def _take_turn(self, now: float) -> float:
        """The time now; a viewer for whom the server is too busy comes to it a little later."""
        if self._admission and self._admission.visit(id(self), self._health.camera_fps(now)):
            # The callback's own thread: what the camera sends meanwhile is dropped unseen.
            time.sleep(_WAITING_STEP_S)
            now = self.clock()
        return now

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
            self._health.came(now)
            if self._last_frame_s is not None:
                self._paused_s += now - self._last_frame_s
            self._last_frame_s = now

    def count_error(self, fault: BaseException) -> None:
        """Remember a failure for the page, and log it once."""
        with self._changed:
            self._health.failed(fault)

    def stop(self) -> None:
        """End the worker; the record stays. A later frame starts a new worker.

        A frame that is being analysed may take its time; its result is thrown away.
        """
        with self._changed:
            # A frame that came before is not taken any more: it would start another worker.
            self._stopped_s = self.clock()
            # Streamlit keeps a closed page's session for minutes: without its pictures.
            self._shown = None
        worker = self._worker.stop()
        if self._admission:
            self._admission.leave(id(self))
        if worker is not None:
            worker.join(timeout=5.0)
        self._maps = ()
        # Nor are people recognised who come back to another stream.
        self._reader.forget_people()

    def clear(self) -> None:
        """Begin a new record; the stream goes on."""
        with self._changed:
            before, self.record = self.record, SessionRecord()
            self.record.keep_faces = before.keep_faces

    def snapshot(self) -> LiveSnapshot:
        """The state now."""
        with self._changed:
            waiting = self._admission.position(id(self)) if self._admission else 0
            return self._health.snapshot(self.clock(), self._result, waiting)

    def _submit(self, frame: Image, moment: float) -> None:
        dark = float(frame[::16, ::16].mean()) < _DARK_MEAN
        with self._changed:
            now = self._last_frame_s = self.clock()
            self._health.came(now)
            self._health.dark = dark
            if moment >= self._stopped_s and self._pace.due(now):
                self._health.dropped += self._worker.submit(frame, moment, now)

    def _work(self, frame: Image, moment: float, arrived: float) -> None:
        """Analyse a frame; on the worker's thread."""
        try:
            read = self._reader.read(
                frame,
                moment,
                paused_s=self._paused_s,
                prepare=self._pace.steer,
                wanted=self._worker.wanted,
            )
            if read is None or not self._publish(read, arrived, frame):
                return
            explainer, found = self.explainer, read.result
            self._maps = heat_maps(explainer, read.reading, found.measured) if explainer else ()
            if (recording := self.recording) is not None:
                # Never mirrored: its boxes are those of the table.
                style = replace(live_style(self._settings), mirror=False)
                shown = draw_heat_maps(frame, self._maps) if self._maps else frame
                recording.add(shown, found, style, read.reader)
            if (collector := self.collector) is not None:
                collector.add(read.reading, moment)
            if (neutral := self.neutral) is not None:
                neutral.add(found)
        except Exception as fault:
            self.count_error(fault)

    def _publish(self, read: Read, arrived: float, frame: Image) -> bool:
        """Make a result known, unless this worker was replaced meanwhile."""
        with self._changed:
            if not self._worker.wanted():
                return False
            result = self._result = read.result
            hidden = self._settings.blur != "nobody"
            self.record.add(result, read.reader, None if hidden else frame)
            self._health.finished(self.clock(), arrived)
            return True
