"""Who is who over time: cuts, doubts and returns, with made-up looks and with real ones."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.portraits import portrait
from fer import Box, FaceEmotion
from fer.detection.alignment import FRAME
from fer.errors import ModelError
from fer.models.store import own_models
from fer.tracking.appearance import CARD, FOLDER, WEIGHTS, Appearance, shared_appearance
from fer.tracking.cuts import CHANGE, CUT, SceneWatch
from fer.tracking.identity import KEPT, SAME, STRANGER, People
from fer.tracking.tracker import FaceTracker

HOPPER = Box(151, 105, 230, 230)


def face(x: int, happy: float = 0.9, y: int = 100, side: int = 80) -> FaceEmotion:
    probabilities = {"happy": happy, "sad": 1 - happy}
    top = max(probabilities, key=probabilities.__getitem__)
    return FaceEmotion(Box(x, y, side, side), top, max(happy, 1 - happy), probabilities)


def scene(seed: int) -> np.ndarray:
    """A picture of its own kind: large patches of grey."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8), np.uint8)
    return np.asarray(cv2.resize(patches, (640, 480), interpolation=cv2.INTER_NEAREST))


class Looks:
    """Knows who stands where, as an ``Embedder`` would see it; counts how often it is asked."""

    def __init__(self, **where: int) -> None:
        self.where = where
        self.asked = 0

    def embed(self, frame: np.ndarray, one: FaceEmotion) -> np.ndarray | None:
        self.asked += 1
        (name,) = [name for name, x in self.where.items() if abs(x - one.box.x) < 40]
        seed = sum(map(ord, name))
        point = np.random.default_rng(seed).normal(size=64)
        # Two people are 1.4 apart.
        return (point / np.linalg.norm(point)).astype(np.float32)


def ids(shown: tuple[FaceEmotion, ...]) -> dict[int, int]:
    """Where each face is -> its id; found ones only."""
    return {one.box.x: one.face_id for one in shown if one.measured}


def play(tracker: FaceTracker, frame: np.ndarray, xs: list[int], start_s: float, n: int = 15):
    """The same faces for half a second; what the last frame shows."""
    for step in range(n):
        shown = tracker.update([face(x) for x in xs], start_s + step / 30, frame)
    return shown


def test_a_held_face_says_so_and_has_no_score() -> None:
    tracker = FaceTracker()
    for step in range(15):
        (seen,) = tracker.update([replace(face(50), detection_score=0.9)], step / 30)
        assert seen.measured and seen.detection_score == 0.9
    (held,) = tracker.update([], 0.5)
    assert not held.measured and held.detection_score is None
    assert (held.box, held.probabilities) == (seen.box, seen.probabilities)
    (back,) = tracker.update([face(50)], 16 / 30)
    assert back.measured and back.face_id == seen.face_id


def test_no_face_is_held_over_a_cut_and_nothing_is_smoothed_across_it() -> None:
    tracker = FaceTracker()
    first = play(tracker, scene(1), [100, 400], 0.0)
    (after,) = tracker.update([face(100, happy=0.1)], 0.5, scene(2))
    assert after.face_id not in ids(first).values()
    assert after.probabilities == face(100, happy=0.1).probabilities


def test_a_face_then_another_scene_without_one_shows_nobody() -> None:
    tracker = FaceTracker()
    play(tracker, scene(1), [100], 0.0)
    assert tracker.update([], 0.5, np.full((480, 640), 114, np.uint8)) == ()


def test_the_light_the_camera_and_people_in_motion_are_no_cut() -> None:
    watch = SceneWatch()
    picture = cv2.GaussianBlur(scene(3), (0, 0), 25)
    differences = [
        watch.difference(cv2.convertScaleAbs(np.roll(picture, 6 * step, axis=1), alpha=gain))
        for step, gain in enumerate(np.linspace(1.0, 0.6, 12))
    ]
    assert max(differences) < CHANGE < CUT
    assert watch.difference(scene(4)) > CUT


def test_who_comes_back_after_a_cut_has_the_old_id() -> None:
    looks = Looks(anna=100)
    tracker = FaceTracker(embedder=looks)
    assert ids(play(tracker, scene(1), [100], 0.0)) == {100: 1}
    looks.where = {"carl": 110}
    assert ids(play(tracker, scene(2), [110], 0.5)) == {110: 2}
    looks.where = {"anna": 300}
    assert ids(tracker.update([face(300)], 1.0, scene(1))) == {300: 1}


def test_two_who_swap_seats_while_the_picture_is_covered_keep_their_ids() -> None:
    looks = Looks(anna=100, carl=400)
    tracker = FaceTracker(embedder=looks)
    play(tracker, scene(1), [100, 400], 0.0)
    tracker.update([], 0.6, scene(1))
    looks.where = {"carl": 100, "anna": 400}
    assert ids(tracker.update([face(100), face(400)], 1.2, scene(1))) == {100: 2, 400: 1}


def test_who_takes_the_seat_of_one_who_left_is_somebody_new() -> None:
    looks = Looks(anna=100)
    tracker = FaceTracker(embedder=looks)
    play(tracker, scene(1), [100], 0.0)
    tracker.update([], 0.6, scene(1))
    looks.where = {"carl": 100}
    (new,) = tracker.update([face(100, happy=0.2)], 1.2, scene(1))
    assert new.face_id == 2
    assert new.probabilities == face(100, happy=0.2).probabilities


