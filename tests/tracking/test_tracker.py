import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer import Box, FaceEmotion
from fer.tracking.tracker import FaceTracker, TrackerSettings

TAU = TrackerSettings().smoothing_s


def face(x: float, y: float = 100, side: int = 80, happy: float = 1.0) -> FaceEmotion:
    probabilities = {"happy": happy, "sad": 1 - happy}
    top = max(probabilities, key=probabilities.__getitem__)
    return FaceEmotion(
        Box(round(x), round(y), side, side), top, max(happy, 1 - happy), probabilities
    )


def test_ids_start_at_one_and_stay_while_a_face_moves() -> None:
    tracker = FaceTracker()
    ids = {
        shown.face_id
        for step in range(60)
        for shown in tracker.update([face(50 + 8 * step)], step / 30)
    }
    assert ids == {1}


def test_a_first_face_is_shown_as_it_was_read() -> None:
    (shown,) = FaceTracker().update([face(50, happy=0.9)], 5.0)
    assert shown.box == face(50).box
    assert shown.probabilities == {"happy": 0.9, "sad": pytest.approx(0.1)}


def test_a_face_missed_for_four_tenths_of_a_second_stays_on_show_with_its_id() -> None:
    tracker = FaceTracker()
    for step in range(16):
        tracker.update([face(50)], step / 30)
    for step in range(16, 28):
        (held,) = tracker.update([], step / 30)
        assert held.face_id == 1
        assert held.box == face(50).box
    (back,) = tracker.update([face(65)], 28 / 30)
    assert back.face_id == 1


def test_what_was_seen_for_a_moment_only_is_not_held_on_show() -> None:
    tracker = FaceTracker()
    tracker.update([], 0.0)
    for step in range(1, 4):
        tracker.update([face(50)], step / 30)
    assert tracker.update([], 8 / 30) == ()


@pytest.mark.parametrize("fps", [5, 15, 30])
@pytest.mark.parametrize("speed", [0, 60, 150])
def test_a_face_hidden_for_a_second_keeps_its_identity(fps: int, speed: int) -> None:
    tracker = FaceTracker()
    for step in range(4 * fps):
        time_s = step / fps
        hidden = 1.5 <= time_s < 2.5
        shown = tracker.update([] if hidden else [face(20 + speed * time_s)], time_s)
        assert {one.face_id for one in shown} <= {1}
    assert len(shown) == 1


@pytest.mark.parametrize("fps", [10, 30])
def test_a_hidden_face_does_not_take_the_identity_of_the_one_beside_it(fps: int) -> None:
    tracker = FaceTracker()
    for step in range(4 * fps):
        time_s = step / fps
        found = [face(300, 200)]
        if not 1.0 <= time_s < 2.0:
            found.append(face(180, 200))
        ids = {one.box.x: one.face_id for one in tracker.update(found, time_s)}
    assert ids == {300: 1, 180: 2}


@pytest.mark.parametrize("trembling", [0, 3])
@pytest.mark.parametrize("fps", [10, 30])
@pytest.mark.parametrize("speed", [80, 160, 300])
def test_faces_that_cross_keep_their_identities(fps: int, speed: int, trembling: int) -> None:
    # One passes behind the other at the same height: while they overlap only one is found.
    tracker = FaceTracker()
    tracker.update([face(40), face(520)], 0.0)
    for step in range(1, round(480 / speed * fps)):
        time_s = step / fps
        noise = trembling * (-1) ** step
        front, back = 40 + speed * time_s, 520 - speed * time_s
        found = [face(front + noise)]
        if abs(front - back) > 60:
            found.append(face(back - noise))
        shown = tracker.update(found, time_s)
    where = {one.face_id: one.box.x for one in shown}
    assert set(where) == {1, 2}
    assert where[1] > where[2]


def test_at_a_frame_a_second_a_face_keeps_its_identity() -> None:
    tracker = FaceTracker()
    for second in range(20):
        # Found in every second frame only.
        shown = tracker.update([face(50 + 5 * second)] if second % 2 == 0 else [], float(second))
        assert {one.face_id for one in shown} <= {1}


@pytest.mark.parametrize(
    ("later", "ids"),
    [
        ([(0.7, []), (2.8, [50])], [2]),
        ([(30.0, [50])], [2]),
        ([(0.033, [500])], [1, 2]),
    ],
    ids=["after a long gap", "after a pause of the stream", "far away"],
)
def test_who_comes_too_late_or_too_far_away_is_somebody_new(
    later: list[tuple[float, list[int]]], ids: list[int]
) -> None:
    tracker = FaceTracker()
    tracker.update([face(50)], 0.0)
    for time_s, places in later:
        shown = tracker.update([face(x) for x in places], time_s)
    assert sorted(one.face_id for one in shown) == ids


def test_a_forgotten_face_returns_with_a_new_id() -> None:
    tracker = FaceTracker()
    tracker.update([face(50)], 0.0)
    tracker.reset()
    (back,) = tracker.update([face(50)], 0.1)
    assert back.face_id == 2


def test_faces_moving_apart_and_past_each_other_keep_their_ids() -> None:
    tracker = FaceTracker()
    for step in range(90):
        right, left = face(20 + 5 * step, 60), face(460 - 5 * step, 180)
        # The detector promises no order.
        found = [right, left] if step % 2 else [left, right]
        shown = {one.face_id: one for one in tracker.update(found, step / 30)}
        assert set(shown) == {1, 2}
        # In the first frame the one that moves left came first.
        assert shown[1].box.y == 180
        assert shown[2].box.y == 60


