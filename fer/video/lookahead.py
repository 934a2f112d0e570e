"""Faces of the next frames are looked for while the frame before is read, drawn and written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer.detection.base import FaceDetector, SearchSettings
from fer.preprocessing import Image
from fer.results import Detection
from fer.video.reader import Frame, VideoReader

if TYPE_CHECKING:
    from fer.video.analysis import FrameAnalyzer, Sampler

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


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A frame that was read, and how far the reading was then.

    Attributes:
        frame: The frame.
        image_bgr: Its pixels if it is to be analysed; its faces are being looked for.
        share: Of the file, 0 to 1.
        end_s: Where the video ends so far, in seconds.
        corrupt: Packets that could not be decoded so far.
        corrupt_position: Where the last one of them ended, in bytes.
        frames: Frames so far.
        due_s: When the next frame is to be analysed, or None.
    """

    frame: Frame
    image_bgr: Image | None
    share: float
    end_s: float
    corrupt: int
    corrupt_position: int
    frames: int
    due_s: float | None


def look_ahead(
    reader: VideoReader, start_s: float | None, sampler: Sampler, analyzer: FrameAnalyzer
) -> Iterator[Step]:
    """The frames of a video from a time on; some more are always read and searched already."""
    waiting: deque[Step] = deque()
    large = reader.info.width * reader.info.height > _LARGE_PIXELS
    ahead = 1 if large else _FRAMES_AHEAD
    for frame in reader.frames(start_s):
        image_bgr = frame.image_bgr() if sampler.wants(frame.time_s) else None
        if image_bgr is not None:
            analyzer.begin(image_bgr)
        waiting.append(
            Step(
                frame,
                image_bgr,
                reader.share,
                reader.end_s,
                reader.corrupt,
                reader.corrupt_position,
                sampler.frames,
                sampler.due_s,
            )
        )
        if len(waiting) > ahead:
            yield waiting.popleft()
    yield from waiting
