"""Face detection with Haar cascades (Viola & Jones 2001; Lienhart & Maydt 2002)."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import cv2.data
import numpy as np

from fer.boxes import clip, merge_overlapping, scale
from fer.errors import InputError, ModelError
from fer.preprocessing import Image, check_frame, to_grey
from fer.results import Box, Detection


class FaceDetector(Protocol):
    """Anything that finds faces in a picture."""

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """Faces of ``(h, w)`` grey, ``(h, w, 3)`` BGR or ``(h, w, 4)`` BGRA uint8."""
        ...


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How a cascade searches.

    Attributes:
        min_face: Smallest face as a fraction of the shorter side of the frame.
        working_side: The frame is shrunk so that its shorter side has at most this many pixels;
            the time of a search grows with its square.
        scale_factor: Ratio between two steps of the search pyramid.
        min_neighbours: Raw hits that make a face; higher finds fewer and surer faces.
        min_score: Detections with a lower last-stage weight are dropped; real faces have 2 to 8.
        refine: Look at every face again in fine steps: what is none is dropped, and the box of
            what is one gets exact. Coarse steps alone give false alarms and boxes 15 % off.
    """

    min_face: float = 0.12
    working_side: int = 320
    scale_factor: float = 1.3
    min_neighbours: int = 2
    min_score: float = 1.7
    refine: bool = True

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            InputError: Naming the field, its range and the value.
        """
        ranges = {
            "min_face": (0.01, 1.0),
            "working_side": (24, 10_000),
            "scale_factor": (1.01, 2.0),
            "min_neighbours": (0, 100),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(
                    f"{name}: expected a value in {low}..{high}, got {value}; change it"
                )


STILL_SETTINGS = DetectorSettings(
    min_face=0.03,
    working_side=640,
    scale_factor=1.1,
    min_neighbours=4,
    min_score=2.5,
    refine=False,
)
"""For photos, where time matters less and faces may be small."""


CASCADE_FILE = "haarcascade_frontalface_default.xml"

# Smallest window the cascade was trained on; nothing smaller can be found.
_CASCADE_WINDOW = 24

# The cascade skips windows whose grey levels deviate by less than 10.
_DIM_DEVIATION = 30.0
_MOST_GAIN = 8.0

# A search around a known face: its side after resizing, how far around it (in sides), the sizes
# looked for, and the steps. From twice its own window on, the cascade looks at every pixel, not at
# every second one: 0.8 x 64 is just above.
_NEAR_SIDE = 64
_NEAR_MARGIN = 0.2
_NEAR_SIZES = (0.8, 1.3)
_NEAR_SCALE_FACTOR = 1.15
_NEAR_MIN_NEIGHBOURS = 3


def _load_cascade(path: Path | None) -> cv2.CascadeClassifier:
    if path is None:
        path = Path(cv2.data.haarcascades) / CASCADE_FILE
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


def _lifted(grey: Image) -> Image:
    """A dim picture with its contrast stretched; any other as it is.

    The cascade norms every window itself, so it needs no equalisation; equalising would even hide
    faces beside a large plain background.
    """
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(grey))
    if deviation >= _DIM_DEVIATION:
        return grey
    gain = min(_MOST_GAIN, _DIM_DEVIATION / max(deviation, 1e-6))
    return np.asarray(cv2.addWeighted(grey, gain, grey, 0.0, 128 - gain * mean), np.uint8)


def _resized(grey: Image, width: int, height: int) -> Image:
    shrinking = width < grey.shape[1]
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (width, height), interpolation=method), np.uint8)


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

    def _cascade(self) -> cv2.CascadeClassifier:
        cascade: cv2.CascadeClassifier | None = getattr(self._local, "cascade", None)
        if cascade is None:
            cascade = self._local.cascade = _load_cascade(self._path)
        return cascade

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
            small = _resized(grey, max(1, round(width * shrink)), max(1, round(height * shrink)))
        smallest = max(_CASCADE_WINDOW, round(settings.min_face * min(small.shape)))
        if min(small.shape) < smallest:
            return ()
        found = [
            Detection(clip(scale(hit.box, 1 / shrink), width, height), hit.score)
            for hit in self._search(
                _lifted(small), settings.scale_factor, settings.min_neighbours, smallest
            )
        ]
        if settings.refine:
            finer = (self.search_near(grey, coarse.box) for coarse in found)
            found = [fine for fine in finer if fine is not None]
        return tuple(merge_overlapping(d for d in found if d.score >= settings.min_score))

    def search_near(self, grey: Image, box: Box) -> Detection | None:
        """The best face in and closely around a box, measured in fine steps.

        Args:
            grey: ``(h, w)`` uint8, checked.
            box: Where a face was seen, in pixels of ``grey``.

        Returns:
            A face of about the size of the box, or None when there is none.
        """
        height, width = grey.shape
        side = max(box.width, box.height, 1)
        margin = round(_NEAR_MARGIN * side)
        around = Box(
            box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin
        )
        area = clip(around, width, height)
        factor = _NEAR_SIDE / side
        part_width, part_height = round(area.width * factor), round(area.height * factor)
        smallest, largest = (round(size * _NEAR_SIDE) for size in _NEAR_SIZES)
        if min(part_width, part_height) < smallest:
            return None
        part = grey[area.y : area.bottom, area.x : area.right]
        part = _lifted(_resized(part, part_width, part_height))
        hits = self._search(part, _NEAR_SCALE_FACTOR, _NEAR_MIN_NEIGHBOURS, smallest, largest)
        best = max(hits, key=lambda hit: (hit.score, hit.box), default=None)
        if best is None or best.score < self.settings.min_score:
            return None
        inside = scale(best.box, 1 / factor)
        moved = Box(area.x + inside.x, area.y + inside.y, inside.width, inside.height)
        return Detection(clip(moved, width, height), best.score)

    def _search(
        self,
        picture: Image,
        scale_factor: float,
        min_neighbours: int,
        smallest: int,
        largest: int | None = None,
    ) -> list[Detection]:
        """What the cascade finds, in pixels of ``picture``; sizes are sides in pixels."""
        largest = largest or min(picture.shape)
        # Without a face OpenCV returns empty tuples instead of arrays.
        boxes, _levels, weights = self._cascade().detectMultiScale3(
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


class FollowingDetector:
    """A detector for one stream: the whole frame now and then, else only around known faces.

    A search around a known face costs a small part of a search of the whole frame. The whole
    frame is searched when no face is known, when one of them is lost, when the frame size
    changes, and at least every ``scan_every`` frames, for new faces.

    It remembers the faces of the frame before: never share one between streams, and do not give
    it photos.

    Args:
        detector: Does the searching.
        scan_every: Frames from one search of the whole frame to the next.
        max_followed: With more faces than this the whole frame is searched always, which is
            cheaper then.
    """

    def __init__(
        self, detector: CascadeDetector, *, scan_every: int = 6, max_followed: int = 6
    ) -> None:
        self.detector = detector
        self.scan_every = scan_every
        self.max_followed = max_followed
        self._shape: tuple[int, ...] = ()
        self._known: tuple[Detection, ...] = ()
        self._since_scan = 0

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """As ``CascadeDetector.detect``, for the next frame of the stream."""
        grey = to_grey(check_frame(frame))
        found = self._follow(grey)
        self._since_scan += 1
        if found is None:
            found = self.detector.detect_grey(grey)
            self._since_scan = 0
        self._shape, self._known = grey.shape, found
        return found

    def _follow(self, grey: Image) -> tuple[Detection, ...] | None:
        """The known faces in this frame, or None when the whole frame must be searched."""
        due = self._since_scan + 1 >= self.scan_every
        if due or self._shape != grey.shape or not 0 < len(self._known) <= self.max_followed:
            return None
        found = []
        for known in self._known:
            now = self.detector.search_near(grey, known.box)
            if now is None:
                return None
            found.append(now)
        merged = merge_overlapping(found)
        # Two that became one: one of the searches found the neighbour.
        return tuple(merged) if len(merged) == len(found) else None
