"""Faces of the next frames are looked for while the frame before is read, drawn and written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from fer.detection.base import VideoDetector
from fer.preprocessing import Image
from fer.results import Detection
from fer.video.decoded import Step
from fer.video.reader import VideoInfo

if TYPE_CHECKING:
    from fer.video.analysis import FrameAnalyzer

# A key frame takes as long as a dozen others: so many are found before, as far as memory goes.
_MOST_AHEAD = 16
_LEAST_AHEAD = 2
_AHEAD_BYTES = 32 * 2**20


class Lookahead:
    """Faces of a file's frames, found on a thread of its own while the frames before are read.

    Args:
        detector: Used by that thread alone.
    """

    def __init__(self, detector: VideoDetector) -> None:
        self._detector = detector
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fer-detect")
        self._begun: deque[Future[Sequence[tuple[Detection, ...]]]] = deque()
        self._found: deque[tuple[Detection, ...]] = deque()
        self._first: Image | None = None

    def begin(self, frame_bgr: Image) -> None:
        """Look for the faces of the next frame, soon: two frames together."""
        first, self._first = self._first, None
        if first is None:
            self._first = frame_bgr
        else:
            self._begun.append(self._pool.submit(self._detector.detect_pair, first, frame_bgr))

    def faces(self) -> tuple[Detection, ...]:
        """Those of the oldest frame that was begun and not yet asked for."""
        if not self._found:
            if self._begun:
                self._found.extend(self._begun.popleft().result())
            elif self._first is not None:
                # The last of a file.
                self._found.append(self._pool.submit(self._detector.detect, self._first).result())
                self._first = None
        return self._found.popleft()

    def close(self) -> None:
        """End the thread; what waits is not looked at any more."""
        self._pool.shutdown(cancel_futures=True)


def look_ahead(steps: Iterable[Step], info: VideoInfo, analyzer: FrameAnalyzer) -> Iterator[Step]:
    """The steps of a video; the faces of some more are always looked for already."""
    waiting: deque[Step] = deque()
    room = _AHEAD_BYTES // (info.width * info.height * 3)
    ahead = min(max(room, _LEAST_AHEAD), _MOST_AHEAD)
    for step in steps:
        if step.wanted and step.image_bgr is not None:
            analyzer.begin(step.image_bgr)
        waiting.append(step)
        if len(waiting) > ahead:
            yield waiting.popleft()
    yield from waiting
