from dataclasses import replace

import pytest

from fer import Box, FaceEmotion, FrameResult
from fer.export.people import PersonEdit
from fer.labels import UNSURE
from fer.tracking.summary import FaceSummary, SummaryCounter, summary_of_people


def frame(time_s: float, *faces: tuple[int, str | None]) -> FrameResult:
    return FrameResult(
        time_s,
        640,
        480,
        tuple(
            FaceEmotion(Box(0, 0, 9, 9), emotion, 0.9, {"happy": 0.9, "sad": 0.1}, face_id=face_id)
            for face_id, emotion in faces
        ),
    )


def test_before_a_face_was_seen_there_is_nothing() -> None:
    counter = SummaryCounter()
    counter.add(frame(0.0))
    counter.add(frame(0.5))
    assert counter.summary() == ()


def test_time_is_counted_per_face_and_for_all_together() -> None:
    counter = SummaryCounter()
    counter.add(frame(0.0))
    for step in range(1, 11):
        faces = [(1, "happy")]
        if step > 5:
            faces.append((2, None))
        counter.add(frame(step / 10, *faces))
    together, first, second = counter.summary()
    assert (together.face_id, first.face_id, second.face_id) == (0, 1, 2)
    assert first.seconds == {"happy": pytest.approx(1.0)}
    assert second.seconds == {UNSURE: pytest.approx(0.5)}
    assert together.total_s == pytest.approx(1.5)
    assert list(together.shares().items()) == [
        ("happy", pytest.approx(2 / 3)),
        (UNSURE, pytest.approx(1 / 3)),
    ]


def test_a_face_that_is_only_held_counts_for_nothing() -> None:
    counter = SummaryCounter()
    counter.add(frame(0.0, (1, "happy")))
    seen = frame(0.5, (1, "happy"))
    counter.add(seen)
    held = tuple(replace(face, measured=False) for face in seen.faces)
    counter.add(replace(seen, timestamp_s=1.0, faces=held))
    assert counter.summary()[1].seconds == {"happy": pytest.approx(0.5)}


def test_the_rate_of_frames_does_not_weigh() -> None:
    counter = SummaryCounter()
    counter.add(frame(0.0))
    counter.add(frame(0.5, (1, "sad")))
    for step in range(1, 51):
        counter.add(frame(0.5 + step / 100, (1, "happy")))
    assert counter.summary()[0].shares() == {
        "happy": pytest.approx(0.5),
        "sad": pytest.approx(0.5),
    }


def test_a_pause_counts_for_nothing() -> None:
    counter = SummaryCounter()
    counter.add(frame(0.0, (1, "happy")))
    counter.add(frame(600.0, (1, "happy")))
    assert counter.summary() == ()


def test_it_stays_small_however_many_faces_pass_and_no_second_is_lost() -> None:
    counter = SummaryCounter(max_faces=3)
    counter.add(frame(0.0))
    for step in range(1, 201):
        faces = [(100 + step, "sad")]
        if step <= 100:
            faces.append((1, "happy"))
        counter.add(frame(step / 10, *faces))
    together, *faces = counter.summary()
    assert len(faces) == 3
    assert faces[0].face_id == 1
    assert faces[0].total_s == pytest.approx(10.0)
    assert together.total_s == pytest.approx(30.0)


def test_people_who_are_one_are_counted_as_one_and_hidden_ones_nowhere() -> None:
    summary = (
        FaceSummary(0, {"happy": 6.0, "sad": 4.0}),
        FaceSummary(1, {"happy": 5.0}),
        FaceSummary(2, {"sad": 4.0}),
        FaceSummary(3, {"happy": 1.0}),
    )
    people = {3: PersonEdit(same_as=2), 1: PersonEdit(hidden=True)}
    together, second = summary_of_people(summary, people)
    assert together.seconds == {"happy": 1.0, "sad": 4.0}
    assert (second.face_id, dict(second.seconds)) == (2, {"sad": 4.0, "happy": 1.0})
    assert summary_of_people(summary, {}) == summary
