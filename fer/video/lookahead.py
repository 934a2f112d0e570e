"""Faces of the next frames are looked for while the frame before is read, drawn and written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from fer.detection.base import FaceDetector, SearchSettings
from fer.preprocessing import Image
from fer.results import Detection
from fer.video.decoded import Step
from fer.video.reader import VideoInfo

if TYPE_CHECKING:
    from fer.video.analysis import FrameAnalyzer

# So that the search has always something to do; large frames would hold too much memory.
_FRAMES_AHEAD = 4
_LARGE_PIXELS = 9_000_000


class LookaheadDetector:
    """A file's detector on a thread of its own, so that finding and reading faces overlap.

    Args:
        detector: Used by that thread alone.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fer-detect")
        self._begun: deque[Future[tuple[Detection, ...]]] = deque()

    def begin(self, frame_bgr: Image) -> None:
        """Look for the faces of the next frame, soon."""
        self._begun.append(self._pool.submit(self._detector.detect, frame_bgr))

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """The faces of the oldest frame that was begun; without one, of ``frame``."""
        if not self._begun:
            self.begin(frame)
        return self._begun.popleft().result()

    def for_stream(self, settings: SearchSettings | None = None) -> FaceDetector:
        """As the detector's own."""
        return self._detector.for_stream(settings)

    def for_video(self, interval_s: float) -> FaceDetector:
        """As the detector's own."""
        return self._detector.for_video(interval_s)

    def close(self) -> None:
        """End the thread; what waits is not looked at any more."""
        self._pool.shutdown(cancel_futures=True)


def look_ahead(steps: Iterable[Step], info: VideoInfo, analyzer: FrameAnalyzer) -> Iterator[Step]:
    """The steps of a video; the faces of some more are always looked for already."""
    waiting: deque[Step] = deque()
    ahead = 1 if info.width * info.height > _LARGE_PIXELS else _FRAMES_AHEAD
    for step in steps:
        if step.wanted and step.image_bgr is not None:
            analyzer.begin(step.image_bgr)
        waiting.append(step)
        if len(waiting) > ahead:
            yield waiting.popleft()
    yield from waiting
