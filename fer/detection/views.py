"""Pictures prepared for a cascade: resized, turned, and stretched where they are dim."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from fer.preprocessing import Image
from fer.results import Box


class View(NamedTuple):
    """How a face is turned.

    Attributes:
        tilt: In-plane rotation in degrees, counter-clockwise.
        profile: 0 for a frontal face, 1 for a profile as the cascade learned it, -1 for its
            mirror image.
    """

    tilt: float = 0.0
    profile: int = 0


UPRIGHT = View()
TURNED: tuple[View, ...] = (View(tilt=24.0), View(tilt=-24.0), View(profile=1), View(profile=-1))
"""The other ways a face may be turned; the cascade allows about 14 degrees beside each tilt."""

# The cascade skips windows whose grey levels deviate by less than 10.
_DIM_DEVIATION = 30.0
_MOST_GAIN = 8.0


def lifted(grey: Image) -> Image:
    """A dim picture with its contrast stretched; any other as it is.

    The cascade norms every window itself, so it needs no equalisation; equalising would even hide
    faces beside a large plain background.
    """
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(grey))
    if deviation >= _DIM_DEVIATION:
        return grey
    gain = min(_MOST_GAIN, _DIM_DEVIATION / max(deviation, 1e-6))
    return np.asarray(cv2.addWeighted(grey, gain, grey, 0.0, 128 - gain * mean), np.uint8)


def resized(grey: Image, width: int, height: int) -> Image:
    """A grey picture in another size, by the method that suits it."""
    shrinking = width < grey.shape[1]
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (width, height), interpolation=method), np.uint8)


def turned(picture: Image, view: View) -> tuple[Image, Callable[[Box], Box]]:
    """A picture turned so that faces of a view look as the cascade knows them, and the way back."""
    height, width = picture.shape
    if view.profile < 0:
        flipped = np.asarray(cv2.flip(picture, 1), np.uint8)
        return flipped, lambda box: Box(width - box.right, box.y, box.width, box.height)
    if not view.tilt:
        return picture, lambda box: box
    centre = (width / 2, height / 2)
    matrix = cv2.getRotationMatrix2D(centre, -view.tilt, 1.0)
    turned = np.asarray(
        cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    inverse = cv2.invertAffineTransform(matrix)

    def back(box: Box) -> Box:
        x, y = inverse @ (box.x + box.width / 2, box.y + box.height / 2, 1.0)
        return Box(round(x - box.width / 2), round(y - box.height / 2), box.width, box.height)

    return turned, back
