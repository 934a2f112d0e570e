"""Training pictures cut as the product cuts faces: by their points, turned upright."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fer.detection.alignment import frame_matrix
from fer.detection.blazeface import BlazeFace
from fer.preprocessing import crop_aligned

_SIDE = 128
# A face that fills its picture is found in a larger one, by a third on every side.
_PADDING = 1 / 3


def straightened(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Every face of ``(n, h, h)`` uint8 in FER-2013's mean frame, or as it was without points."""
    network = BlazeFace("short")
    height = images.shape[1]
    margin = round(_SIDE * _PADDING)
    result = images.copy()
    for index, image in enumerate(images):
        large = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR)
        padded = cv2.copyMakeBorder(large, *(margin,) * 4, cv2.BORDER_REPLICATE)
        found = network.find(np.asarray(cv2.cvtColor(padded, cv2.COLOR_GRAY2BGR), np.uint8))
        if len(found):
            points = (found.points[0] - margin) * (height / _SIDE)
            six = tuple((float(x), float(y)) for x, y in points)
            result[index] = crop_aligned(image, frame_matrix(six), height)
    return result
