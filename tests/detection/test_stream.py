from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from fer import BlazeFaceDetector, Box, SearchSettings
from fer.boxes import iou
from fer.detection.blazeface import BlazeFace, Candidates
from fer.detection.networks import BlazeFaceNetworks
from fer.detection.stream import StreamSearch


@pytest.fixture
def stream(blazeface: BlazeFaceDetector) -> StreamSearch:
    return blazeface.for_stream(SearchSettings(min_face=40))


def moving(astronaut_bgr: np.ndarray, count: int) -> Iterator[tuple[np.ndarray, Box]]:
    """The portrait wandering over a grey frame, with where its face is."""
    small = cv2.resize(astronaut_bgr, (360, 360), interpolation=cv2.INTER_AREA)
    for index in range(count):
        frame = np.full((480, 640, 3), 100, np.uint8)
        x, y = round(140 + 100 * np.sin(index / 9)), round(60 + 40 * np.cos(index / 7))
        frame[y : y + 360, x : x + 360] = small
        yield frame, Box(round(x + 167 * 0.703), round(y + 57 * 0.703), 82, 82)


def test_a_moving_face_is_found_in_every_frame(
    stream: StreamSearch, astronaut_bgr: np.ndarray
) -> None:
    for frame, where in moving(astronaut_bgr, 60):
        (face,) = stream.detect(frame)
        assert iou(face.box, where) > 0.6


def test_a_head_that_tilts_is_followed(
    stream: StreamSearch, turned: Callable[[float], np.ndarray]
) -> None:
    for degrees in range(0, 91, 3):
        (face,) = stream.detect(turned(degrees))
        assert face.roll == pytest.approx(degrees - 5, abs=8)


def test_a_face_that_leaves_is_gone_at_once_and_one_that_comes_is_found_within_three_frames(
    stream: StreamSearch, letterboxed: Callable[..., np.ndarray]
) -> None:
    empty = np.full((480, 640, 3), 114, np.uint8)
    assert len(stream.detect(letterboxed())) == 1
    assert [stream.detect(empty) for _ in range(5)] == [()] * 5
    assert any(stream.detect(letterboxed(left=100)) for _ in range(3))


def test_a_second_face_is_found_beside_the_first(
    stream: StreamSearch, letterboxed: Callable[..., np.ndarray]
) -> None:
    both = letterboxed(side=320)
    assert len(stream.detect(both)) == 1
    both[100:420, 320:640] = letterboxed(side=320)[:320, :320]
    assert max(len(stream.detect(both)) for _ in range(18)) == 2


def test_a_cut_to_another_place_is_found_in_the_same_frame(
    stream: StreamSearch, letterboxed: Callable[..., np.ndarray]
) -> None:
    assert len(stream.detect(letterboxed(side=300))) == 1
    (face,) = stream.detect(letterboxed(side=300, left=320, top=150))
    assert face.box.x > 320


