import math
from collections.abc import Callable

import numpy as np
import pytest

from fer import BlazeFaceDetector, Detection
from fer.boxes import Box, corners
from fer.detection.alignment import FRAME, align, cut_face, frame_matrix
from fer.preprocessing import crop_face, to_grey


def placed(scale: float, degrees: float, x: float, y: float) -> tuple[tuple[float, float], ...]:
    """The frame's points scaled, turned counter-clockwise and moved."""
    turn = scale * np.exp(-1j * math.radians(degrees))
    moved = (FRAME @ (1, 1j)) * turn + complex(x, y)
    return tuple((float(p.real), float(p.imag)) for p in moved)


@pytest.mark.parametrize("degrees", [-170.0, -90.0, -20.0, 0.0, 45.0, 90.0])
@pytest.mark.parametrize("scale", [0.5, 1.0, 7.3])
def test_points_that_were_moved_by_a_similarity_come_back_to_the_frame(
    scale: float, degrees: float
) -> None:
    points = placed(scale, degrees, 100, 60)
    matrix = frame_matrix(points)
    back = np.asarray(points) @ matrix[:, :2].T + matrix[:, 2]
    assert np.allclose(back, FRAME, atol=1e-6)
    alignment = align(points)
    assert alignment.roll == pytest.approx(degrees)
    assert alignment.box.width == alignment.box.height == round(48 * scale)


def test_the_points_of_an_upright_face_give_the_frame_itself_as_its_box() -> None:
    assert align(placed(2, 0, 10, 20)).box == Box(10, 20, 96, 96)


def test_equal_points_give_a_finite_box() -> None:
    alignment = align(((5.0, 5.0),) * 6)
    assert np.isfinite(alignment.matrix).all()


def test_tilted_faces_are_cut_as_the_upright_one(
    blazeface: BlazeFaceDetector, turned: Callable[[float], np.ndarray]
) -> None:
    upright = turned(0)
    (one,) = blazeface.detect(upright)
    expected = cut_face(to_grey(upright), one).astype(float)
    apart, unturned = [], []
    # Points tremble by a pixel from picture to picture: the mean of many angles counts.
    for tilted in (turned(degrees) for degrees in range(-60, 61, 12)):
        (other,) = blazeface.detect(tilted)
        apart.append(np.abs(cut_face(to_grey(tilted), other) - expected).mean())
        unturned.append(np.abs(crop_face(to_grey(tilted), other.box) - expected).mean())
    assert np.mean(apart) < 12 and max(apart) < 20 and np.mean(apart) < np.mean(unturned) / 2


def test_a_face_without_points_is_cut_as_its_box(astronaut_bgr: np.ndarray) -> None:
    grey, box = to_grey(astronaut_bgr), Box(177, 66, 95, 95)
    assert np.array_equal(cut_face(grey, Detection(box, 3.0)), crop_face(grey, box))


def test_a_large_face_is_averaged_by_area() -> None:
    checkerboard = np.kron(np.indices((240, 240)).sum(0) % 2 * 255, np.ones((2, 2))).astype(
        np.uint8
    )
    crop = cut_face(checkerboard, Detection(Box(0, 0, 1, 1), 1.0, points=placed(10, 15, 60, 100)))
    assert abs(float(crop[12:36, 12:36].mean()) - 127.5) < 4 and crop[12:36, 12:36].std() < 12


def test_the_corners_of_a_tilted_square_go_around_its_centre() -> None:
    square = corners(Box(10, 20, 40, 40), 90.0)
    # Turned by a quarter counter-clockwise, the face's upper left is the picture's lower left.
    assert np.allclose(square[0], (10, 60)) and np.allclose(square[1], (10, 20))