def test_faces_are_shown_largest_first() -> None:
    tracker = FaceTracker()
    shown = tracker.update([face(0, side=40), face(200, side=120), face(400, side=80)], 0.0)
    assert [one.box.width for one in shown] == [120, 80, 40]


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
def test_smoothing_takes_the_same_time_at_every_frame_rate(fps: int) -> None:
    tracker = FaceTracker()
    tracker.update([face(50, happy=1.0)], 0.0)
    for step in range(1, 2 * fps + 1):
        (shown,) = tracker.update([face(50, happy=0.0)], step / fps)
        expected = math.exp(-step / fps / TAU)
        assert shown.probabilities["happy"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("fps", [10, 30])
@pytest.mark.parametrize("threshold", [0.0, 0.55])
def test_a_change_of_expression_is_shown_within_half_a_second(fps: int, threshold: float) -> None:
    tracker = FaceTracker(threshold)
    tracker.update([face(50, happy=1.0)], 0.0)
    labels = [
        tracker.update([face(50, happy=0.05)], step / fps)[0].emotion
        for step in range(1, fps // 2 + 1)
    ]
    assert labels[0] == "happy" and labels[-1] == "sad"
    # Not by way of "unsure".
    assert None not in labels


@pytest.mark.parametrize("fps", [10, 30])
def test_the_label_does_not_follow_the_syllables_of_one_who_talks(fps: int) -> None:
    # Closed lips are read as one thing, open ones as another: three times a second, with vowels
    # that are held longer, and a threshold that the mean stays close to.
    tracker = FaceTracker(threshold=0.55)
    shown = set()
    for step in range(20 * fps):
        time_s = step / fps
        mouth = math.sin(2 * math.pi * 3.1 * time_s) + 0.6 * math.sin(2 * math.pi * 1.3 * time_s)
        shown |= {tracker.update([face(50, happy=0.95 if mouth < 0.3 else 0.2)], time_s)[0].emotion}
    assert shown == {"happy"}


def test_a_small_lead_is_shown_in_the_end_and_the_confidence_is_that_of_the_label() -> None:
    tracker = FaceTracker()
    tracker.update([face(50, happy=0.6)], 0.0)
    faces = [tracker.update([face(50, happy=0.45)], step / 30)[0] for step in range(1, 90)]
    labels = [one.emotion for one in faces]
    assert labels == sorted(labels) and set(labels) == {"happy", "sad"}
    assert labels.index("sad") > 15
    assert all(one.confidence == one.probabilities[str(one.emotion)] for one in faces)


def test_a_smoothed_confidence_below_the_threshold_abstains() -> None:
    tracker = FaceTracker(threshold=0.8)
    tracker.update([face(50, happy=1.0)], 0.0)
    for step in range(1, 11):
        (unsure,) = tracker.update([face(50, happy=0.5)], step / 10)
    assert unsure.emotion is None
    assert unsure.confidence == max(unsure.probabilities.values())
    for step in range(11, 40):
        (sad,) = tracker.update([face(50, happy=0.0)], step / 10)
    assert sad.emotion == "sad"


def test_without_smoothing_values_are_those_of_the_newest_frame() -> None:
    tracker = FaceTracker(settings=TrackerSettings(smoothing_s=0, box_smoothing_s=0))
    tracker.update([face(50, happy=1.0)], 0.0)
    (shown,) = tracker.update([face(60, happy=0.25)], 0.01)
    assert shown.box == face(60).box
    assert shown.probabilities == {"happy": 0.25, "sad": 0.75}


def test_a_trembling_box_is_calmed_and_settles_on_its_mean() -> None:
    tracker = FaceTracker()
    boxes = [
        tracker.update([face(100 + (6 if step % 2 else -6))], step / 30)[0].box.x
        for step in range(60)
    ]
    assert max(boxes[30:]) - min(boxes[30:]) <= 6
    assert sum(boxes[30:]) / 30 == pytest.approx(100, abs=1.5)


def test_a_timestamp_that_repeats_changes_nothing() -> None:
    tracker = FaceTracker()
    (before,) = tracker.update([face(50, happy=1.0)], 1.0)
    (after,) = tracker.update([face(55, happy=0.0)], 1.0)
    assert (after.probabilities, after.box) == (before.probabilities, before.box)


faces_of_a_frame = st.lists(
    st.builds(
        face,
        st.integers(0, 560),
        st.integers(0, 400),
        st.integers(20, 80),
        st.floats(0, 1),
    ),
    max_size=4,
)


@given(st.lists(st.tuples(faces_of_a_frame, st.floats(0, 0.5)), max_size=12))
def test_any_stream_keeps_ids_apart_boxes_inside_and_probabilities_summing_to_one(
    frames: list[tuple[list[FaceEmotion], float]],
) -> None:
    tracker = FaceTracker()
    now = 0.0
    for found, step in frames:
        now += step
        shown = tracker.update(found, now)
        assert len(shown) >= len(found)
        assert len({one.face_id for one in shown}) == len(shown)
        for one in shown:
            assert sum(one.probabilities.values()) == pytest.approx(1)
            assert 0 <= one.box.x <= one.box.right <= 640
            assert 0 <= one.box.y <= one.box.bottom <= 480
