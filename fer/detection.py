"""Face detection with Haar cascades (Viola & Jones 2001; Lienhart & Maydt 2002)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
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
        min_score: Detections with a lower last-stage weight are dropped.
    """

    min_face: float = 0.15
    working_side: int = 320
    scale_factor: float = 1.15
    min_neighbours: int = 5
    min_score: float = 0.0

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
    min_face=0.06, working_side=640, scale_factor=1.1, min_neighbours=6
)
"""For photos, where time matters less and faces may be small."""


CASCADE_FILE = "haarcascade_frontalface_default.xml"

# Smallest window the cascade was trained on; nothing smaller can be found.
_CASCADE_WINDOW = 24


def _load_cascade(path: Path | None) -> cv2.CascadeClassifier:
    if path is None:
        path = Path(cv2.data.haarcascades) / CASCADE_FILE
    cascade = cv2.CascadeClassifier(str(path))
    # A wrong path does not raise in OpenCV; it gives a classifier that finds nothing.
    if cascade.empty():
        raise ModelError(
            f"{path}: expected a Haar cascade XML, could not load one; reinstall "
            "opencv-python-headless 4.x (5.x ships none)"
        )
    return cascade


class CascadeDetector:
    """A Haar cascade on an equalised grey picture at a working scale chosen from its size.

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
            size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
            small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        smallest = max(_CASCADE_WINDOW, round(settings.min_face * min(small.shape)))
        if min(small.shape) < smallest:
            return ()
        # Without a face OpenCV returns empty tuples instead of arrays.
        boxes, _levels, weights = self._cascade().detectMultiScale3(
            cv2.equalizeHist(small),
            scaleFactor=settings.scale_factor,
            minNeighbors=settings.min_neighbours,
            minSize=(smallest, smallest),
            outputRejectLevels=True,
        )
        found = [
            Detection(_to_box(box, 1 / shrink, width, height), float(weight))
            for box, weight in zip(boxes, weights, strict=True)
            if float(weight) >= settings.min_score
        ]
        return tuple(merge_overlapping(found))


def _to_box(xywh: Sequence[int], factor: float, width: int, height: int) -> Box:
    x, y, w, h = (int(v) for v in xywh)
    return clip(scale(Box(x, y, w, h), factor), width, height)
