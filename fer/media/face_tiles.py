"""The faces of one picture, each cut out, and with what the network looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fer.explanation.activation import ClassActivation, draw_heat_maps
from fer.media.pictures import encode_png
from fer.preprocessing import Image, crop_square
from fer.results import Box, FaceEmotion

# More of the head than the network sees, so that a person can tell who it is.
_AROUND = 0.2


@dataclass(frozen=True, slots=True)
class FaceTile:
    """One face.

    Attributes:
        face: As it was read.
        crop: PNG of the face.
        heat: PNG of the same cut with the places that speak for its most probable label, or
            empty where the model has no exact maps.
    """

    face: FaceEmotion
    crop: bytes
    heat: bytes


def _cut(image_bgr: Image, box: Box, side: int) -> Image:
    square = crop_square(box)
    margin = round(square.width * _AROUND)
    height, width = image_bgr.shape[:2]
    left, top = max(0, square.x - margin), max(0, square.y - margin)
    right = min(width, square.right + margin)
    bottom = min(height, square.bottom + margin)
    part = image_bgr[top:bottom, left:right]
    factor = side / max(part.shape[:2])
    size = (max(1, round(part.shape[1] * factor)), max(1, round(part.shape[0] * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, size, interpolation=method), np.uint8)


def face_tiles(
    image_bgr: Image,
    faces: Sequence[FaceEmotion],
    explainer: ClassActivation | None,
    *,
    side: int = 240,
) -> list[FaceTile]:
    """Cut out every face.

    Args:
        image_bgr: The picture, ``(h, w, 3)`` uint8.
        faces: As the recogniser returned them.
        explainer: Of the same model; None for no heat maps.
        side: Longer side of the cuts in pixels.
    """
    maps = explainer.explain(image_bgr, faces) if explainer is not None else ()
    tiles = []
    for index, face in enumerate(faces):
        heat = b""
        if maps:
            # Each on its own copy: a neighbour's map may reach into this face.
            heat = encode_png(_cut(draw_heat_maps(image_bgr, [maps[index]]), face.box, side))
        tiles.append(FaceTile(face, encode_png(_cut(image_bgr, face.box, side)), heat))
    return tiles
