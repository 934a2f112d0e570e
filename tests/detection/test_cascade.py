import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from fer.boxes import containment, iou
from fer.detection.cascade import CascadeDetector
from fer.detection.following import FollowingDetector
from fer.detection.settings import STILL_SETTINGS, DetectorSettings
from fer.errors import InputError, ModelError
from fer.results import Box, Detection


@pytest.fixture(scope="module")
def live() -> CascadeDetector:
    return CascadeDetector()


@pytest.fixture(scope="module")
def still() -> CascadeDetector:
    return CascadeDetector(STILL_SETTINGS)


@pytest.mark.parametrize("settings", [DetectorSettings(), STILL_SETTINGS], ids=["live", "still"])
def test_the_face_is_found_where_it_is_with_a_score(
    astronaut_bgr: np.ndarray, astronaut_face: Box, settings: DetectorSettings
) -> None:
    (found,) = CascadeDetector(settings).detect(astronaut_bgr)
    assert iou(found.box, astronaut_face) > 0.7
    assert math.isfinite(found.score)


@pytest.mark.parametrize("side", [420, 640, 1200, 2000])
def test_live_frames_show_faces_from_a_sixth_to_most_of_their_height(
    live: CascadeDetector, astronaut_bgr: np.ndarray, astronaut_face: Box, side: int
) -> None:
    factor = side / 512
    portrait = cv2.resize(astronaut_bgr, (side, side), interpolation=cv2.INTER_AREA)
    top = max(0, round((astronaut_face.y + astronaut_face.height / 2) * factor) - 240)
    left = max(0, round((astronaut_face.x + astronaut_face.width / 2) * factor) - 320)
    frame = np.full((480, 640, 3), 114, np.uint8)
    part = portrait[top : top + 480, left : left + 640]
    frame[: part.shape[0], : part.shape[1]] = part
    face = astronaut_face
    place = Box(
        round(face.x * factor) - left,
        round(face.y * factor) - top,
        round(face.width * factor),
        round(face.height * factor),
    )
    (found,) = live.detect(frame)
    assert iou(found.box, place) > 0.6


@pytest.mark.parametrize("face_px", [30, 40, 60])
def test_photos_show_faces_down_to_thirty_pixels(
    still: CascadeDetector, letterboxed, astronaut_face: Box, face_px: int
) -> None:
    side = round(512 * face_px / astronaut_face.width)
    factor = side / 512
    frame = letterboxed(side=side, left=200, top=100)
    face = astronaut_face
    place = Box(200 + round(face.x * factor), 100 + round(face.y * factor), face_px, face_px)
    assert any(iou(found.box, place) > 0.5 for found in still.detect(frame))


def test_grey_bgr_and_bgra_give_the_same_boxes(
    live: CascadeDetector, astronaut_bgr: np.ndarray
) -> None:
    grey = cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2GRAY)
    bgra = cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2BGRA)
    expected = live.detect(astronaut_bgr)
    assert len(expected) == 1
    for same in (grey, grey[..., None], bgra, np.asfortranarray(astronaut_bgr)):
        assert live.detect(same) == expected


def test_a_mirrored_view_gives_the_mirrored_face(
    live: CascadeDetector, astronaut_bgr: np.ndarray, astronaut_face: Box
) -> None:
    (found,) = live.detect(astronaut_bgr[:, ::-1])
    mirrored = replace(astronaut_face, x=512 - astronaut_face.right)
    assert iou(found.box, mirrored) > 0.7


@pytest.mark.parametrize("gain", [0.1, 0.25, 0.4, 0.7])
def test_a_dark_picture_shows_the_same_face(
    live: CascadeDetector, astronaut_bgr: np.ndarray, astronaut_face: Box, gain: float
) -> None:
    (found,) = live.detect((astronaut_bgr * gain).astype(np.uint8))
    assert iou(found.box, astronaut_face) > 0.7


def test_a_large_picture_gives_the_same_box_scaled(
    still: CascadeDetector, astronaut_bgr: np.ndarray
) -> None:
    large = cv2.resize(astronaut_bgr, (4000, 4000), interpolation=cv2.INTER_CUBIC)
    (small_box,), (large_box,) = still.detect(astronaut_bgr), still.detect(large)
    factor = 4000 / 512
    box = small_box.box
    scaled = Box(*(round(v * factor) for v in (box.x, box.y, box.width, box.height)))
    assert iou(large_box.box, scaled) > 0.8


@pytest.mark.parametrize("settings", [DetectorSettings(), STILL_SETTINGS], ids=["live", "still"])
@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((480, 640, 3), np.uint8),
        np.full((480, 640, 3), 200, np.uint8),
        np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (300, 1)),
        np.zeros((1, 1), np.uint8),
        np.zeros((2, 5000, 3), np.uint8),
        np.zeros((5000, 2, 3), np.uint8),
        np.zeros((30, 4000), np.uint8),
        np.zeros((6000, 6000), np.uint8),
    ],
    ids=["black", "flat", "noise", "ramp", "1x1", "2x5000", "5000x2", "30x4000", "6000x6000"],
)
def test_a_scene_without_a_face_has_none(settings: DetectorSettings, frame: np.ndarray) -> None:
    assert CascadeDetector(settings).detect(frame) == ()


