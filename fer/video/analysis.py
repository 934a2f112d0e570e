"""By whom the faces of a video are followed, and how long it still takes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from fer.errors import InputError
from fer.preprocessing import Image
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import FaceEmotion, FrameResult
from fer.tracking.appearance import shared_appearance
from fer.tracking.tracker import FaceTracker, TrackerSettings
from fer.video.lookahead import Lookahead
from fer.video.reader import VideoInfo

# A face must be missed this often in a row before it is somebody new, however few frames are read.
_HELD_SAMPLES = 2.5


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How a video is read.

    Attributes:
        every: Analyse every n-th frame.
        rate: Analyse at most this many frames a second of the video; None for no limit.
        tracker: Following and smoothing, as on the webcam page.
        identity: Give a person who returns in the same video the old id, by their looks; these
            are kept in memory until the end.
    """

    every: int = 1
    rate: float | None = None
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    identity: bool = True

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            InputError: Naming the option, its range and the value.
        """
        if self.every < 1:
            raise InputError(f"every: expected a whole number from 1, got {self.every}; change it")
        if self.rate is not None and not 0.001 <= self.rate <= 1000:
            raise InputError(
                f"rate: expected 0.001 to 1000 frames a second, got {self.rate}; change it"
            )

    def interval_s(self, info: VideoInfo) -> float:
        """About how many seconds lie between two analysed frames."""
        frame_s = self.every / (info.fps or 25.0)
        return max(frame_s, 1 / self.rate) if self.rate else frame_s


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """How far a video is.

    Attributes:
        share: Of the file, 0 to 1.
        time_s: Time of the newest frame in seconds.
        frames: Frames read.
        analysed: Frames analysed.
        elapsed_s: Seconds this run has taken.
        remaining_s: Seconds it will still take at this pace, or None when that is not known yet.
        faces: Those of the newest analysed frame.
    """

    share: float
    time_s: float
    frames: int
    analysed: int
    elapsed_s: float
    remaining_s: float | None
    faces: int


def remaining_s(share: float, elapsed_s: float, from_share: float = 0.0) -> float | None:
    """Seconds left at the pace so far; None while too little is known."""
    done = share - from_share
    if done < 0.002 or elapsed_s < 0.5:
        return None
    return elapsed_s / done * max(0.0, 1 - share)


class FrameAnalyzer:
    """Finds, reads, follows and smooths the faces of one video.

    Args:
        recognizer: Reads the faces that its detector's ``for_video`` finds.
        options: Smoothing.
        info: Of the video, for its frame rate.
        known: Faces of the last analysed frame of an earlier run, which keep their ids.
        known_s: Its time.
        last_id: The highest id given so far.
    """

    def __init__(
        self,
        recognizer: EmotionRecognizer,
        options: VideoOptions,
        info: VideoInfo,
        *,
        known: Sequence[FaceEmotion] = (),
        known_s: float = 0.0,
        last_id: int = 0,
    ) -> None:
        interval_s = options.interval_s(info)
        self._ahead = Lookahead(recognizer.detector.for_video(interval_s))
        self._recognizer = recognizer
        settings = options.tracker
        hold_s = max(settings.hold_s, _HELD_SAMPLES * interval_s)
        self._tracker = FaceTracker(
            recognizer.threshold,
            replace(settings, hold_s=hold_s),
            embedder=shared_appearance() if options.identity else None,
        )
        self._tracker.restore(known, known_s, last_id)
        self._size: tuple[int, int] | None = None

    @property
    def last_id(self) -> int:
        """The highest id given so far."""
        return self._tracker.last_id

    def recall(self, frame_bgr: Image, faces: Iterable[FaceEmotion]) -> None:
        """Learn again what people look like to whom an earlier run has given ids.

        Args:
            frame_bgr: ``(h, w, 3)`` uint8.
            faces: Found in it then.
        """
        for face in faces:
            self._tracker.recall(frame_bgr, face)

    def begin(self, frame_bgr: Image) -> None:
        """Look for the faces of the next frame to be analysed, on another thread."""
        self._ahead.begin(frame_bgr)

    def close(self) -> None:
        """End that thread."""
        self._ahead.close()

    def analyze(self, frame_bgr: Image, time_s: float) -> FrameResult:
        """The faces of the next frame that was begun, with stable ids from 1.

        Args:
            frame_bgr: ``(h, w, 3)`` uint8.
            time_s: Its time in seconds.
        """
        started = time.perf_counter()
        read = self._recognizer.read_found(frame_bgr, self._ahead.faces()).faces
        elapsed_ms = (time.perf_counter() - started) * 1000
        height, width = frame_bgr.shape[:2]
        size = (width, height)
        if self._size not in (None, size):
            # Boxes of another frame size mean nothing in this one.
            self._tracker.reset()
        self._size = size
        faces = self._tracker.update(read, time_s, frame_bgr)
        return FrameResult(time_s, width, height, faces, elapsed_ms)


class Pace:
    """Turns what has been done into ``VideoProgress``.

    Args:
        from_share: Share of the file that an earlier run has done.
    """

    def __init__(self, from_share: float = 0.0) -> None:
        self._started = time.monotonic()
        self._from_share = from_share

    def progress(
        self, share: float, time_s: float, frames: int, analysed: int, faces: int
    ) -> VideoProgress:
        """The progress now."""
        elapsed = time.monotonic() - self._started
        left = remaining_s(share, elapsed, self._from_share)
        return VideoProgress(share, time_s, frames, analysed, elapsed, left, faces)