def test_one_look_that_fails_does_not_make_somebody_else_of_a_face() -> None:
    class Turned(Looks):
        def embed(self, frame: np.ndarray, one: FaceEmotion) -> np.ndarray | None:
            straight = super().embed(frame, one)
            assert straight is not None
            away = np.zeros_like(straight)
            away[0] = 0.7 if self.asked == 3 else 0.0
            return straight + away

    looks = Turned(anna=100, carl=400)
    tracker = FaceTracker(embedder=looks)
    play(tracker, scene(1), [100, 400], 0.0, 3)
    # They touch, so both are in doubt when they are apart again.
    looks.where = {"anna": 330, "carl": 400}
    tracker.update([face(330), face(400)], 0.3, scene(1))
    before = tracker.last_id
    for step in range(4):
        looks.where = {"anna": 250, "carl": 400}
        tracker.update([face(250), face(400)], 0.4 + step / 30, scene(1))
    assert tracker.last_id == before


def test_a_steady_face_is_looked_at_a_few_times_in_a_minute() -> None:
    looks = Looks(anna=100)
    tracker = FaceTracker(embedder=looks)
    for step in range(60 * 30):
        tracker.update([face(100)], step / 30, scene(1))
    assert looks.asked <= 4


def test_a_crowd_is_looked_at_a_few_faces_a_frame() -> None:
    where = {f"person {x}": x for x in range(0, 1200, 100)}
    looks = Looks(**where)
    tracker = FaceTracker(embedder=looks, looks=3)
    for step in range(6):
        before = looks.asked
        shown = tracker.update([face(x) for x in where.values()], step / 30, scene(1))
        assert looks.asked - before <= 3
        # Nobody waits for a name, and nobody's changes.
        assert sorted(ids(shown).values()) == list(range(1, 13))
    assert looks.asked == 12


def test_without_an_embedder_or_after_it_was_turned_off_nobody_is_recognised() -> None:
    looks = Looks(anna=100)
    tracker = FaceTracker(embedder=looks)
    play(tracker, scene(1), [100], 0.0)
    tracker.look_with(None)
    tracker.look_with(looks)
    assert ids(tracker.update([face(100)], 1.0, scene(2))) == {100: 2}


def test_faces_of_an_earlier_run_go_on_under_their_ids() -> None:
    tracker = FaceTracker()
    tracker.restore([replace(face(100), face_id=7)], 10.0, 9)
    assert ids(tracker.update([face(100), face(500)], 10.1)) == {100: 7, 500: 10}


def test_the_place_speaks_for_a_face_that_looks_a_little_like_another() -> None:
    people = People()
    a, b = np.zeros(8, np.float32), np.zeros(8, np.float32)
    b[0] = 0.3
    people.remember(1, a)
    people.remember(2, b)
    between = a + np.float32(0.2) * np.eye(8, dtype=np.float32)[0]
    assert people.match([between], [1], ()) == [1]
    assert people.match([between], [None], ()) == [2]
    assert people.match([between], [None], {2}) == [1]
    assert SAME < KEPT < STRANGER


def turned(picture: np.ndarray, box: Box, degrees: float) -> tuple[np.ndarray, FaceEmotion]:
    """A portrait turned about its face, and the face with its points."""
    middle = (box.x + box.width / 2, box.y + box.height / 2)
    matrix = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    size = (picture.shape[1], picture.shape[0])
    rotated = cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    upright = FRAME * box.width / 48 + (box.x, box.y)
    points = tuple((float(x), float(y)) for x, y in upright @ matrix[:, :2].T + matrix[:, 2])
    return rotated, FaceEmotion(box, "happy", 0.9, {"happy": 1.0}, points=points, roll=degrees)


@pytest.mark.parametrize("degrees", [0.0, 40.0, -40.0, 180.0])
@pytest.mark.parametrize("dim", [1.0, 0.6])
def test_the_same_person_is_near_and_another_is_not_however_the_head_is_tilted(
    degrees: float, dim: float, astronaut_bgr: np.ndarray
) -> None:
    appearance = shared_appearance()
    collins = Box(175, 64, 101, 101)
    known = appearance.embed(*turned(astronaut_bgr, collins, 0.0))
    again = appearance.embed(
        *turned(cv2.convertScaleAbs(astronaut_bgr, alpha=dim), collins, degrees)
    )
    other = appearance.embed(*turned(portrait("hopper"), HOPPER, degrees))
    assert known is not None and again is not None and other is not None
    assert np.linalg.norm(known - again) < SAME < KEPT < np.linalg.norm(known - other)


def test_nothing_is_told_from_what_is_too_small_or_too_dark(astronaut_bgr: np.ndarray) -> None:
    appearance = shared_appearance()
    assert appearance.embed(astronaut_bgr, face(180, side=20)) is None
    assert appearance.embed(np.full((480, 640), 9, np.uint8), face(180)) is None
    # Beyond the picture there is nothing either.
    assert appearance.embed(astronaut_bgr, face(5000)) is None


def test_the_network_is_small_says_where_it_is_from_and_does_not_follow_the_models(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = own_models() / FOLDER
    card = json.loads((folder / CARD).read_text())
    assert card["bytes"] == (folder / WEIGHTS).stat().st_size < 10 * 2**20
    assert card["licence"].startswith("CC0") and "dlib.net" in card["source"]
    monkeypatch.setenv("FER_MODELS", str(tmp_path))
    Appearance.load()


def test_a_damaged_network_is_refused_with_one_line(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / WEIGHTS).write_bytes(b"weights")
    (folder / CARD).write_text(json.dumps({"sha256": "0" * 64}))
    with pytest.raises(ModelError, match=r"expected the network that tells people apart.*turn"):
        Appearance.load(tmp_path)
    with pytest.raises(ModelError, match=r"got .*No such file"):
        Appearance.load(tmp_path / "missing")
