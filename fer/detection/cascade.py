"""Face detection with Haar cascades (Viola & Jones 2001; Lienhart & Maydt 2002)."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import cv2.data

from fer.boxes import clip, merge_overlapping, scale
from fer.detection.settings import DetectorSettings
from fer.detection.views import UPRIGHT, View, lifted, resized, turned
from fer.errors import ModelError
from fer.preprocessing import Image, check_frame, to_grey
from fer.results import Box, Detection


class FaceDetector(Protocol):
    """Anything that finds faces in a picture."""

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """Faces of ``(h, w)`` grey, ``(h, w, 3)`` BGR or ``(h, w, 4)`` BGRA uint8."""
        ...


CASCADE_FILE = "haarcascade_frontalface_default.xml"
PROFILE_FILE = "haarcascade_profileface.xml"
SECOND_FILE = "haarcascade_frontalface_alt.xml"
"""Learned otherwise, so it is seldom wrong about the same things: a second opinion."""


# Smallest window the cascade was trained on; nothing smaller can be found.
_CASCADE_WINDOW = 24

# A search around a known face: its side after resizing, how far around it (in sides), the sizes
# looked for, and the steps. From twice its own window on, the cascade looks at every pixel, not at
# every second one: 0.8 x 64 is just above.
_NEAR_SIDE = 64
_NEAR_MARGIN = 0.2
_CLOSE_MARGIN = 0.12
_NEAR_PIXELS = (51, 83)
_NEAR_SCALE_FACTOR = 1.15
_CLOSE_SCALE_FACTOR = 1.2
_NEAR_MIN_NEIGHBOURS = 3
_PART_SCALE_FACTOR = 1.2
_SECOND_SCALE_FACTOR = 1.1
_SECOND_MIN_NEIGHBOURS = 2
_SECOND_PIXELS = (40, 90)
# The profile cascade is more particular about size than the frontal one: it needs finer steps.
_PROFILE_SCALE_FACTOR = 1.07
_PROFILE_MIN_NEIGHBOURS = 4


def _load_cascade(path: Path) -> cv2.CascadeClassifier:
    fault: Exception | None = None
    try:
        cascade = cv2.CascadeClassifier(str(path))
        # A wrong path does not raise in OpenCV; it gives a classifier that finds nothing.
        if not cascade.empty():
            return cascade
    # What is no XML does raise, wrapped in a SystemError by the constructor.
    except (cv2.error, SystemError) as raised:
        fault = raised
    raise ModelError(
        f"{path}: expected a Haar cascade XML, got a file that holds none or is missing; reinstall "
        "opencv-python-headless 4.x (5.x ships none)"
    ) from fault


class _Near(NamedTuple):
    """A resized part of a picture about a box, and the way back to the whole."""

    picture: Image
    back: Callable[[Box], Box]
    area: Box
    factor: float


class CascadeDetector:
    """A Haar cascade on a grey picture at a working scale chosen from its size.

    The cascade itself belongs to one thread (sharing it gives wrong boxes, silently): every
    thread that calls ``detect`` gets an instance of its own, made on first use.

    Args:
        settings: How to search.
        cascade_path: Another cascade file; default is OpenCV's frontal face.

    Raises:
        ModelError: If the cascade file cannot be loaded.
    """

    def __init__(
        self, settings: DetectorSettings | None = None, *, cascade_path: Path | None = None
    ) -> None:
        self.settings = settings or DetectorSettings()
        self._path = cascade_path
        self._local = threading.local()
        self._cascade()

    def with_settings(self, settings: DetectorSettings) -> CascadeDetector:
        """The same cascades, already loaded, with another way to search."""
        other = copy.copy(self)
        other.settings = settings
        return other

    def _cascade(self, file: str = CASCADE_FILE) -> cv2.CascadeClassifier:
        """This thread's own cascade."""
        loaded: dict[str, cv2.CascadeClassifier] = self._local.__dict__
        if file not in loaded:
            given = self._path if file == CASCADE_FILE else None
            loaded[file] = _load_cascade(given or Path(cv2.data.haarcascades) / file)
        return loaded[file]

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """Find frontal faces.

        Args:
            frame: ``(h, w)`` grey, ``(h, w, 3)`` BGR or ``(h, w, 4)`` BGRA, uint8.

        Returns:
            Detections in pixels of ``frame``, merged where they overlap, best score first.

        Raises:
            InputError: If ``frame`` is not such a picture.
        """
        return self.detect_grey(to_grey(check_frame(frame)))

    def detect_grey(self, grey: Image) -> tuple[Detection, ...]:
        """``detect`` for a picture that is already grey and checked."""
        settings = self.settings
        height, width = grey.shape
        shrink = min(1.0, settings.working_side / min(height, width))
        small = grey
        if shrink < 1.0:
            small = resized(grey, max(1, round(width * shrink)), max(1, round(height * shrink)))
        smallest = max(_CASCADE_WINDOW, round(settings.min_face * min(small.shape)))
        if min(small.shape) < smallest:
            return ()
        found = [
            Detection(clip(scale(hit.box, 1 / shrink), width, height), hit.score)
            for hit in self._search(
                lifted(small), settings.scale_factor, settings.min_neighbours, smallest
            )
        ]
        if settings.refine:
            finer = (self.search_near(grey, coarse.box) for coarse in found)
            found = [fine for fine in finer if fine is not None]
        return tuple(merge_overlapping(d for d in found if d.score >= settings.min_score))

    def search_part(
        self, grey: Image, area: Box, sizes: tuple[float, float], view: View = UPRIGHT
    ) -> tuple[Detection, ...]:
        """Faces of some sizes in a part of a picture: a slice of a search of all of it.

        Args:
            grey: ``(h, w)`` uint8, checked.
            area: The part, in pixels of ``grey``.
            sizes: Smallest and largest face, as fractions of the shorter side of ``grey``.
            view: How the faces are turned.
        """
        settings = self.settings
        height, width = grey.shape
        factor = min(1.0, settings.working_side / min(height, width))
        smallest = max(_CASCADE_WINDOW, round(sizes[0] * min(height, width) * factor))
        largest = round(sizes[1] * min(height, width) * factor)
        # Large faces need no fine picture: the cascade's own window is 24 pixels.
        shrink = min(1.0, 1.6 * _CASCADE_WINDOW / smallest)
        factor, smallest, largest = factor * shrink, round(smallest * shrink), largest * shrink
        part_width, part_height = round(area.width * factor), round(area.height * factor)
        if min(part_width, part_height) < smallest:
            return ()
        part = grey[area.y : area.bottom, area.x : area.right]
        small = lifted(resized(part, part_width, part_height))
        small, back = turned(small, view)
        hits = self._search(
            small,
            _PART_SCALE_FACTOR,
            settings.min_neighbours,
            max(_CASCADE_WINDOW, smallest),
            round(largest),
            file=PROFILE_FILE if view.profile else CASCADE_FILE,
        )
        found = []
        for hit in hits:
            inside = scale(back(hit.box), 1 / factor)
            moved = Box(area.x + inside.x, area.y + inside.y, inside.width, inside.height)
            fine = self.search_near(grey, clip(moved, width, height), view)
            if fine is not None:
                found.append(fine)
        return tuple(merge_overlapping(found))

    def search_near(
        self, grey: Image, box: Box, view: View = UPRIGHT, *, closely: bool = False
    ) -> Detection | None:
        """The best face in and closely around a box, measured in fine steps.

        Args:
            grey: ``(h, w)`` uint8, checked.
            box: Where a face was seen, in pixels of ``grey``.
            view: How the face is turned.
            closely: For a face that hardly moved: less far around, in coarser steps, which takes
                little more than half the time; what it misses is to be looked for as usual.

        Returns:
            A face of about the size of the box, or None when there is none.
        """
        near = self._near(grey, box, view, _CLOSE_MARGIN if closely else _NEAR_MARGIN)
        if near is None:
            return None
        steps = _CLOSE_SCALE_FACTOR if closely else _NEAR_SCALE_FACTOR
        neighbours, file = _NEAR_MIN_NEIGHBOURS, CASCADE_FILE
        if view.profile:
            steps, neighbours, file = _PROFILE_SCALE_FACTOR, _PROFILE_MIN_NEIGHBOURS, PROFILE_FILE
        smallest, largest = _NEAR_PIXELS
        hits = self._search(near.picture, steps, neighbours, smallest, largest, file=file)
        best = max(hits, key=lambda hit: (hit.score, hit.box), default=None)
        if best is None or best.score < self.settings.min_score:
            return None
        inside = scale(near.back(best.box), 1 / near.factor)
        moved = Box(near.area.x + inside.x, near.area.y + inside.y, inside.width, inside.height)
        return Detection(clip(moved, grey.shape[1], grey.shape[0]), best.score, view.tilt)

    def confirms(self, grey: Image, box: Box, view: View = UPRIGHT) -> bool:
        """A second opinion on a face that was found; profiles have none.

        Args:
            grey: ``(h, w)`` uint8, checked.
            box: Where a face was found, in pixels of ``grey``.
            view: How the face is turned.
        """
        if view.profile:
            return True
        near = self._near(grey, box, view)
        if near is None:
            return False
        smallest, largest = _SECOND_PIXELS
        hits = self._search(
            near.picture,
            _SECOND_SCALE_FACTOR,
            _SECOND_MIN_NEIGHBOURS,
            smallest,
            largest,
            file=SECOND_FILE,
        )
        return bool(hits)

    def _near(self, grey: Image, box: Box, view: View, reach: float = _NEAR_MARGIN) -> _Near | None:
        """A box and what is closely around it, turned and resized; None when nothing is left."""
        height, width = grey.shape
        side = max(box.width, box.height, 1)
        margin = round(reach * side)
        if view.tilt:
            # The corners of the tilted part reach farther.
            margin += round(0.15 * side)
        around = Box(
            box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin
        )
        area = clip(around, width, height)
        factor = _NEAR_SIDE / side
        part_width, part_height = round(area.width * factor), round(area.height * factor)
        if min(part_width, part_height) < _NEAR_PIXELS[0]:
            return None
        part = grey[area.y : area.bottom, area.x : area.right]
        picture, back = turned(lifted(resized(part, part_width, part_height)), view)
        return _Near(picture, back, area, factor)

    def _search(
        self,
        picture: Image,
        scale_factor: float,
        min_neighbours: int,
        smallest: int,
        largest: int | None = None,
        *,
        file: str = CASCADE_FILE,
    ) -> list[Detection]:
        """What a cascade finds, in pixels of ``picture``; sizes are sides in pixels."""
        largest = largest or min(picture.shape)
        # Without a face OpenCV returns empty tuples instead of arrays.
        boxes, _levels, weights = self._cascade(file).detectMultiScale3(
            picture,
            scaleFactor=scale_factor,
            minNeighbors=min_neighbours,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
            outputRejectLevels=True,
        )
        return [
            Detection(Box(*(int(value) for value in box)), float(weight))
            for box, weight in zip(boxes, weights, strict=True)
        ]