def test_boxes_lie_in_the_frame_and_are_one_per_face(
    still: CascadeDetector, astronaut_bgr: np.ndarray
) -> None:
    crowd = np.hstack([astronaut_bgr, astronaut_bgr[:, ::-1]])
    crowd = np.vstack([crowd, crowd])
    found = still.detect(crowd)
    assert len(found) == 4
    for detection in found:
        box = detection.box
        assert 0 <= box.x < box.right <= 1024
        assert 0 <= box.y < box.bottom <= 1024
    for one, other in combinations(found, 2):
        assert iou(one.box, other.box) <= 0.3
        assert containment(one.box, other.box) <= 0.6


def test_a_face_at_the_border_has_a_box_inside_the_frame(
    live: CascadeDetector, astronaut_bgr: np.ndarray
) -> None:
    tight = astronaut_bgr[62:166, 170:280]
    (found,) = live.detect(tight)
    assert 0 <= found.box.x < found.box.right <= 110
    assert 0 <= found.box.y < found.box.bottom <= 104


def test_the_frame_is_not_modified(live: CascadeDetector, astronaut_bgr: np.ndarray) -> None:
    before = astronaut_bgr.copy()
    live.detect(astronaut_bgr)
    assert np.array_equal(astronaut_bgr, before)


def test_a_detector_shared_by_threads_always_gives_the_same_boxes(
    astronaut_bgr: np.ndarray,
) -> None:
    # Only large faces are looked for, so that 200 searches take a moment.
    shared = CascadeDetector(DetectorSettings(min_face=0.35))
    frames = [astronaut_bgr[:200, 100:350], astronaut_bgr[20:220, 90:340, ::-1]]
    expected = [shared.detect(frame) for frame in frames]
    assert all(len(found) == 1 for found in expected)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(shared.detect, frames * 100))
    assert results == expected * 100


@pytest.mark.parametrize("content", [None, "", "<opencv_storage></opencv_storage>"])
def test_a_wrong_cascade_file_is_a_model_error(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "cascade.xml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"cascade\.xml: expected a Haar cascade XML, got"):
        CascadeDetector(cascade_path=path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("min_face", 0.0),
        ("min_face", 1.5),
        ("min_face", math.nan),
        ("working_side", 10),
        ("scale_factor", 1.0),
        ("min_neighbours", -1),
    ],
)
def test_settings_out_of_range_are_refused_by_name(field: str, value: float) -> None:
    assert field in {f.name for f in fields(DetectorSettings)}
    with pytest.raises(InputError, match=rf"{field}: expected a value in .*, got {value}"):
        DetectorSettings(**{field: value})


def test_a_higher_minimum_score_drops_faces(astronaut_bgr: np.ndarray) -> None:
    assert CascadeDetector(DetectorSettings(min_score=1000)).detect(astronaut_bgr) == ()


def test_a_float_frame_is_refused(live: CascadeDetector) -> None:
    with pytest.raises(InputError, match=r"expected a uint8 array.*got an array of shape"):
        live.detect(np.zeros((100, 100, 3), np.float32))


class CountingDetector(CascadeDetector):
    """Counts how often the whole frame was searched."""

    def __init__(self) -> None:
        super().__init__()
        self.scans = 0

    def detect_grey(self, grey: np.ndarray) -> tuple[Detection, ...]:
        self.scans += 1
        return super().detect_grey(grey)


@pytest.fixture
def panned(letterboxed) -> Callable[[int], np.ndarray]:
    """The portrait moving to the right, ten pixels a frame."""
    return lambda step: letterboxed(side=400, left=10 * step, top=40)


def face_at(left: int, top: int, side: int, face: Box) -> Box:
    factor = side / 512
    width = round(face.width * factor)
    return Box(left + round(face.x * factor), top + round(face.y * factor), width, width)


def test_a_followed_face_is_found_in_every_frame_with_few_whole_searches(
    panned, astronaut_face: Box
) -> None:
    counting = CountingDetector()
    following = FollowingDetector(counting, scan_every=6)
    for step in range(18):
        (found,) = following.detect(panned(step))
        assert iou(found.box, face_at(10 * step, 40, 400, astronaut_face)) > 0.65
    assert counting.scans == 1


def test_a_face_that_jumps_is_found_in_the_same_frame(panned, astronaut_face: Box) -> None:
    following = FollowingDetector(CascadeDetector(), scan_every=100)
    following.detect(panned(0))
    (found,) = following.detect(panned(22))
    assert iou(found.box, face_at(220, 40, 400, astronaut_face)) > 0.65


def test_a_face_that_leaves_is_gone_in_the_same_frame(panned) -> None:
    following = FollowingDetector(CascadeDetector(), scan_every=100)
    assert len(following.detect(panned(0))) == 1
    assert following.detect(np.full((480, 640, 3), 114, np.uint8)) == ()
    assert len(following.detect(panned(0))) == 1


