"""Faces of the next frames are looked for while the frame before is read, drawn and written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer.detection import FaceDetector
from fer.preprocessing import Image
from fer.results import Detection
from fer.video.reader import Frame, VideoReader

if TYPE_CHECKING:
    from fer.video.analysis import FrameAnalyzer, Sampler

# One is searched, one waits; more would only hold more pixels.
_FRAMES_AHEAD = 2


class LookaheadDetector:
    """A stream's detector on a thread of its own, so that finding and reading faces overlap.

    Args:
        detector: Used by that thread alone.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fer-detect")
        self._begun: deque[Future[tuple[Detection, ...]]] = deque()

    def begin(self, grey: Image) -> None:
        """Look for the faces of the next frame, soon."""
        self._begun.append(self._pool.submit(self._detector.detect, grey))

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """The faces of the oldest frame that was begun; without one, of ``frame``."""
        if not self._begun:
            self.begin(frame)
        return self._begun.popleft().result()

    def close(self) -> None:
        """End the thread; what waits is not looked at any more."""
        self._pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A frame that was read, and how far the reading was then.

    Attributes:
        frame: The frame.
        grey: Its grey pixels if it is to be analysed; its faces are being looked for.
        share: Of the file, 0 to 1.
        end_s: Where the video ends so far, in seconds.
        corrupt: Packets that could not be decoded so far.
        frames: Frames so far.
        due_s: When the next frame is to be analysed, or None.
    """

    frame: Frame
    grey: Image | None
    share: float
    end_s: float
    corrupt: int
    frames: int
    due_s: float | None


def look_ahead(
    reader: VideoReader, start_s: float | None, sampler: Sampler, analyzer: FrameAnalyzer
) -> Iterator[Step]:
    """The frames of a video from a time on; two more are always read and searched already."""
    waiting: deque[Step] = deque()
    for frame in reader.frames(start_s):
        grey = frame.image_grey() if sampler.wants(frame.time_s) else None
        if grey is not None:
            analyzer.begin(grey)
        waiting.append(
            Step(
                frame,
                grey,
                reader.share,
                reader.end_s,
                reader.corrupt,
                sampler.frames,
                sampler.due_s,
            )
        )
        if len(waiting) > _FRAMES_AHEAD:
            yield waiting.popleft()
    yield from waiting
