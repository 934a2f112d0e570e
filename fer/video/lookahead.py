"""Faces of the next frames are looked for while the frame before is read, drawn and written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer.boxes import iou
from fer.detection.cascade import FaceDetector
from fer.detection.following import FollowingDetector
from fer.preprocessing import Image
from fer.results import Box, Detection
from fer.video.reader import Frame, VideoReader

if TYPE_CHECKING:
    from fer.video.analysis import FrameAnalyzer, Sampler

# So that the search has always something to do; large frames would hold too much memory.
_FRAMES_AHEAD = 4
_LARGE_PIXELS = 9_000_000
# Two detections of neighbouring frames are one face when they overlap so much.
_SAME_IOU = 0.4


def between(before: Detection, after: Detection) -> Detection:
    """A face in the frame between two in which it was found."""
    one, two = before.box, after.box
    box = Box(
        (one.x + two.x) // 2,
        (one.y + two.y) // 2,
        (one.width + two.width) // 2,
        (one.height + two.height) // 2,
    )
    return Detection(box, (before.score + after.score) / 2, (before.roll + after.roll) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Begun:
    shape: tuple[int, ...]
    found: Future[tuple[Detection, ...]] | None


class LookaheadDetector:
    """A stream's detector on a thread of its own, so that finding and reading faces overlap.

    In a file the next frame is known too. So with ``alternate`` only every second frame is
    searched, and a face that is found before and after is taken to be in the middle; one that is
    found only before or only after is looked for in the frame itself.

    Args:
        detector: Used by that thread alone.
        alternate: For many frames a second, between which faces hardly move; needs a
            ``FollowingDetector``, else every frame is searched.
    """

    def __init__(self, detector: FaceDetector, *, alternate: bool = False) -> None:
        self._detector = detector
        self._close = detector.detector if isinstance(detector, FollowingDetector) else None
        self._alternate = alternate and self._close is not None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fer-detect")
        self._begun: deque[_Begun] = deque()
        self._newest: _Begun | None = None
        self._last: tuple[Detection, ...] = ()

    def begin(self, grey: Image) -> None:
        """Look for the faces of the next frame, soon."""
        newest = self._newest
        skip = self._alternate and newest is not None and newest.found is not None
        if skip and newest is not None and newest.shape == grey.shape:
            self._newest = _Begun(grey.shape, None)
        else:
            self._newest = _Begun(grey.shape, self._pool.submit(self._detector.detect, grey))
        self._begun.append(self._newest)

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """The faces of the oldest frame that was begun; without one, of ``frame``."""
        if not self._begun:
            self.begin(frame)
        oldest = self._begun.popleft()
        if oldest.found is not None:
            self._last = oldest.found.result()
            return self._last
        after = self._begun[0] if self._begun else None
        if after is None or after.found is None or after.shape != oldest.shape:
            # The last frame, or the last one of this size.
            return self._pool.submit(self._detector.detect, frame).result()
        return self._between(frame, self._last, after.found.result())

    def _between(
        self, grey: Image, before: tuple[Detection, ...], after: tuple[Detection, ...]
    ) -> tuple[Detection, ...]:
        assert self._close is not None
        found, left = [], list(after)
        for one in before:
            two = max(left, key=lambda other: iou(one.box, other.box), default=None)
            if two is not None and iou(one.box, two.box) > _SAME_IOU:
                left.remove(two)
                found.append(between(one, two))
            else:
                found.extend(self._look(grey, one))
        for one in left:
            found.extend(self._look(grey, one))
        return tuple(found)

    def _look(self, grey: Image, known: Detection) -> list[Detection]:
        assert self._close is not None
        found = self._close.search_near(grey, known.box)
        return [found] if found is not None else []

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
        corrupt_position: Where the last one of them ended, in bytes.
        frames: Frames so far.
        due_s: When the next frame is to be analysed, or None.
    """

    frame: Frame
    grey: Image | None
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
                reader.corrupt_position,
                sampler.frames,
                sampler.due_s,
            )
        )
        if len(waiting) > ahead:
            yield waiting.popleft()
    yield from waiting
