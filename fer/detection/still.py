"""Faces of every size in a picture: from 24 pixels to one that fills it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from fer.boxes import clip, merge_overlapping, scale
from fer.detection.cascade import CascadeDetector
from fer.detection.settings import STILL_SETTINGS, DetectorSettings
from fer.preprocessing import Image, check_frame, to_grey
from fer.results import Box, Detection

SMALLEST_FACE = 24

# A face that fills the picture has no room for the cascade's box: its edges are repeated outwards.
_MARGIN = 0.15

# The cascade looks at every second pixel only below twice its own window, and its window is as
# large as the smallest face: enlarged, small faces are found wherever they lie.
_ENLARGED = 2.0
# Enlarged pixels; a larger picture is enlarged less, then shrunk, and its smallest face grows.
_MAX_PIXELS = 9_000_000

# Weaker detections need a second cascade's opinion: it is seldom wrong about the same things.
_SURE = 4.0

_SMALL_SETTINGS = DetectorSettings(
    min_face=0.01,
    working_side=10_000,
    scale_factor=1.3,
    min_neighbours=2,
    min_score=1.0,
    refine=False,
)


class StillDetector:
    """Finds faces in photos, in two searches: one for large faces and one for small ones.

    The first works on a shrunk picture with a margin around it, the second on an enlarged one;
    what the second finds is looked at again closely, since small windows give false alarms.
    Pictures up to 2.2 megapixels are searched down to 24 pixels; in larger ones the smallest face
    grows with the side. Thread-safe, as ``CascadeDetector`` is.
    """

    def __init__(self) -> None:
        self._large = CascadeDetector(STILL_SETTINGS)
        self._small = CascadeDetector(_SMALL_SETTINGS)
        self._close = CascadeDetector(replace(STILL_SETTINGS, min_score=2.2))

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """Faces of ``(h, w)`` grey, ``(h, w, 3)`` BGR or ``(h, w, 4)`` BGRA uint8.

        Raises:
            InputError: If ``frame`` is not such a picture.
        """
        grey = to_grey(check_frame(frame))
        found = self._with_margin(grey)
        found += self._enlarged(grey)
        return tuple(
            face
            for face in merge_overlapping(found)
            if face.score >= _SURE or self._close.confirms(grey, face.box)
        )

    def _with_margin(self, grey: Image) -> list[Detection]:
        height, width = grey.shape
        margin = max(4, round(_MARGIN * min(height, width)))
        around = cv2.copyMakeBorder(grey, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        result = []
        for hit in self._large.detect_grey(np.asarray(around, np.uint8)):
            box = Box(hit.box.x - margin, hit.box.y - margin, hit.box.width, hit.box.height)
            inside = clip(box, width, height)
            # In the margin alone there is nothing but its repeated edge.
            if inside.area > 0.6 * box.area:
                result.append(Detection(inside, hit.score))
        return result

    def _enlarged(self, grey: Image) -> list[Detection]:
        height, width = grey.shape
        factor = min(_ENLARGED, (_MAX_PIXELS / (height * width)) ** 0.5)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        method = cv2.INTER_LINEAR if factor >= 1 else cv2.INTER_AREA
        part = np.asarray(cv2.resize(grey, size, interpolation=method), np.uint8)
        result = []
        for hit in self._small.detect_grey(part):
            box = clip(scale(hit.box, 1 / factor), width, height)
            closer = self._close.search_near(grey, box)
            if closer is not None and min(closer.box.width, closer.box.height) >= SMALLEST_FACE / 2:
                result.append(closer)
        return result
