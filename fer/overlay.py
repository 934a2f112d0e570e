"""Draw a result on a copy of the frame: corner brackets, a label, the confidence."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from fer.labels import COLOURS, UNSURE, UNSURE_COLOUR
from fer.preprocessing import Image, check_frame, to_bgr
from fer.results import Box, FaceEmotion

Colour = tuple[int, int, int]


def hex_to_bgr(colour: str) -> Colour:
    """``"#RRGGBB"`` to OpenCV's (blue, green, red)."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return blue, green, red


def face_colour(face: FaceEmotion) -> Colour:
    """The colour of a face's emotion, as (blue, green, red)."""
    return hex_to_bgr(COLOURS[face.emotion] if face.emotion else UNSURE_COLOUR)


def face_caption(face: FaceEmotion) -> str:
    """The text over a face, such as ``happy 97%``."""
    return f"{face.emotion or UNSURE} {face.confidence:.0%}"


@lru_cache(maxsize=32)
def _font(height: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own typeface; cached, since unpacking it takes longer than drawing with it."""
    return ImageFont.load_default(size=height)


# Emotions times percentages: in a long stream nearly every caption is found here.
@lru_cache(maxsize=2048)
def _caption_tile(text: str, colour: Colour, height: int) -> Image:
    """A line of text on a plate of a plain colour, ``(h, w, 3)`` BGR; cached, never written to."""
    font = _font(height)
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    pad = max(3, height // 3) + 1
    mask = PilImage.new("L", (right - left + 2 * pad, bottom - top + 2 * pad))
    ImageDraw.Draw(mask).text((pad - left, pad - top), text, fill=255, font=font)
    cover = (np.asarray(mask, np.float32) / 255)[..., None]
    # Black or white, whichever stands out more on this colour (WCAG relative luminance, rough).
    luminance = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2]
    ink = 20.0 if luminance > 120 else 255.0
    tile = (np.array(colour, np.float32) * (1 - cover) + ink * cover).round().astype(np.uint8)
    tile.setflags(write=False)
    return tile


def _brackets(canvas: Image, box: Box, colour: Colour, thickness: int) -> None:
    length = max(6, min(box.width, box.height) // 4)
    cv2.rectangle(canvas, (box.x, box.y), (box.right - 1, box.bottom - 1), colour, 1)
    for x, dx in ((box.x, 1), (box.right - 1, -1)):
        for y, dy in ((box.y, 1), (box.bottom - 1, -1)):
            cv2.line(canvas, (x, y), (x + dx * length, y), colour, thickness)
            cv2.line(canvas, (x, y), (x, y + dy * length), colour, thickness)


def _caption(canvas: Image, box: Box, text: str, colour: Colour, size: int) -> None:
    tile = _caption_tile(text, colour, size)
    height, width = tile.shape[:2]
    # Above the box where there is room, else inside its top edge; never outside the frame.
    top = box.y - height if box.y >= height else box.y
    left = max(0, min(box.x, canvas.shape[1] - width))
    area = canvas[top : top + height, left : left + width]
    # A frame smaller than the text shows as much of it as there is room for.
    area[:] = tile[: area.shape[0], : area.shape[1]]


def draw_faces(frame: Image, faces: Iterable[FaceEmotion]) -> Image:
    """Draw boxes and captions.

    Args:
        frame: ``(h, w, 3)`` BGR, ``(h, w, 4)`` BGRA or ``(h, w)`` grey, uint8; not changed.
        faces: Boxes in pixels of ``frame``.

    Returns:
        ``(h, w, 3)`` BGR uint8, a new array.

    Raises:
        InputError: If ``frame`` is not such a picture.
    """
    canvas = to_bgr(check_frame(frame))
    shorter = min(canvas.shape[:2])
    size = max(11, round(shorter / 30))
    for face in faces:
        colour = face_colour(face)
        _brackets(canvas, face.box, colour, max(2, shorter // 240))
        _caption(canvas, face.box, face_caption(face), colour, size)
    return canvas
