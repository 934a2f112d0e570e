"""The search of a whole picture: every size from the smallest face asked for, and a second look.

The full-range network sees faces from about 15 of its 192 pixels on, so a picture is looked at as
a whole and in overlapping tiles of halving size, until the smallest face asked for is that large.
Whatever it or the short-range network takes for a face, the latter looks at again closely, which
also gives better points, and in doubt the full-range network looks at that place alone. Looks from
several distances seldom err alike: on photographs by eye, the mean of their scores separates faces
from the rest where no threshold of one does (``benchmarks/bench_detection.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from fer.detection.base import SearchSettings
from fer.detection.blazeface import BlazeFace, Candidates, Square, overlaps
from fer.detection.networks import CLEAR_SCORE, BlazeFaceNetworks
from fer.preprocessing import Image, check_frame, shrink, shrink_to_fit, to_bgr
from fer.results import Detection

LONGEST_SIDE = 1600
"""A larger picture is shrunk to this for the search, in pixels."""

SMALLEST_FACE_SHRUNK = 24
"""Of such a picture, in pixels after shrinking: 1.5 % of its longer side."""

CANDIDATE_SCORE = 0.35
"""What a network is at least as sure of is looked at again."""

# A face that fills the picture is found in a larger square, by a third on every side.
_PADDING = 1 / 3
# Of the smallest face asked for: what is smaller was met by chance.
_TOO_SMALL = 0.75
# The smallest face that the full-range network finds for sure, in pixels of its own view.
_NETWORK_FACE = 15
# A face on the border of a tile lies whole in its neighbour, or is large enough for a larger one.
_TILE_OVERLAP = 0.14
_LARGER_TILES = 1.12
_NEARLY_WHOLE = 0.9
# With tiles as large as this share of the picture only larger faces are left for a look at the
# whole, and those the short-range network finds.
_MOSTLY_WHOLE = 0.75
_CUT_MARGIN = 0.01
_SAME_IOU = 0.3
# Grey levels by which a block of a tile differs from before if something moved there.
_MOVED = 4


def _starts(length: int, tile: int) -> list[int]:
    """Where tiles begin that cover a length and share ``_TILE_OVERLAP``."""
    if length <= tile:
        return [0]
    count = math.ceil((length - tile) / (tile * (1 - _TILE_OVERLAP))) + 1
    return [round(index * (length - tile) / (count - 1)) for index in range(count)]


def _level(width: int, height: int, side: float) -> list[Square]:
    whole = round(side)
    columns, rows = _starts(width, whole), _starts(height, whole)
    return [Square(x, y, whole) for y in rows for x in columns]


def tiles(width: int, height: int, smallest: float) -> Iterator[Square]:
    """Overlapping squares for a network, of one size and its doubles, below the whole picture.

    Args:
        width: Of the picture in pixels.
        height: Of the picture in pixels.
        smallest: Side of the smallest squares in pixels, in which the smallest face that is
            looked for is just large enough for the network.
    """
    side = smallest
    # Slightly larger ones where that saves a third of them.
    few, usual = (_level(width, height, side * by) for by in (_LARGER_TILES, 1.0))
    if len(few) <= 0.7 * len(usual):
        side *= _LARGER_TILES
    while side < _NEARLY_WHOLE * max(width, height):
        yield from _level(width, height, side)
        side *= 2


def _padded(width: int, height: int) -> Square:
    side = max(width, height) * (1 + 2 * _PADDING)
    return Square((width - side) / 2, (height - side) / 2, side)


def inside(found: Candidates, tile: Square, width: int, height: int) -> Candidates:
    """Those that a tile does not cut where the picture goes on."""
    margin = tile.side * _CUT_MARGIN
    right, bottom = tile.x + tile.side, tile.y + tile.side
    cut = np.zeros(len(found), bool)
    if tile.x > 0:
        cut |= found.boxes[:, 0] < tile.x + margin
    if tile.y > 0:
        cut |= found.boxes[:, 1] < tile.y + margin
    if right < width:
        cut |= found.boxes[:, 2] > right - margin
    if bottom < height:
        cut |= found.boxes[:, 3] > bottom - margin
    return found[~cut]


def _apart(found: Candidates) -> Candidates:
    """Candidates of several networks and tiles without those that repeat a better one."""
    kept: list[int] = []
    for index in range(len(found)):
        if not kept:
            kept.append(index)
            continue
        same, _contained = overlaps(found.boxes[index], found.boxes[kept])
        if same.max() <= _SAME_IOU:
            kept.append(index)
    return found[kept]


class Tiles:
    """What was found in the tiles of a file's last key frame: where nothing moved, it still is.

    A tile is compared with what it showed when it was searched, so that slow changes add up.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[BlazeFace, Square | None], tuple[Image, Candidates]] = {}

    def find(self, network: BlazeFace, picture: Image, tile: Square | None) -> Candidates:
        """As ``BlazeFace.find``; never for pictures of several sizes."""
        view, back = network.view(picture, tile)
        # Of blocks of 8 x 8 pixels: the noise of a camera averages out.
        now = shrink(view, network.side // 8, network.side // 8)
        shown, found = self._seen.get((network, tile), (None, None))
        if shown is None or found is None or cv2.absdiff(now, shown).max() >= _MOVED:
            found = network.find_in(view, back, CANDIDATE_SCORE)
            self._seen[network, tile] = (now, found)
        return found


def _find(
    network: BlazeFace, picture: Image, tile: Square | None, known: Tiles | None
) -> Candidates:
    if known is not None:
        return known.find(network, picture, tile)
    return network.find(picture, tile, CANDIDATE_SCORE)


class StillSearch:
    """Finds every face of a picture; thread-safe.

    Args:
        networks: Both of BlazeFace's.
        settings: What is looked for.
    """

    def __init__(
        self, networks: BlazeFaceNetworks | None = None, settings: SearchSettings | None = None
    ) -> None:
        self.networks = networks or BlazeFaceNetworks()
        self.settings = settings or SearchSettings()

    def detect(self, frame: Image, known: Tiles | None = None) -> tuple[Detection, ...]:
        """The faces, best score first.

        Args:
            frame: ``(h, w)`` grey, ``(h, w, 3)`` BGR or ``(h, w, 4)`` BGRA, uint8.
            known: Of earlier frames of the same file and size.

        Raises:
            InputError: If ``frame`` is not such a picture.
        """
        frame_bgr = to_bgr(check_frame(frame))
        height, width = frame_bgr.shape[:2]
        shrunk = min(1.0, LONGEST_SIDE / max(height, width))
        small = shrink_to_fit(frame_bgr, LONGEST_SIDE)
        min_face = self.settings.min_face
        if shrunk < 1:
            min_face = max(min_face, round(SMALLEST_FACE_SHRUNK / shrunk))
        candidates = self._candidates(small, min_face * shrunk, known).times(1 / shrunk)
        found = self.networks.agreed(frame_bgr, candidates, self.settings.min_score)
        return tuple(one for one in found if one.box.width >= _TOO_SMALL * min_face)

    def _candidates(self, picture: Image, min_face: float, known: Tiles | None) -> Candidates:
        height, width = picture.shape[:2]
        full, short = self.networks.full, self.networks.short
        areas = list(tiles(width, height, full.side * min_face / _NETWORK_FACE))
        found = [_find(short, picture, None, known)]
        if all(tile.side < _MOSTLY_WHOLE * max(width, height) for tile in areas):
            found.append(_find(full, picture, None, known))
        for tile in areas:
            found.append(inside(_find(full, picture, tile, known), tile, width, height))
        if max(float(one.scores.max(initial=0)) for one in found) < CLEAR_SCORE:
            found.append(_find(short, picture, _padded(width, height), known))
        return _apart(Candidates.joined(found))
