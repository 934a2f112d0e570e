"""The crop contract: how a frame and a face become what the network sees.

A face with points is turned upright by a similarity transform that takes them to where FER-2013's
pictures have them (``crop_aligned``; ``fer.detection.alignment`` makes the transform, and chooses).
A box without points is cut as it is, made square about its centre, without a margin
(``crop_face``): FER-2013 pictures are themselves Haar frontal-face boxes (measured: median box side
0.98 of the frame, centred). In both, pixels outside the image repeat its edge; the result is
48 x 48 grey with values 0..255, not equalised and not scaled. Normalisation lives inside the model.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from fer.errors import InputError
from fer.results import Box

CROP_SIZE = 48

# The edge is repeated in memory: a box of a million pixels would ask for a terabyte.
_LARGEST_BOX = 4
_FINEST_SAMPLING = 16

Image = npt.NDArray[np.uint8]


def _described(frame: object) -> str:
    if isinstance(frame, np.ndarray):
        return f"an array of shape {frame.shape} and dtype {frame.dtype}"
    return type(frame).__name__


def _conversion(frame: npt.NDArray[np.generic]) -> str:
    """How to make a picture of another type uint8, told by what it holds."""
    if frame.dtype == np.bool_:
        return "frame * np.uint8(255)"
    if frame.dtype.kind not in "iuf" or not frame.size:
        return "cv2.imread"
    low, high = float(frame.min()), float(frame.max())
    if not np.isfinite([low, high]).all():
        return "np.nan_to_num(frame) first"
    if low < 0 or (frame.dtype.kind == "f" and high > 255) or high > 65_535:
        return "((frame - frame.min()) / np.ptp(frame) * 255).astype(np.uint8)"
    if frame.dtype.kind != "f":
        bits = next(bits for bits in (8, 10, 12, 14, 16) if high < 2**bits)
        return f"(frame >> {bits - 8}).astype(np.uint8)" if bits > 8 else "frame.astype(np.uint8)"
    scaled = "(frame * 255)" if high <= 1 else "frame"
    return f"{scaled}.round().astype(np.uint8)"


def check_frame(frame: object) -> Image:
    """Accept a picture as the pipeline takes it.

    Args:
        frame: ``(h, w)`` or ``(h, w, 1)`` grey, ``(h, w, 3)`` BGR or ``(h, w, 4)`` BGRA; uint8;
            any memory layout.

    Returns:
        The same pixels, C-contiguous; ``(h, w, 1)`` becomes ``(h, w)``.

    Raises:
        InputError: For anything else, saying what came and how to convert it.
    """
    if not isinstance(frame, np.ndarray) or not (
        frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] in (1, 3, 4))
    ):
        raise InputError(
            "frame: expected a uint8 array of shape (h, w), (h, w, 3) BGR or (h, w, 4) BGRA, got "
            f"{_described(frame)}; read it for example with cv2.imread"
        )
    if frame.dtype != np.uint8:
        # Values decide, not the type alone: a plain cast would make 0..1 black.
        known = frame.size and frame.dtype.kind in "iuf"
        values = f" from {frame.min():g} to {frame.max():g}" if known else ""
        raise InputError(
            f"frame: expected uint8 values 0..255, got {_described(frame)}{values}; convert it "
            f"with {_conversion(frame)}"
        )
    if frame.size == 0:
        raise InputError(
            f"frame: expected at least one pixel, got shape {frame.shape}; check the source"
        )
    if frame.ndim == 3 and frame.shape[2] == 1:
        frame = frame[..., 0]
    return np.ascontiguousarray(frame)


def to_grey(frame: Image) -> Image:
    """BGR or BGRA ``(h, w, c)`` or grey ``(h, w)`` to grey ``(h, w)``, ITU-R BT.601 weights."""
    if frame.ndim == 2:
        return frame
    code = cv2.COLOR_BGRA2GRAY if frame.shape[2] == 4 else cv2.COLOR_BGR2GRAY
    return np.asarray(cv2.cvtColor(frame, code), np.uint8)


def to_bgr(frame: Image) -> Image:
    """Grey ``(h, w)`` or BGRA ``(h, w, 4)`` to BGR ``(h, w, 3)``; a BGR picture as it is."""
    if frame.ndim == 2:
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), np.uint8)
    if frame.shape[2] == 4:
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR), np.uint8)
    return frame


def to_yuv420(image_bgr: Image) -> Image:
    """BGR to the pixel format of video encoders, a third of FFmpeg's time.

    Args:
        image_bgr: ``(h, w, 3)`` uint8; both sides even.

    Returns:
        ``(h * 3 // 2, w)`` uint8: the three planes one below the other (I420, ITU-R BT.601).
    """
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2YUV_I420), np.uint8)


def set_picture_threads(count: int | None) -> None:
    """How many threads OpenCV takes for one picture, in the whole process.

    They wait for each other by spinning: where several pictures are worked on at once, one thread
    each costs less and is as fast.

    Args:
        count: At least 1; None for as many as there are cores.
    """
    cv2.setNumThreads(-1 if count is None else count)


def crop_square(box: Box) -> Box:
    """The square about a box's centre that ``crop_face`` cuts; may reach outside the image."""
    side = max(box.width, box.height)
    # Whole numbers, rounded down: a box that moves by a pixel moves its crop by a pixel.
    x = box.x + (box.width - side) // 2
    y = box.y + (box.height - side) // 2
    return Box(x, y, side, side)


def crop_face(grey: Image, box: Box, size: int = CROP_SIZE) -> Image:
    """Cut a square about the box's centre and resize it.

    Args:
        grey: ``(h, w)`` uint8; colour ``(h, w, 3)`` is cut likewise.
        box: In pixels of ``grey``; may reach outside.
        size: Side of the result in pixels.

    Returns:
        ``(size, size)`` uint8, or ``(size, size, 3)``.

    Raises:
        InputError: If the box is empty, lies wholly outside the image, or dwarfs it.
    """
    height, width = grey.shape[:2]
    square = crop_square(box)
    x, y, side = square.x, square.y, square.width
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + side, width), min(y + side, height)
    empty = side <= 0 or right <= left or bottom <= top
    if empty or side > _LARGEST_BOX * max(height, width):
        raise InputError(
            f"box: expected one that overlaps the {width} x {height} image and is at most "
            f"{_LARGEST_BOX} times as large, got {box}; pass a box in pixels of this image"
        )
    crop = grey[top:bottom, left:right]
    if (right - left, bottom - top) != (side, side):
        crop = np.asarray(
            cv2.copyMakeBorder(
                crop, top - y, y + side - bottom, left - x, x + side - right, cv2.BORDER_REPLICATE
            )
        )
    # Area averaging when shrinking, as the data set was made; bilinear when enlarging.
    shrinking = side > size
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (size, size), interpolation=method), np.uint8)


