import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from fer import Box, FaceEmotion, FrameResult
from fer.live.record import SessionRecord
from fer.results import Reader

READER = Reader("xs", "2.0", "perceived", ("happy", "sad"))
FACE = FaceEmotion(Box(60, 50, 40, 40), "happy", 0.9, {"happy": 0.9, "sad": 0.1}, face_id=1)
FRAME = np.full((120, 160, 3), 90, np.uint8)


def record(seconds: float, fps: int = 10, *, start_s: float = 500.0) -> SessionRecord:
    """A session of one face, at ten frames a second."""
    session = SessionRecord()
    for index in range(round(seconds * fps)):
        time_s = start_s + index / fps
        session.add(FrameResult(time_s, 160, 120, (FACE,)), READER, FRAME)
    return session


def test_hours_of_a_session_stay_on_one_line_of_bounded_length() -> None:
    session = SessionRecord()
    for index in range(3 * 3600):
        shown = (FACE,) if index % 600 < 300 else ()
        session.add(FrameResult(float(index), 160, 120, shown), READER, None)
    _labels, ((who, times, rows),) = session.lanes(0.0, session.end_s, 500)
    assert (who, len(times) <= 500, times[-1] > 10_000) == (1, True, True)
    # Half of the time nobody was there, and where somebody was the mean is as it was read.
    assert np.isnan(rows[:, 0]).mean() == pytest.approx(0.5, abs=0.07)
    assert np.nanmax(rows) == pytest.approx(0.9)
    _labels, ((_, near, _),) = session.lanes(3600.0, 3660.0, 500)
    assert 3600 - 6 <= near[0] <= near[-1] <= 3660 + 6 and len(near) >= 10


def test_marks_count_from_the_first_frame_and_the_second_of_a_span_is_its_end() -> None:
    empty = SessionRecord()
    assert not empty.mark("1", 500.0)
    session = record(5.0)
    assert session.mark("1", 501.25)
    session.mark("film", 502.0, span=True)
    assert session.going_on("film")
    session.mark("film", 504.5, span=True)
    session.mark("film", 506.0, span=True)
    assert [(one.time_s, one.label, one.end_s) for one in session.events] == [
        (1.25, "1", None),
        (2.0, "film", 4.5),
        (6.0, "film", None),
    ]
    # Nothing is before the start, and a span that was taken out of the list is over.
    session.mark("early", 400.0)
    assert session.events[-1].time_s == 0.0
    session.events = ()
    assert not session.going_on("film")


def test_a_stimulus_that_goes_on_has_its_end_also_when_it_was_renamed_and_given_a_note() -> None:
    session = record(5.0)
    session.mark("stimulus", 501.0, span=True)
    session.edit(session.events, {0: ("film", "red light")})
    assert session.going_on("stimulus")
    session.mark("stimulus", 504.0, span=True)
    (event,) = session.events
    assert (event.time_s, event.label, event.end_s, event.note) == (1.0, "film", 4.0, "red light")
    assert not session.going_on("stimulus")


def test_words_for_an_event_leave_what_came_since_it_was_shown() -> None:
    session = record(5.0)
    for number, at_s in enumerate((501.0, 502.0, 503.0)):
        session.mark(f"e{number}", at_s, span=True)
    shown = session.events
    session.mark("e2", 504.0, span=True)
    session.edit(shown, {2: ("e2", "a note")}, [0])
    session.mark("later", 504.5)
    # The list was not drawn again yet: what it says is told once more, with something new.
    session.edit(shown, {1: ("e1", "another"), 2: ("e2", "a note")}, [0])
    assert [(one.label, one.time_s, one.end_s, one.note) for one in session.events] == [
        ("e1", 2.0, None, "another"),
        ("e2", 3.0, 4.0, "a note"),
        ("later", 4.5, None, ""),
    ]
    assert session.going_on("e1") and not session.going_on("e0")


def test_the_table_names_what_happens_in_each_frame() -> None:
    session = record(2.0)
    session.mark("1", 500.95)
    session.mark("film", 501.2, span=True)
    session.mark("film", 501.5, span=True)
    rows = json.loads(session.table(".json"))
    assert {row["time_s"]: row["events"] for row in rows if row["events"]} == {
        1.0: "1",
        1.2: "film",
        1.3: "film",
        1.4: "film",
        1.5: "film",
    }


def test_the_report_is_of_the_table_and_shows_faces_only_if_they_were_asked_for() -> None:
    session = record(1.0)
    assert "image/jpeg" not in session.report("Session", {}, ())
    session.keep_faces = True
    best = replace(FACE, confidence=0.95, probabilities={"happy": 0.95, "sad": 0.05})
    shown = FRAME.copy()
    cv2.circle(shown, (80, 70), 10, (0, 0, 255), -1)
    session.add(FrameResult(501.0, 160, 120, (best,)), READER, shown)
    assert session.report("Session", {}, ()).count("image/jpeg") == 1
    # A stronger one, hidden: the old picture would not be it.
    best = replace(best, confidence=0.97)
    session.add(FrameResult(502.0, 160, 120, (best,)), READER, None)
    assert "image/jpeg" not in session.report("Session", {}, ())
    session.keep_faces = False
    session.keep_faces = True
    assert session._faces == {}
