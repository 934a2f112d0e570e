"""Small pictures of faces for a report."""

from __future__ import annotations

from fer.boxes import clip
from fer.pictures.reading import encode_jpeg
from fer.preprocessing import Image, shrink_to_fit
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
    return encode_jpeg(shrink_to_fit(part, _SIDE), 88)
