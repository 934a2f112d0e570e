"""Parts of the training rows: whose labels a network has not seen, it can be asked about."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt


def part_of(images: npt.NDArray[np.uint8], parts: int) -> npt.NDArray[np.intp]:
    """The part of each picture, the same in every data set that holds it.

    It depends on the pixels alone, so that copies of a picture are never in two parts.

    Args:
        images: ``(n, h, w)`` uint8.
        parts: How many there are.

    Returns:
        ``(n,)`` numbers from 0 to ``parts - 1``.
    """
    digests = (blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.array([int.from_bytes(one, "little") % parts for one in digests], np.intp)


def in_part(
    images: npt.NDArray[np.uint8], part: tuple[int, int] | None
) -> npt.NDArray[np.bool_] | None:
    """Which pictures are in a part, given with the number of parts; None for no part."""
    return None if part is None else part_of(images, part[1]) == part[0]
