"""Random changes of a training image, on the CPU with OpenCV, one warp per image."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from fer.evaluation.robustness import affine_matrix, blurred, jpeg, warp
from fer.training.config import AugmentationConfig

_JPEG_QUALITY = (10, 61)


def augment(
    image: npt.NDArray[np.uint8], size: int, config: AugmentationConfig, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """One random view ``(size, size)`` uint8 of a face ``(h, h)``; a state of ``rng`` has one."""
    draw = rng.random(14)
    spread = 2 * draw - 1
    matrix = affine_matrix(
        image.shape[0],
        size,
        degrees=config.rotation_degrees * spread[0],
        scale=config.scale[0] + (config.scale[1] - config.scale[0]) * draw[1],
        shift_xy=(config.shift * spread[2], config.shift * spread[3]),
        flip=bool(draw[4] < config.flip),
    )
    view = warp(image, matrix, size)
    if draw[5] < config.low_resolution:
        view = _soften(view, draw[6], draw[7], config)
    gamma = (1 + config.gamma) ** spread[8]
    levels = np.arange(256, dtype=np.float32) / 255
    view = np.asarray(cv2.LUT(view, (255 * levels**gamma + 0.5).astype(np.uint8)), np.uint8)
    if draw[9] < config.erase:
        _erase(view, config.erase_area, draw[10:14], rng)
    # Drawn only where it is wanted, so that a recipe without it gives the views that it gave.
    if config.jpeg and rng.random() < config.jpeg:
        view = jpeg(view, float(rng.integers(*_JPEG_QUALITY)))
    return view


def _soften(
    view: npt.NDArray[np.uint8], kind: float, amount: float, config: AugmentationConfig
) -> npt.NDArray[np.uint8]:
    size = view.shape[0]
    if kind < 0.5:
        small = max(12, round(size * (config.smallest + (0.8 - config.smallest) * amount)))
        tiny = cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA)
        softened = cv2.resize(tiny, (size, size), interpolation=cv2.INTER_LINEAR)
    else:
        softened = blurred(view, 0.4 + (config.blur - 0.4) * amount)
    return np.asarray(softened, np.uint8)


def _erase(
    view: npt.NDArray[np.uint8],
    largest: float,
    draw: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Random erasing (Zhong et al. 2020, arXiv 1708.04896) with noise or one grey, in place."""
    size = view.shape[0]
    area = size * size * (0.02 + (largest - 0.02) * draw[0])
    aspect = math.exp((2 * draw[1] - 1) * math.log(2.5))
    height = min(size - 1, max(1, round(math.sqrt(area * aspect))))
    width = min(size - 1, max(1, round(math.sqrt(area / aspect))))
    top, left = int(draw[2] * (size - height)), int(draw[3] * (size - width))
    if rng.random() < 0.5:
        view[top : top + height, left : left + width] = int(view.mean())
    else:
        view[top : top + height, left : left + width] = rng.integers(
            0, 256, (height, width), dtype=np.uint8
        )