def test_a_frame_costs_few_looks_however_many_faces_there_are(
    blazeface: BlazeFaceDetector, astronaut_bgr: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = blazeface.for_stream(SearchSettings(min_face=40))
    asked: list[int] = []
    find = BlazeFace.find

    def counting(self: BlazeFace, *args: object, **options: object) -> object:
        asked.append(self.side)
        return find(self, *args, **options)

    monkeypatch.setattr(BlazeFace, "find", counting)
    tile = cv2.resize(astronaut_bgr[:, 40:440], (128, 160), interpolation=cv2.INTER_AREA)
    frame = np.tile(tile, (3, 5, 1))
    most = 0
    for _ in range(30):
        asked.clear()
        stream.detect(frame)
        most = max(most, len(asked))
    assert most <= 8


def test_streams_do_not_share_what_they_remember(
    blazeface: BlazeFaceDetector, astronaut_bgr: np.ndarray
) -> None:
    one, other = blazeface.for_stream(), blazeface.for_stream()
    frames = [one.detect(astronaut_bgr) for _ in range(3)]
    assert [other.detect(astronaut_bgr) for _ in range(3)] == frames


def test_stars_that_look_like_a_face_from_afar_are_none(stream: StreamSearch) -> None:
    stars = cv2.resize(skimage.data.hubble_deep_field()[..., ::-1], (960, 720))
    noise = np.random.default_rng(0).normal(0, 4, (480, 640, 3))
    for index in range(0, 500, 4):
        x, y = round(160 + 150 * np.sin(index / 60)), round(120 + 110 * np.cos(index / 45))
        frame = np.clip(stars[y : y + 480, x : x + 640] + noise, 0, 255).astype(np.uint8)
        assert stream.detect(frame) == ()


def test_what_was_taken_for_a_face_once_is_judged_again(
    stream: StreamSearch, letterboxed: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = letterboxed()
    assert len(stream.detect(frame)) == 1
    # From here on only half a face is seen from near, and none from further away.
    look = BlazeFaceNetworks.look

    def unsure(self: BlazeFaceNetworks, *place: Any) -> Candidates:
        seen = look(self, *place)
        return Candidates(seen.boxes, seen.points, seen.scores * 0.6)

    monkeypatch.setattr(BlazeFaceNetworks, "look", unsure)
    assert all(len(stream.detect(frame)) == 1 for _ in range(20))
    monkeypatch.setattr(BlazeFaceNetworks, "judge", lambda *_: 0.0)
    assert not all(stream.detect(frame) for _ in range(20))


def test_another_size_begins_anew(
    stream: StreamSearch, letterboxed: Callable[..., np.ndarray]
) -> None:
    assert stream.detect(letterboxed())
    assert stream.detect(np.zeros((240, 320, 3), np.uint8)) == ()


def test_a_file_shows_what_a_still_of_its_frames_shows(
    blazeface: BlazeFaceDetector, astronaut_bgr: np.ndarray
) -> None:
    tile = cv2.resize(astronaut_bgr[20:250, 20:430], (183, 103), interpolation=cv2.INTER_AREA)
    wall = np.tile(tile, (7, 7, 1))[:720, :1280]
    video = blazeface.for_video(0.1)
    assert [len(video.detect(wall)) for _ in range(3)] == [49] * 3


def test_a_cut_in_a_file_is_searched_at_once(
    blazeface: BlazeFaceDetector, letterboxed: Callable[..., np.ndarray]
) -> None:
    video = blazeface.for_video(1 / 30)
    empty = np.full((480, 640, 3), 114, np.uint8)
    assert [len(video.detect(frame)) for frame in (letterboxed(), empty)] == [1, 0]
    # Somebody who comes into an empty picture is found at the next search, half a second later.
    seen = [video.detect(letterboxed(side=300, left=320, top=150)) for _ in range(15)]
    assert seen[-1] and seen[-1][0].box.x > 320
    # A face that is gone elsewhere is found in the same frame.
    (face,) = video.detect(letterboxed(side=300))
    assert face.box.x < 320


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for every time that a network looked at something."""
    seen: list[str] = []
    find_in = BlazeFace.find_in

    def counted(self: BlazeFace, *rest: Any) -> Candidates:
        seen.append("full" if self.side == 192 else "short")
        return find_in(self, *rest)

    monkeypatch.setattr(BlazeFace, "find_in", counted)
    return seen


def test_of_two_frames_of_a_file_one_is_looked_at(
    blazeface: BlazeFaceDetector, letterboxed: Callable[..., np.ndarray], looks: list[str]
) -> None:
    video, each = blazeface.for_video(1 / 30), blazeface.for_video(1 / 30)
    frames = [letterboxed(side=300, left=100 + 2 * index) for index in range(11)]
    alone = [each.detect(frame) for frame in frames]
    assert video.detect(frames[0]) == alone[0]
    looks.clear()
    pairs = [video.detect_pair(*pair) for pair in zip(frames[1::2], frames[2::2], strict=True)]
    assert looks == ["short"] * 5
    for (face,), (expected,) in zip(
        [one for pair in pairs for one in pair], alone[1:], strict=True
    ):
        assert np.abs(np.array(face.points) - expected.points).max() < 4
        assert iou(face.box, expected.box) > 0.8


def test_a_face_that_jumps_between_two_frames_is_looked_for_in_both(
    blazeface: BlazeFaceDetector, letterboxed: Callable[..., np.ndarray]
) -> None:
    video = blazeface.for_video(1 / 30)
    near, far = letterboxed(side=300, left=100), letterboxed(side=300, left=160)
    assert video.detect(near)
    (here,), (there,) = video.detect_pair(near, far)
    assert 50 < there.box.x - here.box.x < 70
    (here,), (there,) = video.detect_pair(far, near)
    assert -70 < there.box.x - here.box.x < -50


def test_frames_far_apart_in_time_are_looked_at_each(
    blazeface: BlazeFaceDetector, letterboxed: Callable[..., np.ndarray], looks: list[str]
) -> None:
    video = blazeface.for_video(0.1)
    video.detect(letterboxed())
    looks.clear()
    video.detect_pair(letterboxed(), letterboxed())
    assert looks == ["short", "short"]


def test_where_nothing_moved_a_key_frame_is_not_searched_again(
    blazeface: BlazeFaceDetector, astronaut_bgr: np.ndarray, looks: list[str]
) -> None:
    rng = np.random.default_rng(0)

    def shown(*places: tuple[int, int, int]) -> np.ndarray:
        frame = np.full((480, 640, 3), 100, np.uint8)
        for x, y, side in places:
            small = cv2.resize(astronaut_bgr, (side, side), interpolation=cv2.INTER_AREA)
            frame[y : y + side, x : x + side] = small
        return (frame + rng.normal(0, 3, frame.shape)).clip(0, 255).astype(np.uint8)

    video = blazeface.for_video(1.0)
    assert len(video.detect(shown((10, 100, 300)))) == 1
    first = looks.count("full")
    looks.clear()
    assert len(video.detect(shown((10, 100, 300)))) == 1
    assert first > 5 and looks.count("full") == 0
    # Somebody small comes, and goes again.
    assert len(video.detect(shown((10, 100, 300), (500, 50, 128)))) == 2
    assert looks.count("full") < first
    assert len(video.detect(shown((10, 100, 300)))) == 1
