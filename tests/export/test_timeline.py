import numpy as np
import pytest

from fer.export.timeline import TimeLine
from fer.results import Box, FaceEmotion, FrameResult


def frame(time_s: float, **faces: float) -> FrameResult:
    """Faces as ``f1=0.8``: identity 1 is happy to 0.8."""
    found = tuple(
        FaceEmotion(
            Box(0, 0, 9, 9),
            "happy",
            happy,
            {"happy": happy, "sad": 1 - happy},
            face_id=int(name.removeprefix("f")),
        )
        for name, happy in faces.items()
    )
    return FrameResult(time_s, 100, 100, found)


def test_a_step_holds_the_mean_of_its_frames() -> None:
    line = TimeLine(step_s=1.0)
    for time_s, happy in ((0.1, 0.2), (0.6, 0.4), (1.5, 1.0)):
        line.add(frame(time_s, f1=happy))
    times, rows = line.of_faces((1,))
    assert times.tolist() == [0.5, 1.5]
    assert rows == pytest.approx(np.array([[0.3, 0.7], [1.0, 0.0]]))


def test_where_a_face_was_away_is_nan() -> None:
    line = TimeLine(step_s=1.0)
    line.add(frame(0.5, f1=1.0))
    line.add(frame(2.5, f1=1.0, f2=0.5))
    _times, rows = line.of_faces((1,))
    assert np.isnan(rows[1]).all() and not np.isnan(rows[[0, 2]]).any()
    assert line.face_ids() == [1, 2]
    assert line.of_faces((3,))[1].shape == (0, 2)
    assert line.labels == ("happy", "sad")


def test_a_long_video_keeps_its_means_in_longer_steps() -> None:
    line = TimeLine(step_s=0.1)
    for second in range(10_000):
        line.add(frame(float(second), f1=(second % 2) * 1.0))
    times, rows = line.of_faces((1,))
    assert len(times) <= 600
    assert times[0] < times[-1] <= 10_000
    assert np.nanmean(rows[:, 0]) == pytest.approx(0.5, abs=0.01)


def test_of_many_faces_the_longest_on_show_are_kept() -> None:
    line = TimeLine()
    for index in range(200):
        line.add(frame(index / 10, f1=0.5, **{f"f{index + 2}": 0.5}))
    assert len(line.face_ids()) <= 24
    assert line.face_ids()[0] == 1


def test_another_label_set_adds_its_classes_and_the_others_are_nothing_there() -> None:
    line = TimeLine(step_s=1.0)
    line.put("Ada", 0.5, {"sad": 0.25, "happy": 0.75})
    line.put("Ada", 1.5, {"contempt": 0.5, "wistful": 0.25, "happy": 0.25})
    assert line.labels == ("sad", "happy", "contempt", "wistful")
    assert line.of_faces(("Ada",))[1].tolist() == [[0.25, 0.75, 0, 0], [0, 0.25, 0.5, 0.25]]


def test_a_window_is_joined_to_as_many_points_as_are_wanted() -> None:
    line = TimeLine(step_s=1.0)
    for second in range(100):
        line.put(1, second + 0.5, {"happy": second % 2 * 1.0})
    times, rows = line.of_faces((1,), 20.0, 59.0, most=10)
    assert times.tolist() == [22, 26, 30, 34, 38, 42, 46, 50, 54, 58]
    assert rows[:, 0].tolist() == [0.5] * 10


def test_identities_that_are_one_person_share_a_line() -> None:
    line = TimeLine(("happy", "sad"), step_s=1.0)
    for time_s, faces in ((0.5, {"f1": 1.0}), (1.5, {"f1": 1.0, "f2": 0.0}), (3.5, {"f2": 0.25})):
        line.add(frame(time_s, **faces))
    times, rows = line.of_faces((1, 2))
    assert times.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert rows[:, 0] == pytest.approx(np.array([1.0, 0.5, np.nan, 0.25]), nan_ok=True)


def test_frames_read_seldom_leave_no_gap_and_an_absence_does() -> None:
    line = TimeLine(("happy",))
    for time_s in (0.0, 0.33, 0.66, 2.05, 2.38):
        line.put(1, time_s, {"happy": 1.0})
    times, rows = line.of_faces([1])
    gone = times[np.isnan(rows[:, 0])]
    assert gone.min() == pytest.approx(0.75) and gone.max() == pytest.approx(1.95)
