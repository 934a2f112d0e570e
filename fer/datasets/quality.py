"""How pictures look as a whole: light, contrast, sharpness, the mean face of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float32]

MEASURES: dict[str, str] = {
    "brightness": "mean grey value (0 to 255)",
    "contrast": "standard deviation of the grey values (0 to 128)",
    "sharpness": "logarithm (base 10) of the variance of the Laplacian, plus 1",
}
"""Measure -> what it is, with its unit."""

_CHUNK = 2048


def quality(images: npt.NDArray[np.uint8]) -> dict[str, Floats]:
    """Every measure of ``MEASURES`` for every picture.

    The variance of the Laplacian is the usual measure of focus (Pech-Pacheco et al. 2000,
    "Diatom autofocusing in brightfield microscopy"); a blank picture has 0.

    Args:
        images: ``(n, h, w)`` uint8.

    Returns:
        Measure -> ``(n,)`` float32.
    """
    found = {name: np.zeros(len(images), np.float32) for name in MEASURES}
    for start in range(0, len(images), _CHUNK):
        chunk = np.asarray(images[start : start + _CHUNK])
        part = slice(start, start + len(chunk))
        pixels = chunk.reshape(len(chunk), -1).astype(np.float32)
        found["brightness"][part] = pixels.mean(axis=1)
        found["contrast"][part] = pixels.std(axis=1)
        found["sharpness"][part] = [cv2.Laplacian(one, cv2.CV_32F).var() for one in chunk]
    found["sharpness"] = np.log10(found["sharpness"] + 1)
    return found


def quality_table(
    dataset: FaceDataset, values: Floats, *, by: str = "class", bins: int = 40
) -> pd.DataFrame:
    """How a measure is distributed in each class or split.

    Args:
        dataset: The pictures' labels and splits.
        values: ``(n,)``, one entry of ``quality``.
        by: ``"class"`` or ``"split"``.
        bins: Bars between the smallest and the largest value.

    Returns:
        ``group``, ``value`` (centre of the bar), ``share`` of the group's pictures (0 to 1) and
        ``count``; empty groups are left out.
    """
    import pandas as pd

    codes, names = (
        (dataset.labels, dataset.label_names)
        if by == "class"
        else (dataset.splits, dataset.split_names)
    )
    edges = np.linspace(float(values.min()), float(values.max()) + 1e-6, bins + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    parts = []
    for code, name in enumerate(names):
        counts = np.histogram(values[codes == code], edges)[0]
        if counts.sum():
            shares = counts / counts.sum()
            parts.append(
                pd.DataFrame({"group": name, "value": centres, "share": shares, "count": counts})
            )
    return pd.concat(parts, ignore_index=True)


def mean_faces(
    images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int8], classes: int
) -> tuple[Floats, Floats]:
    """The mean and the standard deviation of each pixel over the pictures of each class.

    Args:
        images: ``(n, h, w)`` uint8.
        labels: ``(n,)`` class indices.
        classes: How many there are.

    Returns:
        Two arrays ``(classes, h, w)`` float32; 0 for a class without pictures.
    """
    shape = (classes, *images.shape[1:])
    total, squares = np.zeros(shape, np.float64), np.zeros(shape, np.float64)
    for start in range(0, len(images), _CHUNK):
        chunk = np.asarray(images[start : start + _CHUNK]).astype(np.float32)
        there = labels[start : start + _CHUNK]
        for label in np.unique(there[there >= 0]):
            chosen = chunk[there == label]
            total[label] += chosen.sum(axis=0, dtype=np.float64)
            squares[label] += (chosen**2).sum(axis=0, dtype=np.float64)
    counts = np.bincount(labels[labels >= 0], minlength=classes).reshape(-1, 1, 1)
    mean = total / np.maximum(counts, 1)
    variance = np.maximum(squares / np.maximum(counts, 1) - mean**2, 0)
    return mean.astype(np.float32), np.sqrt(variance).astype(np.float32)
