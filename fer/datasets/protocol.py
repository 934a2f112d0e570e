"""What may be trained on and measured on, given that FER-2013 repeats images across its splits."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import not_a_face


def image_digests(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.bytes_]:
    """A digest ``(n,)`` of each image's pixels; equal pixels give equal digests.

    Args:
        images: ``(n, h, w)`` uint8, of one size.

    Returns:
        BLAKE2b, 16 bytes, written as 32 hexadecimal digits.
    """
    # One flat view of the bytes: slicing it is several times faster than slicing the array, and
    # far faster than slicing a memory map.
    pixels = np.ascontiguousarray(images).data.cast("B") if images.size else memoryview(b"")
    size = pixels.nbytes // max(1, len(images))
    digests = [
        hashlib.blake2b(pixels[start : start + size], digest_size=16).hexdigest()
        for start in range(0, len(images) * size, size or 1)
    ]
    return np.asarray(digests, dtype="S32")


def fingerprint(dataset: FaceDataset) -> dict[str, Any]:
    """What tells a data set from every other, as plain values for JSON.

    Returns:
        ``faces``, ``splits`` and ``votes``: digests of the pictures with their labels, of each
        row's split, and of the FER+ votes (None without); ``counts`` of rows by split; and
        ``division``, as the data set has it.
    """
    names = np.asarray(dataset.label_names)[dataset.labels].tolist()
    splits = np.asarray(dataset.split_names)[dataset.splits].tolist()
    votes = dataset.votes
    return {
        "faces": _digest(image_digests(dataset.images).tobytes(), "\n".join(names).encode()),
        "splits": _digest("\n".join(splits).encode()),
        "votes": None if votes is None else _digest(np.ascontiguousarray(votes).tobytes()),
        "counts": {name: splits.count(name) for name in dataset.split_names},
        "division": None if dataset.division is None else list(dataset.division),
    }


def _digest(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def training_rows(dataset: FaceDataset) -> npt.NDArray[np.bool_]:
    """Mask ``(n,)`` of the rows of Training that the protocol allows to be trained on.

    Left out: every image whose pixels also occur in another split, and, when the data set has
    FER+ votes, rows that most voters call "not a face". With both, 27,867 of FER-2013's 28,709
    rows stay.
    """
    training = dataset.split_mask("Training")
    digests = image_digests(dataset.images)
    allowed = training & ~np.isin(digests, digests[~training])
    if dataset.votes is not None:
        allowed &= ~not_a_face(dataset.votes)
    return allowed


def unseen_rows(dataset: FaceDataset, split: str) -> npt.NDArray[np.bool_]:
    """Mask ``(n,)`` of a split's rows whose pixels do not occur in Training."""
    mask = dataset.split_mask(split)
    digests = image_digests(dataset.images)
    return mask & ~np.isin(digests, digests[dataset.split_mask("Training")])
