"""Augmentations one by one, by name, to be looked at.

The training's own augmentation (``fer.training.augmentation``) does several at once in one warp.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from fer.evaluation.robustness import blurred, moved, warp

Face = npt.NDArray[np.uint8]
Change = Callable[[Face, float, np.random.Generator], Face]

HIGHEST_STRENGTH = 3.0


class Augmentation(NamedTuple):
    """A random change of a picture ``(h, h)`` uint8, and what it does at strength 1 in words."""

    text: str
    change: Change


def _either_side(rng: np.random.Generator, most: float) -> float:
    return float(rng.uniform(-most, most))


def _levels(image: Face, factor: float, offset: float) -> Face:
    """Grey values stretched about their mean and lifted, rounded and clipped to 0..255."""
    mean = float(image.mean())
    levels = np.rint((image - mean) * factor + mean + offset)
    return np.asarray(np.clip(levels, 0, 255), np.uint8)


def rotation(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Turn about the centre by up to 15 degrees."""
    return moved(image, degrees=_either_side(rng, 15 * strength))


def shift(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Move by up to a tenth of the side, each way."""
    most = 0.1 * strength
    return moved(image, shift_xy=(_either_side(rng, most), _either_side(rng, most)))


def shear(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Slant by up to 12 degrees about the centre."""
    slope = math.tan(math.radians(_either_side(rng, 12 * strength)))
    middle = (image.shape[0] - 1) / 2
    matrix = np.array([[1, slope, -slope * middle], [0, 1, 0]], np.float32)
    return warp(image, matrix, len(image))


def zoom(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Enlarge or shrink by up to 15 %; what is missing repeats the edge."""
    return moved(image, scale=math.exp(_either_side(rng, 0.15 * strength)))


def flip(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Mirror left and right, every second time."""
    mirrored = rng.random() < min(1.0, 0.5 * strength)
    return np.ascontiguousarray(image[:, ::-1]) if mirrored else image.copy()


def brightness(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Lighten or darken by up to 40 of 255 grey values."""
    return _levels(image, 1.0, _either_side(rng, 40 * strength))


def contrast(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Stretch or flatten about the mean by up to a factor of 1.5."""
    return _levels(image, 1.5 ** _either_side(rng, strength), 0.0)


def noise(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Add normal noise with a deviation of up to 15 grey values."""
    deviation = float(rng.uniform(0, 15 * strength))
    noisy = image + rng.normal(0, deviation, image.shape) if deviation > 0 else image
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def blur(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Soften with a Gaussian of up to 1.5 pixels of 48."""
    deviation = float(rng.uniform(0, 1.5 * strength)) * image.shape[0] / 48
    if deviation < 0.05:
        return image.copy()
    return blurred(image, deviation)


def crop(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Cut a square of at least 85 % of the side anywhere, and enlarge it again."""
    side = image.shape[0]
    kept = max(4, min(side, round(side * (1 - rng.uniform(0, 0.15 * strength)))))
    left, top = (int(rng.integers(0, side - kept + 1)) for _ in range(2))
    part = image[top : top + kept, left : left + kept]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def erasing(image: Face, strength: float, rng: np.random.Generator) -> Face:
    """Fill a rectangle of up to 15 % of the area with its mean (Zhong et al. 2020, 1708.04896)."""
    side, changed = image.shape[0], image.copy()
    area = side * side * float(rng.uniform(0, min(0.9, 0.15 * strength)))
    stretch = math.exp(_either_side(rng, math.log(2.5)))
    height = min(side, round(math.sqrt(area * stretch)))
    width = min(side, round(math.sqrt(area / stretch)))
    top = int(rng.integers(0, side - height + 1))
    left = int(rng.integers(0, side - width + 1))
    if height and width:
        changed[top : top + height, left : left + width] = int(image.mean())
    return changed


AUGMENTATIONS: dict[str, Augmentation] = {
    change.__name__: Augmentation((change.__doc__ or "").split(" (")[0].strip("."), change)
    for change in (
        rotation,
        shift,
        shear,
        zoom,
        flip,
        brightness,
        contrast,
        noise,
        blur,
        crop,
        erasing,
    )
}
"""Name -> augmentation, in the order in which they are applied."""


def apply_named(
    image: Face, names: Collection[str], rng: np.random.Generator, *, strength: float = 1.0
) -> Face:
    """One random view of a face ``(h, h)`` uint8 through augmentations by name, in their order.

    A strength of 1 is the range that each one's text tells; 0 changes nothing.
    """
    for name, one in AUGMENTATIONS.items():
        if name in names:
            image = one.change(image, strength, rng)
    return image
