"""Pure geometry of boxes: intersection, merging, clipping, scaling."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from fer.results import Box, Detection


def intersection(a: Box, b: Box) -> int:
    """Common area in square pixels."""
    width = min(a.right, b.right) - max(a.x, b.x)
    height = min(a.bottom, b.bottom) - max(a.y, b.y)
    return max(0, width) * max(0, height)


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0 to 1 (Jaccard index); 0 for empty boxes."""
    common = intersection(a, b)
    union = a.area + b.area - common
    return common / union if union else 0.0


def containment(a: Box, b: Box) -> float:
    """Share of the smaller box that lies in the other, 0 to 1."""
    smaller = min(a.area, b.area)
    return intersection(a, b) / smaller if smaller else 0.0


def clip(box: Box, width: int, height: int) -> Box:
    """The part of a box inside an image; may be empty (width or height 0)."""
    x, y = min(max(box.x, 0), width), min(max(box.y, 0), height)
    right, bottom = min(max(box.right, 0), width), min(max(box.bottom, 0), height)
    return Box(x, y, max(0, right - x), max(0, bottom - y))


def scale(box: Box, factor: float) -> Box:
    """A box of a resized image in pixels of the original (``factor`` = original / resized)."""
    return Box(
        round(box.x * factor),
        round(box.y * factor),
        round(box.width * factor),
        round(box.height * factor),
    )


def merge_overlapping(
    detections: Iterable[Detection], *, max_iou: float = 0.3, max_containment: float = 0.6
) -> list[Detection]:
    """Greedy non-maximum suppression that also drops a box lying inside a better one.

    Args:
        detections: Candidates in any order.
        max_iou: Two boxes that overlap more are one face.
        max_containment: A box of which more than this share lies in a better one is dropped:
            cascades like to find a small face inside a large one.

    Returns:
        The kept detections, best score first.
    """
    kept: list[Detection] = []
    ranked = sorted(detections, key=lambda d: (-d.score, -d.box.area, d.box))
    for candidate in ranked:
        if all(
            iou(candidate.box, other.box) <= max_iou
            and containment(candidate.box, other.box) <= max_containment
            for other in kept
        ):
            kept.append(candidate)
    return kept


def corners(box: Box, roll: float) -> npt.NDArray[np.float64]:
    """Corners ``(4, 2)`` of a face's square in its picture, clockwise from the face's upper left.

    Args:
        box: Upright, about the same centre.
        roll: Degrees by which the face is rotated counter-clockwise.
    """
    middle = np.array([box.x + box.width / 2, box.y + box.height / 2])
    half = np.array([box.width / 2, box.height / 2])
    around = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    return np.asarray(middle + around @ np.array([[cos, -sin], [sin, cos]]), np.float64)
