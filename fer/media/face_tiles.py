"""The faces of one picture, each cut out, and with what the network looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer.detection.alignment import box_matrix, frame_matrix
from fer.explanation.activation import HeatMap, blend_heat, heat
from fer.pictures.reading import encode_png
from fer.preprocessing import CROP_SIZE, Image, crop_aligned
from fer.results import FaceEmotion

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


def _cut(image_bgr: Image, face: FaceEmotion, side: int) -> Image:
    """The face upright, with a margin; the middle is what the network reads."""
    matrix = frame_matrix(face.points) if face.points else box_matrix(face.box)
    smaller = 1 / (1 + 2 * _AROUND)
    # About the centre of the frame, which stays where it is.
    inner = matrix * smaller
    inner[:, 2] += CROP_SIZE / 2 * (1 - smaller)
    return crop_aligned(image_bgr, inner, side)


def _heated(cut: Image, heat_map: HeatMap) -> Image:
    side = cut.shape[0]
    inner = round(side / (1 + 2 * _AROUND))
    start = (side - inner) // 2
    warmth = np.zeros((side, side), np.float32)
    warmth[start : start + inner, start : start + inner] = heat(heat_map.evidence, inner)
    return blend_heat(cut, warmth)


def face_tiles(
    image_bgr: Image,
    faces: Sequence[FaceEmotion],
    maps: Sequence[HeatMap] = (),
    *,
    side: int = 240,
) -> list[FaceTile]:
    """Cut out every face.

    Args:
        image_bgr: The picture, ``(h, w, 3)`` uint8.
        faces: As the recogniser returned them.
        maps: One per face, or none.
        side: Of the cuts in pixels.
    """
    tiles = []
    for index, face in enumerate(faces):
        cut = _cut(image_bgr, face, side)
        heated = encode_png(_heated(cut, maps[index])) if maps else b""
        tiles.append(FaceTile(face, encode_png(cut), heated))
    return tiles
