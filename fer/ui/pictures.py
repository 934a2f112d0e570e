"""Many small faces as one picture, which a browser draws faster than many small pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fer.preprocessing import Image, resize_square

TILE = 72
GAP = 4


def picture_rows(images: npt.NDArray[np.uint8], columns: int) -> Image:
    """Faces in rows on transparent ground, so that it looks right on a light and a dark page.

    Args:
        images: ``(n, h, h)`` uint8.
        columns: Faces in a row; a short last row is left open.

    Returns:
        ``(rows * step - gap, columns * step - gap, 4)`` uint8 RGBA.
    """
    lines = max(1, -(-len(images) // columns))
    step = TILE + GAP
    canvas = np.zeros((lines * step - GAP, columns * step - GAP, 4), np.uint8)
    for position, image in enumerate(images):
        top, left = position // columns * step, position % columns * step
        tile = canvas[top : top + TILE, left : left + TILE]
        tile[..., :3] = resize_square(np.asarray(image), TILE)[..., None]
        tile[..., 3] = 255
    return canvas