def crop_aligned(picture: Image, matrix: npt.NDArray[np.float64], size: int = CROP_SIZE) -> Image:
    """Cut a face by the similarity transform that turns it upright.

    Args:
        picture: ``(h, w)`` grey or ``(h, w, 3)`` colour, uint8.
        matrix: ``(2, 3)``: picture coordinates to a frame of ``CROP_SIZE`` pixels, both counted
            from the upper left corner of the upper left pixel (``fer.detection.alignment``).
        size: Side of the result in pixels.

    Returns:
        ``(size, size)`` uint8, or ``(size, size, 3)``; pixels outside the picture repeat its edge.
    """
    zoom = float(np.hypot(matrix[0, 0], matrix[1, 0])) * size / CROP_SIZE
    # A large face is sampled finely and then averaged by area, as the data set was made.
    finer = min(_FINEST_SAMPLING, max(1, math.ceil(1 / max(zoom, 1e-6))))
    scaled = matrix * (size / CROP_SIZE * finer)
    # OpenCV counts from the middle of the first pixel, the matrix from its corner.
    scaled[:, 2] += scaled[:, :2].sum(axis=1) / 2 - 0.5
    side = size * finer
    crop = cv2.warpAffine(
        picture, scaled, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if finer > 1:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8)


def shrink_to_fit(image: Image, side: int) -> Image:
    """Shrink a picture so that its longer side has at most ``side`` pixels; never enlarge."""
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return image
    return shrink(image, max(1, round(width * factor)), max(1, round(height * factor)))


def shrink(image: Image, width: int, height: int) -> Image:
    """Shrink a picture by area averaging; by halves first, which OpenCV does much faster.

    Args:
        image: ``(h, w)`` grey or ``(h, w, 3)`` colour, uint8.
        width: Of the result, at most that of ``image``.
        height: Likewise.
    """
    rows, columns = image.shape[:2]
    while not (rows % 2 or columns % 2) and rows >= 2 * height and columns >= 2 * width:
        rows, columns = rows // 2, columns // 2
        image = np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA))
    if (rows, columns) != (height, width):
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
    return image


def resize_square(image: Image, side: int) -> Image:
    """Resize a square grey picture for display, smoothly."""
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
