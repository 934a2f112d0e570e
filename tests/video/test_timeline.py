import numpy as np
import pytest

from fer.results import Box, FaceEmotion, FrameResult
from fer.video.timeline import Peak, TimeLine, peaks_of

LABELS = ("happy", "sad")


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
    line = TimeLine(LABELS, step_s=1.0)
    for time_s, happy in ((0.1, 0.2), (0.6, 0.4), (1.5, 1.0)):
        line.add(frame(time_s, f1=happy))
    times, rows = line.of_faces((1,))
    assert times.tolist() == [0.5, 1.5]
    assert rows == pytest.approx(np.array([[0.3, 0.7], [1.0, 0.0]]))


def test_where_a_face_was_away_is_nan() -> None:
    line = TimeLine(LABELS, step_s=1.0)
    line.add(frame(0.5, f1=1.0))
    line.add(frame(2.5, f1=1.0, f2=0.5))
    _times, rows = line.of_faces((1,))
    assert np.isnan(rows[1]).all() and not np.isnan(rows[[0, 2]]).any()
    assert line.face_ids() == [1, 2]
    assert line.of_faces((3,))[1].shape == (0, 2)


def test_a_long_video_keeps_its_means_in_longer_steps() -> None:
    line = TimeLine(LABELS, step_s=0.1)
    for second in range(10_000):
        line.add(frame(float(second), f1=(second % 2) * 1.0))
    times, rows = line.of_faces((1,))
    assert len(times) <= 2400
    assert times[0] < times[-1] <= 10_000
    assert np.nanmean(rows[:, 0]) == pytest.approx(0.5, abs=0.01)


def test_of_many_faces_the_longest_on_show_are_kept() -> None:
    line = TimeLine(LABELS)
    for index in range(200):
        line.add(frame(index / 10, f1=0.5, **{f"f{index + 2}": 0.5}))
    assert len(line.face_ids()) <= 24
    assert line.face_ids()[0] == 1


def test_identities_that_are_one_person_share_a_line() -> None:
    line = TimeLine(LABELS, step_s=1.0)
    for time_s, faces in ((0.5, {"f1": 1.0}), (1.5, {"f1": 1.0, "f2": 0.0}), (3.5, {"f2": 0.25})):
        line.add(frame(time_s, **faces))
    times, rows = line.of_faces((1, 2))
    assert times.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert rows[:, 0] == pytest.approx(np.array([1.0, 0.5, np.nan, 0.25]), nan_ok=True)


@pytest.mark.parametrize(
    ("happy", "expected"),
    [
        pytest.param([0.2, 0.7, 0.9, 0.8, 0.1], [(2, 0.9)], id="the top of a stretch"),
        pytest.param([0.9, 0.1, 0.8, 0.1, 0.1], [(0, 0.9)], id="no second one close by"),
        pytest.param([0.8, 0.1, 0.1, 0.1, 0.9], [(4, 0.9), (0, 0.8)], id="strongest first"),
        pytest.param([np.nan, 0.6, np.nan, np.nan, 0.4], [(1, 0.6)], id="away, and too little"),
        pytest.param([], [], id="nobody"),
    ],
)
def test_a_peak_is_where_an_emotion_is_strongest(
    happy: list[float], expected: list[tuple[int, float]]
) -> None:
    rows = np.array([[value, 1 - value] for value in happy]).reshape(-1, 2)
    found = peaks_of(np.arange(len(happy)) * 0.4, rows, ("happy", "neutral"))
    assert found == [Peak(step * 0.4, "happy", share) for step, share in expected]
