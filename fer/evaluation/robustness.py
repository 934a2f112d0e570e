"""How much accuracy a model keeps when faces look as they do in front of a webcam.

Corruptions of graded severity on a labelled split, after Hendrycks & Dietterich 2019 (arXiv
1903.12261), chosen for faces: blur, small faces, tilted heads, exposure, JPEG, occlusion, and a
detector's box that is off.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import majority_labels, seven_labels
from fer.evaluation.cross import label_indices
from fer.evaluation.evaluate import PredictHeads
from fer.evaluation.metrics import accuracy, macro_f1
from fer.labels import FER2013, OWN, PERCEIVED
from fer.preprocessing import Image


@dataclass(frozen=True, slots=True)
class Condition:
    """One corruption at several levels.

    Attributes:
        levels: From mild to severe.
        apply: ``(picture (s, s) uint8, level) -> (s, s) uint8``.
    """

    name: str
    unit: str
    levels: tuple[float, ...]
    apply: Callable[[Image, float], Image]


def affine_matrix(
    source: int,
    target: int,
    *,
    degrees: float = 0.0,
    scale: float = 1.0,
    shift_xy: tuple[float, float] = (0.0, 0.0),
    flip: bool = False,
) -> npt.NDArray[np.float32]:
    """Matrix ``(2, 3)`` that rotates and zooms about the centre, shifts, flips and resizes.

    Degrees are clockwise, the zoom above 1 lets a face grow, the shift is in fractions of the side,
    and the flip, left and right, comes first.
    """
    zoom = scale * target / source
    cos, sin = zoom * math.cos(math.radians(degrees)), zoom * math.sin(math.radians(degrees))
    mirror = -1.0 if flip else 1.0
    centre_in, centre_out = (source - 1) / 2, (target - 1) / 2
    a, b, c, d = cos * mirror, -sin, sin * mirror, cos
    x = centre_out + shift_xy[0] * target - (a + b) * centre_in
    y = centre_out + shift_xy[1] * target - (c + d) * centre_in
    return np.array([[a, b, x], [c, d, y]], np.float32)


def warp(picture: Image, matrix: npt.NDArray[np.float32], side: int) -> Image:
    """An affine warp to ``(side, side)``; what comes in from outside repeats the edge."""
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    warped = cv2.warpAffine(picture, matrix, (side, side), flags=flags, borderMode=border)
    return np.asarray(warped, np.uint8)


def moved(picture: Image, **change: Any) -> Image:
    """A picture through ``affine_matrix``, of the same size."""
    side = len(picture)
    return warp(picture, affine_matrix(side, side, **change), side)


def blurred(picture: Image, sigma: float) -> Image:
    """Gaussian blur; ``sigma`` in pixels of the 48 px crop."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def small(picture: Image, side: float) -> Image:
    """As if the face had only ``side`` pixels in the frame."""
    tiny = cv2.resize(picture, (int(side), int(side)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(tiny, picture.shape[::-1], interpolation=cv2.INTER_LINEAR))


def rotated(picture: Image, degrees: float) -> Image:
    """Rotation in the plane about the centre."""
    return moved(picture, degrees=-degrees)


def exposed(picture: Image, gamma: float) -> Image:
    """Gamma curve: below 1 brighter, above 1 darker."""
    levels = 255 * (np.arange(256) / 255) ** gamma
    return np.asarray(cv2.LUT(picture, levels.round().astype(np.uint8)), np.uint8)


def jpeg(picture: Image, quality: float) -> Image:
    """Through a JPEG of that quality (0 to 100)."""
    _done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def half_hidden(picture: Image, side: float) -> Image:
    """One half under its own mean grey; ``side`` is 0 left, 1 right, 2 upper, 3 lower."""
    height, width = picture.shape
    parts = (
        np.s_[:, : width // 2],
        np.s_[:, width // 2 :],
        np.s_[: height // 2],
        np.s_[height // 2 :],
    )
    hidden = picture.copy()
    part = parts[int(side)]
    hidden[part] = round(float(picture[part].mean()))
    return hidden


def shifted(picture: Image, percent: float) -> Image:
    """As if the box lay ``percent`` of its side too far to the right and down."""
    return moved(picture, shift_xy=(-percent / 100, -percent / 100))


def zoomed(picture: Image, percent: float) -> Image:
    """As if the box were ``percent`` too large (negative: too small) around the same centre."""
    return moved(picture, scale=1 / (1 + percent / 100))


CONDITIONS: tuple[Condition, ...] = (
    Condition("blur", "px sigma", (1.0, 2.0, 3.0), blurred),
    Condition("small face", "px", (24, 16, 12), small),
    Condition("rotation", "degrees", (10, 20, 30), rotated),
    Condition("gamma", "exponent", (0.4, 0.6, 1.6, 2.5), exposed),
    Condition("JPEG", "quality", (40, 20, 10), jpeg),
    Condition("half hidden", "0 left, 1 right, 2 upper, 3 lower", (0, 1, 2, 3), half_hidden),
    Condition("box shifted", "% of its side", (5, 10, 15), shifted),
    Condition("box size", "% too large", (-15, 15, 30), zoomed),
)
"""What a webcam does to a face."""

CLEAN = "clean"
_AS_IT_IS = Condition(CLEAN, "", (0.0,), lambda picture, _level: picture)


def robustness(
    predict_heads: PredictHeads,
    dataset: FaceDataset,
    *,
    conditions: Sequence[Condition] = CONDITIONS,
    own: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Accuracy on PublicTest, clean and under every condition.

    Measured on what most of ten voters see where the data has votes and the model that label set,
    else on the labels of FER-2013.

    Returns:
        One record for the clean pictures, then one per condition and level: ``condition``,
        ``level``, ``unit``, ``labels`` (the label set that answered), ``accuracy``, ``macro_f1``
        and ``n``.

    Raises:
        DatasetError: If the split does not exist.
    """
    # PrivateTest stays closed: this is for choosing.
    chosen = dataset.split("PublicTest")
    names, name = (own, OWN) if own else (FER2013, "fer2013")
    labels = label_indices(chosen, names)
    if not own and chosen.votes is not None and PERCEIVED in predict_heads(chosen.images[:1]):
        labels = seven_labels(majority_labels(chosen.votes)).astype(np.intp)
        name = PERCEIVED
    known = labels >= 0
    images, labels = chosen.images[known], labels[known]
    levels = [(one, float(level)) for one in conditions for level in one.levels]
    rows = []
    for condition, level in [(_AS_IT_IS, 0.0), *levels]:
        changed = np.stack([condition.apply(np.ascontiguousarray(one), level) for one in images])
        answers = predict_heads(changed)[name].argmax(axis=1)
        rows.append(
            {
                "condition": condition.name,
                "level": level,
                "unit": condition.unit,
                "labels": name,
                "accuracy": accuracy(labels, answers),
                "macro_f1": macro_f1(labels, answers, len(names)),
                "n": len(labels),
            }
        )
    return rows


def mean_loss(records: Sequence[Mapping[str, Any]]) -> float:
    """Accuracy lost on average over ``robustness``'s conditions, each the mean of its levels."""
    clean = next(row["accuracy"] for row in records if row["condition"] == CLEAN)
    by_condition: dict[str, list[float]] = {}
    for row in records:
        if row["condition"] != CLEAN:
            by_condition.setdefault(str(row["condition"]), []).append(clean - row["accuracy"])
    return float(np.mean([np.mean(losses) for losses in by_condition.values()]))
