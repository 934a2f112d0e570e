"""The search in moving pictures: around known faces in every frame, elsewhere in turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from fer.boxes import containment, iou
from fer.detection.base import SearchSettings
from fer.detection.blazeface import BlazeFace, Candidates, Floats, Square
from fer.detection.networks import CLEAR_SCORE, BlazeFaceNetworks, detection, distinct
from fer.detection.still import CANDIDATE_SCORE, StillSearch, tiles
from fer.preprocessing import Image, check_frame, to_bgr
from fer.results import Box, Detection

SEARCH_EVERY = 3
"""Frames from one search for new faces to the next, while a face is known."""

# The smallest face that the short-range network finds for sure, in pixels of its own view.
_NETWORK_FACE = 17
# A known face is believed with less than a new one: it was agreed on before. Where that is all
# there is, the full-range network judges it again every so many frames.
_KNOWN_SCORE = 0.4
_JUDGED_SCORE = 0.5
_JUDGE_EVERY = 15
# A new one that is less sure has to be agreed on in the next frame too before it is shown.
_SURE_SCORE = 0.8
# With more faces than this, one look at the whole frame costs less than one at each.
_MOST_LOOKS = 3
# A face that is found no more is looked for where it was, for so many frames.
_LOST_FRAMES = 10
# Of a file: seconds from one search of the whole frame to the next, with known faces and without.
_KEYFRAME_S = 1.0
_EMPTY_KEYFRAME_S = 0.5


@dataclass(slots=True)
class _Known:
    detection: Detection
    missed: int = 0
    believed: bool = True
    unsure: int = 0


def _sides(box: Box) -> Floats:
    return np.array([box.x, box.y, box.right, box.bottom], np.float32)


def _same(a: Box, b: Box) -> bool:
    return iou(a, b) > 0.3 or containment(a, b) > 0.6


class _Following:
    """Known faces, looked for where they were."""

    def __init__(self, networks: BlazeFaceNetworks, min_score: float) -> None:
        self.networks = networks
        self.min_score = min_score
        self.known: list[_Known] = []

    def look(self, frame_bgr: Image, known: _Known) -> bool:
        """Look around one face; whether it is there."""
        box, roll = _sides(known.detection.box), known.detection.roll
        seen = self.networks.look(frame_bgr, box, roll)
        least = _KNOWN_SCORE if known.believed else self.min_score
        if not len(seen) or seen.scores[0] < least:
            known.missed += 1
            return False
        known.believed = True
        known.detection = detection(seen.points[0], float(seen.scores[0]))
        known.missed = 0
        known.unsure = known.unsure + 1 if seen.scores[0] < CLEAR_SCORE else 0
        return True

    def judge(self, frame_bgr: Image) -> None:
        """Look again at the face that has been unsure longest, and forget it if it is none.

        One a frame at most: the cost of a frame is to be flat.
        """
        known = max(self.known, key=lambda k: k.unsure, default=None)
        if known is None or known.unsure < _JUDGE_EVERY:
            return
        known.unsure = 0
        judged = self.networks.judge(frame_bgr, known.detection)
        if (known.detection.score + judged) / 2 < _JUDGED_SCORE:
            self.known.remove(known)

    def take(self, found: Candidates, known: _Known) -> bool:
        """Take a face from what a look at the whole frame found; whether it is there."""
        for index in range(len(found)):
            one = detection(found.points[index], float(found.scores[index]))
            if found.scores[index] >= _KNOWN_SCORE and _same(one.box, known.detection.box):
                known.detection, known.missed = one, 0
                return True
        return False

    def add(self, found: tuple[Detection, ...]) -> None:
        """Take new faces; one that was lost there is found again."""
        for one in found:
            at = [k for k in self.known if _same(k.detection.box, one.box)]
            if any(not k.missed for k in at):
                continue
            self.known = [k for k in self.known if k not in at]
            self.known.append(_Known(one, believed=bool(at) or one.score >= _SURE_SCORE))

    def seen(self) -> tuple[Detection, ...]:
        """The faces that this frame shows; those gone for long are forgotten."""
        self.known = [k for k in self.known if k.missed <= (_LOST_FRAMES if k.believed else 0)]
        found = [k.detection for k in self.known if not k.missed and k.believed]
        kept = distinct(found)
        if len(kept) < len(found):
            # Two became one: a look found the neighbour.
            self.known = [
                k for k in self.known if k.missed or not k.believed or k.detection in kept
            ]
        return kept


class StreamSearch:
    """Faces of one stream at a flat cost; never share it, and do not give it photos.

    Around each known face the short-range network looks in every frame, and in every third one at
    the whole or a tile of it, in turns, for new faces. The full-range network, which costs three
    times as much, looks at the whole frame when no face is known, when one is lost, and when there
    are so many that a look at each would cost more.

    Args:
        networks: Both of BlazeFace's.
        settings: What is looked for.
        search_every: Frames from one search to the next; more where viewers share the machine.
    """

    def __init__(
        self,
        networks: BlazeFaceNetworks,
        settings: SearchSettings,
        *,
        search_every: int = SEARCH_EVERY,
    ) -> None:
        self.settings = settings
        self.search_every = search_every
        self._following = _Following(networks, settings.min_score)
        self._shape: tuple[int, ...] = ()
        self._frame = 0
        self._areas: Iterator[Square | None] = cycle([None])
        # Of the frame before, to be looked at closely in this one.
        self._waiting: Candidates | None = None

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """As ``StillSearch.detect``, for the next frame of the stream."""
        frame_bgr = to_bgr(check_frame(frame))
        if frame_bgr.shape != self._shape:
            self._begin(frame_bgr)
        self._frame += 1
        if len(self._following.known) > _MOST_LOOKS:
            self._crowd(frame_bgr)
        else:
            self._few(frame_bgr)
        return self._following.seen()

    def for_stream(self, settings: SearchSettings | None = None) -> StreamSearch:
        """A search for the frames of another stream."""
        return StreamSearch(self._following.networks, settings or self.settings)

    def for_video(self, interval_s: float) -> VideoSearch:
        """A search for the frames of a file."""
        return VideoSearch(StillSearch(self._following.networks, self.settings), interval_s)

    def _begin(self, frame_bgr: Image) -> None:
        self._shape = frame_bgr.shape
        self._following.known = []
        self._waiting = None
        height, width = frame_bgr.shape[:2]
        smallest = self._following.networks.short.side * self.settings.min_face / _NETWORK_FACE
        self._areas = cycle([None, *tiles(width, height, smallest)])

    def _few(self, frame_bgr: Image) -> None:
        following = self._following
        there = [following.look(frame_bgr, known) for known in list(following.known)]
        lost = any(known.missed == 1 and known.believed for known in following.known)
        waiting, self._waiting = self._waiting, None
        if not any(there):
            # Nothing to follow: there is time for the larger network, and a close look at once.
            self._agree(frame_bgr, self._new(following.networks.full, frame_bgr, None)[:2])
        elif lost:
            self._waiting = self._new(following.networks.full, frame_bgr, None)[:1]
        elif waiting is not None and len(waiting):
            self._agree(frame_bgr, waiting)
        elif self._frame % self.search_every == 0:
            area = next(self._areas)
            self._waiting = self._new(following.networks.short, frame_bgr, area)[:1]
        else:
            following.judge(frame_bgr)

    def _crowd(self, frame_bgr: Image) -> None:
        following = self._following
        found = following.networks.full.find(frame_bgr, None, CANDIDATE_SCORE)
        unseen = [k for k in following.known if not following.take(found, k)]
        # One at a time, the one that has waited longest.
        for known in unseen:
            known.missed += 1
        if unseen:
            oldest = max(unseen, key=lambda k: k.missed)
            following.look(frame_bgr, oldest)
        if self._frame % self.search_every == 0:
            self._agree(frame_bgr, self._unknown(found)[:1])
        else:
            following.judge(frame_bgr)

    def _new(self, network: BlazeFace, frame_bgr: Image, area: Square | None) -> Candidates:
        return self._unknown(network.find(frame_bgr, area, CANDIDATE_SCORE))

    def _unknown(self, found: Candidates) -> Candidates:
        """Those where no known face is."""
        boxes = [k.detection.box for k in self._following.known if not k.missed]
        new = np.ones(len(found), bool)
        for index, box in enumerate(found.boxes):
            left, top, right, bottom = (round(float(value)) for value in box)
            here = Box(left, top, right - left, bottom - top)
            new[index] = not any(_same(here, known) for known in boxes)
        return found[new]

    def _agree(self, frame_bgr: Image, chosen: Candidates) -> None:
        """Add those that are agreed on. Each costs a look, in doubt two: few at a time."""
        networks, settings = self._following.networks, self.settings
        agreed = networks.agreed(frame_bgr, chosen, settings.min_score, judgements=1)
        large = tuple(one for one in agreed if one.box.width >= settings.min_face)
        self._following.add(large)


class VideoSearch:
    """Faces of one file: as a still of the same frame would have, followed in between.

    Every second, twice a second while nobody is there, and wherever a face is lost, the whole
    frame is searched as a picture is; in the other frames known faces are looked for where they
    were. It may take the time.

    Args:
        still: Searches whole frames.
        interval_s: Seconds between two frames.
    """

    def __init__(self, still: StillSearch, interval_s: float) -> None:
        self._still = still
        self._interval_s = interval_s
        self._following = _Following(still.networks, still.settings.min_score)
        self._shape: tuple[int, ...] = ()
        self._since_s = 0.0

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """As ``StillSearch.detect``, for the next frame of the file."""
        frame_bgr = to_bgr(check_frame(frame))
        following = self._following
        if frame_bgr.shape != self._shape:
            self._shape, self._since_s, following.known = frame_bgr.shape, _KEYFRAME_S, []
        self._since_s += self._interval_s
        found = [following.look(frame_bgr, known) for known in following.known]
        keyframe_s = _KEYFRAME_S if found else _EMPTY_KEYFRAME_S
        if not all(found) or self._since_s > keyframe_s - self._interval_s / 2:
            self._since_s = 0.0
            following.known = [_Known(one) for one in self._still.detect(frame_bgr)]
        return following.seen()

    def for_stream(self, settings: SearchSettings | None = None) -> StreamSearch:
        """A search for the frames of a stream."""
        return StreamSearch(self._still.networks, settings or self._still.settings)

    def for_video(self, interval_s: float) -> VideoSearch:
        """A search for the frames of another file."""
        return VideoSearch(self._still, interval_s)
