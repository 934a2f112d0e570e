"""From the points of a face to FER-2013's frame: a similarity transform, its box and its roll.

A FER-2013 picture shows a face with its points at about the same places. A similarity transform
that takes a face's points there turns it upright and gives it the size and the margins that the
networks have learned from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer.preprocessing import CROP_SIZE, Image, crop_aligned, crop_face
from fer.results import Box, Detection, FaceEmotion, Points

Matrix = npt.NDArray[np.float64]

FRAME = np.array(
    [(15.0, 18.8), (33.0, 18.8), (24.0, 28.8), (24.0, 37.3), (6.2, 22.0), (41.8, 22.0)]
)
"""Where the six points lie in a 48 x 48 picture, in pixels from its upper left corner: medians of
BlazeFace short range on 1,500 training pictures of FER-2013, made symmetric."""

# Ears are the least certain points and leave the frame when a head turns.
_WEIGHTS = np.array([1.0, 1.0, 1.0, 1.0, 0.4, 0.4]) / 4.8


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a face lies in a picture.

    Attributes:
        matrix: ``(2, 3)``: picture coordinates to the 48 x 48 frame; both count from the upper
            left corner of the upper left pixel.
        box: The frame's square in the picture, turned upright about its centre.
        roll: Degrees by which the face is rotated counter-clockwise.
    """

    matrix: Matrix
    box: Box
    roll: float


def similarity(points: Matrix, targets: Matrix, weights: Matrix) -> Matrix:
    """The similarity transform that takes points to others, by weighted least squares.

    In complex numbers ``w = a z + b`` with ``a = sum c conj(z) w / sum c |z|^2`` about the
    weighted means (Umeyama 1991, in two dimensions without reflection).

    Args:
        points: ``(n, 2)``.
        targets: ``(n, 2)``.
        weights: ``(n,)``; they sum to 1.

    Returns:
        ``(2, 3)``.
    """
    source, target = points @ (1, 1j), targets @ (1, 1j)
    here, there = weights @ source, weights @ target
    spread = float(weights @ np.abs(source - here) ** 2)
    turn = complex(weights @ (np.conj(source - here) * (target - there))) / max(spread, 1e-9)
    shift = complex(there - turn * here)
    return np.array(
        [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float64
    )


def frame_matrix(points: Points) -> Matrix:
    """The transform ``(2, 3)`` that takes six points in pixels of a picture to ``FRAME``."""
    return similarity(np.asarray(points, np.float64), FRAME, _WEIGHTS)


def box_matrix(box: Box) -> Matrix:
    """The transform of a face without points: its box, made square, fills the frame."""
    scale = CROP_SIZE / max(box.width, box.height, 1)
    x, y = box.x + box.width / 2, box.y + box.height / 2
    middle = CROP_SIZE / 2
    return np.array([[scale, 0, middle - scale * x], [0, scale, middle - scale * y]], np.float64)


def align(points: Points) -> Alignment:
    """How a face with six points lies in its picture."""
    matrix = frame_matrix(points)
    a, b = matrix[0, 0], matrix[1, 0]
    size = max(math.hypot(a, b), 1e-9)
    middle = np.array([CROP_SIZE / 2, CROP_SIZE / 2]) - matrix[:, 2]
    # The inverse of a rotation and scaling is its transpose over the squared scale.
    x, y = matrix[:, :2].T @ middle / size**2
    side = CROP_SIZE / size
    box = Box(round(x - side / 2), round(y - side / 2), round(side), round(side))
    return Alignment(matrix, box, math.degrees(math.atan2(b, a)))


def cut_face(
    picture: Image, face: Detection | FaceEmotion, size: int = CROP_SIZE
) -> npt.NDArray[np.uint8]:
    """The crop of a face that the network reads: the only way to cut one.

    Straightened where the face has points; else its box as it is.

    Args:
        picture: ``(h, w)`` grey or ``(h, w, 3)`` colour, uint8.
        face: Found in it.
        size: Side of the result in pixels.

    Returns:
        ``(size, size)`` or ``(size, size, 3)`` uint8.

    Raises:
        InputError: If a box without points is empty or does not belong to the picture.
    """
    if face.points is None:
        return crop_face(picture, face.box, size)
    return crop_aligned(picture, frame_matrix(face.points), size)
