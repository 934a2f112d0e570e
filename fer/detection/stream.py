"""The search in moving pictures: around known faces, elsewhere in turns or at key frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

import numpy as np

from fer.detection.base import SearchSettings
from fer.detection.blazeface import BlazeFace, Candidates, Square
from fer.detection.following import Following, Known, same_place
from fer.detection.networks import BlazeFaceNetworks, detection
from fer.detection.still import CANDIDATE_SCORE, StillSearch, Tiles, tiles
from fer.preprocessing import Image, check_frame, to_bgr
from fer.results import Box, Detection

SEARCH_EVERY = 3
"""Frames from one search for new faces to the next, while a face is known."""

# The smallest face that the short-range network finds for sure, in pixels of its own view.
_NETWORK_FACE = 17
# With more faces than this, one look at the whole frame costs less than one at each.
_MOST_LOOKS = 3
# Of a file: seconds from one search of the whole frame to the next, with known faces and without.
_KEYFRAME_S = 1.0
_EMPTY_KEYFRAME_S = 0.5
# Of a file: where a face is now and was so long ago, in seconds, tells where it was in between if
# it has moved less than so many of its sides, or grown by so much, and turned by so many degrees.
_BETWEEN_S = 0.085
_STEADY_SIDES = 0.1
_STEADY_ROLL = 8.0
# Faces that move more are looked at in so many pairs of frames before it is tried again.
_RESTLESS_PAIRS = 4


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
        self._following = Following(networks, settings.min_score)
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
            new[index] = not any(same_place(here, known) for known in boxes)
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
        self._following = Following(still.networks, still.settings.min_score)
        self._tiles = Tiles()
        self._shape: tuple[int, ...] = ()
        self._since_s = 0.0
        self._restless = 0

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """As ``StillSearch.detect``, for the next frame of the file."""
        frame_bgr = to_bgr(check_frame(frame))
        following = self._following
        if frame_bgr.shape != self._shape:
            self._shape, self._since_s, following.known = frame_bgr.shape, _KEYFRAME_S, []
            self._tiles = Tiles()
        self._since_s += self._interval_s
        found = [following.look(frame_bgr, known) for known in following.known]
        if not all(found) or self._due(self._since_s):
            self._since_s = 0.0
            following.known = [Known(one) for one in self._still.detect(frame_bgr, self._tiles)]
        return following.seen()

    def detect_pair(
        self, first: Image, second: Image
    ) -> tuple[tuple[Detection, ...], tuple[Detection, ...]]:
        """As ``detect`` for the next two frames of the file.

        A face that hardly moves is looked for in the second one; in the first it is half way.
        """
        between_s = 2 * self._interval_s
        known = self._following.known
        self._restless = max(0, self._restless - 1)
        if (
            between_s <= _BETWEEN_S
            and known
            and not self._restless
            and not self._due(self._since_s + between_s)
            and first.shape == second.shape == self._shape
        ):
            frame_bgr = to_bgr(check_frame(second))
            before = [replace(one) for one in known]
            there = [self._following.look(frame_bgr, one) for one in known]
            ways = [(a.detection, b.detection) for a, b in zip(before, known, strict=True)]
            if all(there) and all(_steady(a, b) for a, b in ways):
                self._since_s += between_s
                seen = self._following.seen()
                return tuple(_half_way(a, b) for a, b in ways if b in seen), seen
            self._following.known, self._restless = before, _RESTLESS_PAIRS
        return self.detect(first), self.detect(second)

    def for_stream(self, settings: SearchSettings | None = None) -> StreamSearch:
        """A search for the frames of a stream."""
        return StreamSearch(self._still.networks, settings or self._still.settings)

    def for_video(self, interval_s: float) -> VideoSearch:
        """A search for the frames of another file."""
        return VideoSearch(self._still, interval_s)

    def _due(self, since_s: float) -> bool:
        """Whether the whole frame is searched so long after the last time."""
        every_s = _KEYFRAME_S if self._following.known else _EMPTY_KEYFRAME_S
        return since_s > every_s - self._interval_s / 2


def _steady(before: Detection, now: Detection) -> bool:
    a, b = before.box, now.box
    x, y = (b.x + b.right - a.x - a.right) / 2, (b.y + b.bottom - a.y - a.bottom) / 2
    most = _STEADY_SIDES * min(a.width, b.width)
    moved = max(abs(x), abs(y), abs(b.width - a.width))
    # Degrees go round.
    turned = abs((now.roll - before.roll + 180) % 360 - 180)
    return moved <= most and turned <= _STEADY_ROLL


def _half_way(before: Detection, now: Detection) -> Detection:
    points = (np.array(before.points) + np.array(now.points)) / 2
    return detection(points.astype(np.float32), (before.score + now.score) / 2)
