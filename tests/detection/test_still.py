from collections.abc import Callable

import cv2
import numpy as np
import pytest
import skimage.data

from fer import BlazeFaceDetector, Box, CascadeDetector, SearchSettings
from fer.boxes import iou
from fer.errors import InputError


@pytest.mark.parametrize("degrees", range(-90, 91, 15))
def test_a_face_is_found_at_every_tilt_with_its_roll(
    blazeface: BlazeFaceDetector,
    turned: Callable[[float], np.ndarray],
    turned_face: Box,
    degrees: int,
) -> None:
    (face,) = blazeface.detect(turned(degrees))
    assert iou(face.box, turned_face) > 0.7
    assert face.roll == pytest.approx(degrees - 5, abs=6)
    assert face.points is not None and len(face.points) == 6
    assert face.detector == "blazeface" and 0.6 < face.score <= 1


@pytest.mark.parametrize("light", [0.12, 0.5, 1.6])
def test_a_face_is_found_in_little_and_in_much_light(
    blazeface: BlazeFaceDetector, astronaut_bgr: np.ndarray, light: float
) -> None:
    lit = np.clip(astronaut_bgr * light, 0, 255).astype(np.uint8)
    assert len(blazeface.detect(lit)) == 1


def drawn(portrait: np.ndarray, what: str) -> np.ndarray:
    covered = portrait.copy()
    if what == "cap":
        cv2.ellipse(covered, (226, 66), (70, 34), -5, 180, 360, (60, 20, 20), -1)
        cv2.ellipse(covered, (222, 72), (85, 12), -5, 0, 360, (40, 10, 10), -1)
    elif what == "mask":
        hull = np.array([(182, 122), (266, 128), (262, 158), (222, 178), (186, 152)])
        cv2.fillConvexPoly(covered, hull, (230, 230, 220))
    else:
        for x in (204, 247):
            cv2.ellipse(covered, (x, 102), (19, 14), 0, 0, 360, (15, 15, 15), -1)
        cv2.line(covered, (222, 99), (230, 100), (15, 15, 15), 4)
    return covered


@pytest.mark.parametrize("what", ["cap", "mask", "sunglasses"])
def test_a_face_that_is_partly_covered_is_found(
    blazeface: BlazeFaceDetector, astronaut_bgr: np.ndarray, what: str
) -> None:
    assert len(blazeface.detect(drawn(astronaut_bgr, what))) == 1


def crowd(face_bgr: np.ndarray, side: int, width: int = 1280, height: int = 720) -> np.ndarray:
    """Portraits on a grid whose faces are so many pixels wide."""
    head = face_bgr[0:240, 90:360]
    small = cv2.resize(head, None, fx=side / 114, fy=side / 114, interpolation=cv2.INTER_AREA)
    frame = np.full((height, width, 3), 120, np.uint8)
    rows, columns = 4, 10
    for row in range(rows):
        for column in range(columns):
            y = round((row + 0.5) * height / rows - small.shape[0] / 2)
            x = round((column + 0.5) * width / columns - small.shape[1] / 2)
            frame[y : y + small.shape[0], x : x + small.shape[1]] = small
    return frame


@pytest.mark.parametrize(("side", "share"), [(32, 0.95), (24, 0.95), (20, 0.8)])
def test_small_faces_are_found_where_they_are_asked_for(
    astronaut_bgr: np.ndarray, side: int, share: float
) -> None:
    detector = BlazeFaceDetector(settings=SearchSettings(min_face=20))
    assert len(detector.detect(crowd(astronaut_bgr, side))) >= share * 40


def test_faces_that_are_not_asked_for_are_left_out(astronaut_bgr: np.ndarray) -> None:
    detector = BlazeFaceDetector(settings=SearchSettings(min_face=60))
    assert detector.detect(crowd(astronaut_bgr, 32)) == ()


def test_a_wall_of_portraits_has_a_face_each(
    blazeface: BlazeFaceDetector, astronaut_bgr: np.ndarray
) -> None:
    tile = cv2.resize(astronaut_bgr[20:250, 20:430], (183, 103), interpolation=cv2.INTER_AREA)
    wall = np.tile(tile, (7, 7, 1))[:720, :1280]
    assert len(blazeface.detect(wall)) == 49


def test_a_large_picture_is_searched_down_to_its_share(
    blazeface: BlazeFaceDetector, astronaut_bgr: np.ndarray
) -> None:
    frame = np.full((3000, 4000, 3), 90, np.uint8)
    frame[1200:1712, 2000:2512] = astronaut_bgr
    (face,) = blazeface.detect(frame)
    assert iou(face.box, Box(2168, 1257, 114, 114)) > 0.7


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (20, 20), (480, 640)])
def test_a_scene_without_a_face_has_none(
    blazeface: BlazeFaceDetector, cascade: CascadeDetector, shape: tuple[int, int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    for frame in (noise, np.zeros_like(noise)):
        assert blazeface.detect(frame) == cascade.detect(frame) == ()


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket", "hubble_deep_field"])
@pytest.mark.parametrize("min_face", [20, 24])
def test_a_photograph_of_no_face_has_none(
    blazeface: BlazeFaceDetector, name: str, min_face: int
) -> None:
    scene = np.ascontiguousarray(getattr(skimage.data, name)()[..., ::-1])
    settings = SearchSettings(min_face=min_face)
    assert BlazeFaceDetector(blazeface.networks, settings).detect(scene) == ()


def test_grey_bgr_bgra_and_any_layout_are_one_face(
    blazeface: BlazeFaceDetector, astronaut_bgr: np.ndarray
) -> None:
    (expected,) = blazeface.detect(astronaut_bgr)
    bgra = cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2BGRA)
    assert blazeface.detect(bgra) == blazeface.detect(np.asfortranarray(bgra)) == (expected,)
    (grey,) = blazeface.detect(cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2GRAY))
    assert iou(grey.box, expected.box) > 0.9


@pytest.mark.parametrize("kind", [BlazeFaceDetector, CascadeDetector])
def test_a_float_frame_is_refused(kind: type) -> None:
    with pytest.raises(InputError, match=r"frame: expected .*, got "):
        kind().detect(np.zeros((48, 48, 3)))


@pytest.mark.parametrize(
    ("field", "value"), [("min_face", 19), ("min_face", 10_001), ("min_score", 0.0)]
)
def test_settings_out_of_range_are_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{field}: expected"):
        SearchSettings(**{field: value})
