import cv2
import numpy as np
import pytest

from fer.boxes import iou
from fer.detection.still import StillDetector
from fer.results import Box

FACE = (177, 66, 95)


def scene(portrait: np.ndarray, side: int, size: tuple[int, int]) -> tuple[np.ndarray, Box]:
    """The portrait scaled so that its face has a given side, on grey or cut to the frame."""
    width, height = size
    x, y, face = FACE
    factor = side / face
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    large = cv2.resize(portrait, None, fx=factor, fy=factor, interpolation=method)
    frame = np.full((height, width, 3), 114, np.uint8)
    box = Box(round(x * factor), round(y * factor), side, side)
    left = (width - side) // 2 - box.x
    top = (height - side) // 2 - box.y
    target = frame[max(0, top) :, max(0, left) :]
    part = large[max(0, -top) :, max(0, -left) :][: target.shape[0], : target.shape[1]]
    target[: part.shape[0], : part.shape[1]] = part
    return frame, Box(box.x + left, box.y + top, side, side)


@pytest.mark.parametrize("side", [24, 27, 34, 48, 90, 200, 350, 480])
def test_faces_from_24_pixels_to_the_whole_frame_are_found_once(
    astronaut_bgr: np.ndarray, side: int
) -> None:
    frame, box = scene(astronaut_bgr, side, (640, 480))
    (found,) = StillDetector().detect(frame)
    assert iou(found.box, box) > 0.5
    assert found.box.x >= 0 and found.box.right <= 640
    assert found.box.y >= 0 and found.box.bottom <= 480


def test_a_portrait_has_one_face(astronaut_bgr: np.ndarray, astronaut_face: Box) -> None:
    (found,) = StillDetector().detect(astronaut_bgr)
    assert iou(found.box, astronaut_face) > 0.6


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (23, 23), (600, 40)])
def test_small_and_narrow_pictures_are_no_fault(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert StillDetector().detect(noise) == ()
