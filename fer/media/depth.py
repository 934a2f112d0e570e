"""Grey values of more than eight bits, whole or real, as eight bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fer.preprocessing import Image

# What cameras and scanners deliver in files of sixteen bits.
_BITS = (8, 10, 12, 14, 16)
_STRIP_PIXELS = 2**21


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
