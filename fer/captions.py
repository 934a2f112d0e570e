"""Lines of text as small pictures, made once and stamped onto frames."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from fer.preprocessing import Image

Colour = tuple[int, int, int]

# Above this luminance dark ink stands out more than white.
_BRIGHT = 120


def hex_to_bgr(colour: str) -> Colour:
    """``"#RRGGBB"`` to OpenCV's (blue, green, red)."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return blue, green, red


def _luminance(colour: Colour) -> float:
    return 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2]


def bright(colour: str) -> bool:
    """Whether dark text stands out more on ``#RRGGBB`` than white (relative luminance, rough)."""
    return _luminance(hex_to_bgr(colour)) > _BRIGHT


def caption_size(canvas: Image) -> int:
    """Height of the letters for a picture, in its pixels.

    640 x 480 pixels, shown 360 wide on a phone, have letters of 11 pixels there.
    """
    return max(11, round(int(min(canvas.shape[:2])) / 24))


@lru_cache(maxsize=32)
def _font(height: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own typeface; cached, since unpacking it takes longer than drawing with it."""
    return ImageFont.load_default(size=height)


# Emotions times percentages: in a long stream nearly every caption is found here.
@lru_cache(maxsize=2048)
def caption_tile(text: str, colour: Colour, height: int) -> Image:
    """A line of text on a plate of a plain colour, ``(h, w, 3)`` BGR; cached, never written to."""
    font = _font(height)
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    pad = max(3, height // 3) + 1
    mask = PilImage.new("L", (right - left + 2 * pad, bottom - top + 2 * pad))
    ImageDraw.Draw(mask).text((pad - left, pad - top), text, fill=255, font=font)
    cover = (np.asarray(mask, np.float32) / 255)[..., None]
    ink = 20.0 if _luminance(colour) > _BRIGHT else 255.0
    tile = (np.array(colour, np.float32) * (1 - cover) + ink * cover).round().astype(np.uint8)
    tile.setflags(write=False)
    return tile


@lru_cache(maxsize=64)
def bar_label(label: str, longest: str, height: int) -> Image:
    """White text on black, as wide as the longest; ``(h, w, 1)`` coverage 0..255, cached."""
    font = _font(height)
    mask = PilImage.new("L", (int(font.getlength(longest)) + 2, height + 4))
    ImageDraw.Draw(mask).text((0, 0), label, fill=255, font=font)
    tile = np.asarray(mask, np.uint8)[..., None]
    tile.setflags(write=False)
    return tile