def test_a_second_face_is_found_within_one_round_of_slices(letterboxed) -> None:
    counting = CountingDetector()
    following = FollowingDetector(counting, scan_every=2)
    one = letterboxed(side=320)
    both = one.copy()
    both[:320, 320:] = one[:320, :320]
    following.detect(one)
    counts = [len(following.detect(both)) for _ in range(10)]
    assert counts[0] == 1 and counts[-1] == 2
    assert counting.scans == 1


@pytest.mark.parametrize("tilt", [-30, -15, 15, 30])
def test_a_tilted_face_is_found_with_its_tilt_and_followed(
    letterboxed, astronaut_face: Box, tilt: int
) -> None:
    upright = letterboxed(side=400, left=120, top=40)
    face = face_at(120, 40, 400, astronaut_face)
    centre = (face.x + face.width / 2, face.y + face.height / 2)
    matrix = cv2.getRotationMatrix2D(centre, tilt, 1.0)
    frame = cv2.warpAffine(upright, matrix, (640, 480), borderValue=(114, 114, 114))
    following = FollowingDetector(CascadeDetector())
    # One kind of turned face is looked for in a frame, so finding it takes up to four.
    found = [following.detect(frame) for _ in range(6)][-1]
    (tilted,) = [one for one in found if iou(one.box, face) > 0.5]
    if abs(tilt) == 30:
        assert tilted.roll == math.copysign(24, tilt)
    else:
        assert abs(tilted.roll) in (0, 24)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_face_in_profile_is_found_on_both_sides_and_followed(mirrored: bool) -> None:
    # A photographer from the side, by Lav Varshney, CC0.
    photo = skimage.data.camera()
    face = Box(179, 101, 98, 98)
    if mirrored:
        photo, face = np.ascontiguousarray(photo[:, ::-1]), replace(face, x=512 - face.right)
    following = FollowingDetector(CascadeDetector())
    assert CascadeDetector().detect(photo) == ()
    found = [following.detect(np.roll(photo, 3 * step, axis=1)) for step in range(10)]
    # The tracker bridges a frame without it.
    assert sum(len(one) == 1 for one in found[4:]) >= 5
    assert iou(found[-1][0].box, replace(face, x=face.x + 27)) > 0.5


def test_another_frame_size_is_searched_as_a_whole(panned) -> None:
    counting = CountingDetector()
    following = FollowingDetector(counting, scan_every=100)
    following.detect(panned(0))
    following.detect(panned(0)[:400])
    following.detect(panned(0)[:400])
    assert counting.scans == 2


def test_beyond_a_number_of_faces_the_whole_frame_is_always_searched(panned) -> None:
    counting = CountingDetector()
    following = FollowingDetector(counting, scan_every=100, max_followed=0)
    for step in range(3):
        assert len(following.detect(panned(step))) == 1
    assert counting.scans == 3


def test_following_refuses_what_is_no_frame() -> None:
    with pytest.raises(InputError, match=r"frame: expected .*, got NoneType"):
        FollowingDetector(CascadeDetector()).detect(None)


def test_a_known_face_is_found_near_its_box_and_nowhere_else(
    live: CascadeDetector, astronaut_bgr: np.ndarray, astronaut_face: Box
) -> None:
    grey = cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2GRAY)
    face = astronaut_face
    beside = replace(face, x=face.x + 8, y=face.y - 6, width=face.width + 8, height=face.height + 8)
    found = live.search_near(grey, beside)
    assert found is not None
    assert iou(found.box, face) > 0.7
    assert live.search_near(grey, replace(face, x=20, y=380)) is None
    assert live.search_near(grey, Box(600, 600, 50, 50)) is None
    assert live.search_near(grey, Box(0, 0, 0, 0)) is None


def test_a_close_look_finds_what_hardly_moved_and_leaves_the_rest_to_the_usual_one(
    live: CascadeDetector, astronaut_bgr: np.ndarray, astronaut_face: Box
) -> None:
    grey = cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2GRAY)
    usual = live.search_near(grey, astronaut_face)
    assert usual is not None
    close = live.search_near(grey, usual.box, closely=True)
    assert close is not None and iou(close.box, usual.box) > 0.8
    far = replace(usual.box, x=usual.box.x + round(0.3 * usual.box.width))
    assert live.search_near(grey, far, closely=True) is None


def test_a_still_face_that_jumps_is_found_in_the_same_frame(letterboxed) -> None:
    following = FollowingDetector(CascadeDetector())
    for _ in range(6):
        (still,) = following.detect(letterboxed(left=80))
    (jumped,) = following.detect(letterboxed(left=80 + still.box.width // 6))
    assert jumped.box.x > still.box.x


def test_a_shuttle_is_no_face(live: CascadeDetector, letterboxed) -> None:
    # Behind the astronaut's shoulder; coarse steps alone take it for a face in every fourth frame.
    counts = {len(live.detect(letterboxed(left=left))) for left in range(0, 160, 12)}
    assert counts == {1}
