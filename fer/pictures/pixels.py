"""Pillow's pictures of every mode and depth as BGR of eight bits."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PilImage

from fer.preprocessing import Image

# What cameras and scanners deliver in files of sixteen bits.
_BITS = (8, 10, 12, 14, 16)
_STRIP_PIXELS = 2**20
_WHITE = (255, 255, 255, 255)


def eight_bits(values: npt.NDArray[Any]) -> tuple[Image, str]:
    """Scale values to 0..255 by what they hold, not by what their type could hold.

    Whole numbers from 0 to 65,535 count as 8, 10, 12, 14 or 16 bits, whichever is enough; real
    numbers from 1 to 255 as 0..255; all others are stretched from the least to the largest. What
    is no number becomes black.

    Args:
        values: ``(h, w)`` or ``(h, w, c)``, any real type.

    Returns:
        The same shape as uint8, and what was done, one sentence, or nothing for 16 full bits.
    """
    low, high = _range(values)
    real = values.dtype.kind == "f"
    start, top, note = low, high, f"values {low:,g} to {high:,g} were stretched to 0..255"
    if not real and low >= 0 and high <= 65_535:
        bits = next(bits for bits in _BITS if high < 2**bits)
        start, top = 0.0, 2.0**bits - 1
        note = f"values up to {high:,.0f} were read as {bits} bits" if bits < 16 else ""
    elif real and low >= 0 and 1 < high <= 255:
        start, top, note = 0.0, 255.0, f"real values up to {high:,g} were read as 0..255"
    elif low >= 0 and high <= 1:
        start = 0.0
    result = np.empty(values.shape, np.uint8)
    scale = 255 / (top - start) if top > start else 0.0
    rows = max(1, _STRIP_PIXELS // max(1, values[0].size))
    for first in range(0, len(values), rows):
        part = values[first : first + rows].astype(np.float32)
        part[~np.isfinite(part)] = start
        part = (part - np.float32(start)) * np.float32(scale)
        result[first : first + rows] = np.clip(part, 0, 255).round()
    return result, note


def _range(values: npt.NDArray[Any]) -> tuple[float, float]:
    """The least and the largest number; 0 and 0 where there is none."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _strip(part: PilImage.Image) -> bytes:
    """Some rows as BGR; transparency goes on white."""
    if part.has_transparency_data:
        rgba = part.convert("RGBA")
        part = PilImage.alpha_composite(PilImage.new("RGBA", rgba.size, _WHITE), rgba)
    # Converting copies, also what is converted already.
    rgb = part if part.mode == "RGB" else part.convert("RGB")
    return rgb.tobytes("raw", "BGR")


def to_bgr(image: PilImage.Image, most: int, notes: list[str]) -> Image:
    """Any Pillow mode to BGR uint8, made smaller where it has more than ``most`` pixels.

    Args:
        image: Loaded.
        most: In pixels.
        notes: Gets what was done to deep values.
    """
    factor = math.ceil(math.sqrt(image.width * image.height / most))
    if image.mode.startswith(("I", "F")):
        grey, note = eight_bits(np.asarray(image))
        notes += [note] if note else []
        if factor > 1:
            size = (grey.shape[1] // factor, grey.shape[0] // factor)
            grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    width, height = -(-image.width // factor), -(-image.height // factor)
    result = np.empty((height, width, 3), np.uint8)
    # In strips: a picture of 50 megapixels in three versions at once would fill a small server.
    rows = max(1, _STRIP_PIXELS // image.width // factor)
    for top in range(0, height, rows):
        bottom = min(image.height, (top + rows) * factor)
        part = image
        if (top, bottom) != (0, image.height):
            part = image.crop((0, top * factor, image.width, bottom))
        if factor > 1:
            if part.mode in ("1", "P"):
                part = part.convert("RGBA" if part.has_transparency_data else "RGB")
            part = part.reduce(factor)
        result[top : top + rows] = np.frombuffer(_strip(part), np.uint8).reshape(-1, width, 3)
    return result


def brighten(image: PilImage.Image, data: bytes, notes: list[str]) -> None:
    """Read 10 or 12 bits of colour in a file of 16 anew, since Pillow keeps the upper eight.

    They would be black, and no face would be found without a word.

    Args:
        image: Loaded; changed.
        data: The file it came from.
        notes: Gets what was done.
    """
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    if max(high for _low, high in bands[:3]) >= 64:
        return
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.ndim != 3 or values.shape[1::-1] != image.size:
        return
    colours, note = eight_bits(values[..., :3])
    notes += [note] if note else []
    image.paste(PilImage.fromarray(colours[..., ::-1]).convert(image.mode))
