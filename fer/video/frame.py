"""One frame of a video as it is to be shown: square pixels, upright, mirrored if so."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from fer.preprocessing import Image
from fer.video.container import MAX_PIXELS


def square_size(width: int, height: int, aspect: float) -> tuple[int, int]:
    """Width and height of a stored picture once its pixels are square; enlarged, not shrunk.

    Args:
        width: As stored.
        height: As stored.
        aspect: Width of a pixel by its height.
    """
    wide, high = max(1.0, aspect), max(1.0, 1 / aspect)
    if width * height * wide * high > MAX_PIXELS:
        wide, high = min(1.0, aspect), min(1.0, 1 / aspect)
    return max(1, round(width * wide)), max(1, round(height * high))


def _shown(image: Image, matrix: tuple[int, ...]) -> Image:
    """A picture as its display matrix places it, to the nearest right angle; also mirrored.

    Args:
        image: ``(h, w, 3)``.
        matrix: Column ``p`` and row ``q`` go to ``a p + c q`` and ``b p + d q``, where the
            numbers are ``a, b, _, c, d, ...`` (ISO/IEC 14496-12, 8.3.2).
    """
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    across, down = a, d
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, across, down = image.swapaxes(0, 1), c, b
    return image[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded frame; its pixels are converted only when they are asked for.

    Attributes:
        time_s: Seconds from the stream's own timestamps; never goes back.
        pixels: The decoder's frame.
        converter: Kept by the reader: to set one up takes longer than to use it.
        aspect: Width of a stored pixel by its height.
    """

    time_s: float
    pixels: av.VideoFrame
    converter: VideoReformatter
    aspect: float = 1.0

    def image_bgr(self) -> Image:
        """``(h, w, 3)`` uint8, as it is to be shown: square pixels, upright, mirrored if so."""
        width, height = square_size(self.pixels.width, self.pixels.height, self.aspect)
        converted = self.converter.reformat(self.pixels, width, height, "bgr24")
        image = np.asarray(converted.to_ndarray(), np.uint8)
        matrix: Any = self.pixels.side_data.get("DISPLAYMATRIX")
        if matrix is not None:
            image = _shown(image, struct.unpack("=9i", bytes(matrix)))
        return np.ascontiguousarray(image)
