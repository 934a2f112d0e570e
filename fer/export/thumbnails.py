"""Small pictures of faces for a report."""

from __future__ import annotations

import cv2
import numpy as np

from fer.boxes import clip
from fer.preprocessing import Image
from fer.results import Box

_SIDE = 160
_MARGIN = 0.15


def thumbnail(frame_bgr: Image, box: Box) -> bytes | None:
    """A JPEG of a face and a little around it; None where the box lies outside.

    Args:
        frame_bgr: ``(h, w, 3)`` uint8.
        box: Of the face, in its pixels.
    """
    margin = round(box.width * _MARGIN)
    wide = Box(box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin)
    area = clip(wide, frame_bgr.shape[1], frame_bgr.shape[0])
    if area.area == 0:
        return None
    part = frame_bgr[area.y : area.bottom, area.x : area.right]
    scale = min(1.0, _SIDE / max(part.shape[:2]))
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    small = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
