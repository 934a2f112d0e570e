"""The ``.keras`` file of a published network, small enough for a repository."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import keras

LIMIT_BYTES = 10 * 1000**2
KEPT_BITS = 9
"""Of a weight's 23 bits of fraction; half precision keeps one more, bfloat16 two fewer."""


def rounded(weight: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A float32 array with only ``KEPT_BITS`` of its fraction, so that it compresses."""
    dropped = 23 - KEPT_BITS
    bits = np.ascontiguousarray(weight, np.float32).view(np.uint32)
    kept = np.uint32((0xFFFFFFFF << dropped) & 0xFFFFFFFF)
    return ((bits + np.uint32(1 << (dropped - 1))) & kept).view(np.float32)


def save_small(model: keras.Model, path: Path) -> bool:
    """Save a network; where its file is too large, with rounded weights and compressed.

    Tells whether a file of at most ``LIMIT_BYTES`` came of it; otherwise there is none.
    """
    model.save(path)
    if path.stat().st_size > LIMIT_BYTES:
        model.set_weights([rounded(one) for one in model.get_weights()])
        model.save(path)
        packed = path.with_suffix(".partial")
        with (
            zipfile.ZipFile(path) as plain,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as small,
        ):
            for entry in plain.infolist():
                small.writestr(entry.filename, plain.read(entry))
        packed.replace(path)
    if path.stat().st_size <= LIMIT_BYTES:
        return True
    path.unlink()
    return False
