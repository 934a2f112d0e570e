"""Random changes of a training image, on the CPU with OpenCV, one warp per image."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from fer.training.config import AugmentationConfig

_JPEG_QUALITY = (10, 61)


def affine_matrix(
    source: int,
    target: int,
    *,
    degrees: float,
    scale: float,
    shift_xy: tuple[float, float],
    flip: bool,
) -> npt.NDArray[np.float32]:
    """Matrix ``(2, 3)`` that rotates and zooms about the centre, shifts, flips and resizes.

    Args:
        source: Side of the input in pixels.
        target: Side of the output in pixels.
        degrees: Rotation.
        scale: Zoom; above 1 the face grows.
        shift_xy: Shift as fractions of the side.
        flip: Mirror left and right first.
    """
    zoom = scale * target / source
    cos, sin = zoom * math.cos(math.radians(degrees)), zoom * math.sin(math.radians(degrees))
    mirror = -1.0 if flip else 1.0
    centre_in, centre_out = (source - 1) / 2, (target - 1) / 2
    a, b, c, d = cos * mirror, -sin, sin * mirror, cos
    x = centre_out + shift_xy[0] * target - (a + b) * centre_in
    y = centre_out + shift_xy[1] * target - (c + d) * centre_in
    return np.array([[a, b, x], [c, d, y]], np.float32)


def augment(
    image: npt.NDArray[np.uint8], size: int, config: AugmentationConfig, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """One random view of a face.

    Args:
        image: ``(h, h)`` uint8.
        size: Side of the result.
        config: Ranges.
        rng: Source of randomness; the same state gives the same view.

    Returns:
        ``(size, size)`` uint8.
    """
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
    view = np.asarray(
        cv2.warpAffine(
            image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )
    if draw[5] < config.low_resolution:
        view = _soften(view, draw[6], draw[7], config)
    gamma = (1 + config.gamma) ** spread[8]
    levels = np.arange(256, dtype=np.float32) / 255
    view = np.asarray(cv2.LUT(view, (255 * levels**gamma + 0.5).astype(np.uint8)), np.uint8)
    if draw[9] < config.erase:
        _erase(view, config.erase_area, draw[10:14], rng)
    # Drawn only where it is wanted, so that a recipe without it gives the views that it gave.
    if config.jpeg and rng.random() < config.jpeg:
        view = _through_jpeg(view, int(rng.integers(*_JPEG_QUALITY)))
    return view


def _through_jpeg(view: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    _done, packed = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)


def _soften(
    view: npt.NDArray[np.uint8], kind: float, amount: float, config: AugmentationConfig
) -> npt.NDArray[np.uint8]:
    size = view.shape[0]
    if kind < 0.5:
        small = max(12, round(size * (config.smallest + (0.8 - config.smallest) * amount)))
        tiny = cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA)
        softened = cv2.resize(tiny, (size, size), interpolation=cv2.INTER_LINEAR)
    else:
        softened = cv2.GaussianBlur(view, (0, 0), 0.4 + (config.blur - 0.4) * amount)
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
