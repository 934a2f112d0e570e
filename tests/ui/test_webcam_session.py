"""The session on the webcam page as a script: time line, markers, what is taken away."""

import csv
import io
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer.labels import FER2013
from fer.live.session import LiveSession
from fer.results import Box, FaceEmotion, FrameResult, Reader
from tests.live.fakes import StreamFake
from tests.ui.opened import html_of

FRAME = np.full((120, 160, 3), 90, np.uint8)
STEADY = dict(zip(FER2013, (0.0, 0.0, 0.0, 0.7, 0.1, 0.0, 0.2), strict=True))


def session_of(seconds: float, *face_ids: int, start_s: float = 100.0) -> LiveSession:
    session = LiveSession(StreamFake(), clock=lambda: start_s + seconds)
    for index in range(round(seconds * 5)):
        faces = tuple(
            FaceEmotion(Box(9, 9, 40, 40), "happy", 0.7, STEADY, face_id=one) for one in face_ids
        )
        result = FrameResult(start_s + index / 5, 160, 120, faces)
        session.record.add(result, Reader("xs", "2.0", "perceived", FER2013), FRAME)
    return session


def script() -> None:
    import streamlit as st

    from fer.ui.webcam.events import event_buttons, event_keys, event_list
    from fer.ui.webcam.take_away import session_files
    from fer.ui.webcam.timeline import session_line

    session, playing = st.session_state["session"], st.session_state["playing"]
    event_buttons(session, playing)
    event_keys(session)
    session_line(session, playing)
    event_list(session)
    session_files(session, playing)


def shown_on(at: AppTest) -> str:
    assert not at.exception and not at.error
    return html_of(at)


def page(session: LiveSession, *, playing: bool) -> AppTest:
    at = AppTest.from_function(script, default_timeout=60)
    at.session_state["session"], at.session_state["playing"] = session, playing
    return at.run()


@pytest.mark.parametrize("playing", [True, False])
def test_the_whole_session_has_a_lane_a_person_also_after_the_stop(playing: bool) -> None:
    at = page(session_of(90.0, 1, 2, 3), playing=playing)
    shown = shown_on(at)
    assert shown.count('class="fer-lane"') == 3
    assert "1:30" in shown and "happy 100%; seen for 1 min 30 s" in shown
    # A closer look: at the last minute while it runs, and anywhere once it does not.
    at.segmented_control(key="webcam_span").set_value("10 s").run()
    assert "1:20" in shown_on(at) and "0:00" not in shown_on(at)
    assert len(at.slider) == (0 if playing else 1)
    if not playing:
        at.slider[0].set_value(30.0).run()
        assert re.search(r">0:20<.*>0:30<", shown_on(at))


def test_a_session_hardly_longer_than_a_zoom_is_shown_whole() -> None:
    session = session_of(10.0, 1)
    face = FaceEmotion(Box(9, 9, 40, 40), "happy", 0.7, STEADY, face_id=1)
    result = FrameResult(110.03, 160, 120, (face,))
    session.record.add(result, Reader("xs", "2.0", "perceived", FER2013), FRAME)
    at = AppTest.from_function(script, default_timeout=60)
    at.session_state["session"], at.session_state["playing"] = session, False
    at.session_state["webcam_span"] = "10 s"
    assert "seen for 10 s" in shown_on(at.run())
    assert 10.0 < session.record.end_s < 10.05 and not at.slider


def test_many_people_stay_few_points_and_are_counted() -> None:
    at = page(session_of(20.0, *range(1, 13)), playing=True)
    shown = shown_on(at)
    assert shown.count('class="fer-lane"') == 8 and "and 4 more faces" in shown
    assert len(shown) < 200_000


def test_who_was_there_for_a_moment_has_no_lane() -> None:
    session = session_of(20.0, 1)
    passing = FaceEmotion(Box(9, 9, 40, 40), "happy", 0.7, STEADY, face_id=2)
    for index in range(2):
        result = FrameResult(120.0 + index / 5, 160, 120, (passing,))
        session.record.add(result, Reader("xs", "2.0", "perceived", FER2013), FRAME)
    shown = shown_on(page(session, playing=False))
    assert shown.count('class="fer-lane"') == 1 and "and 1 more face, in the table" in shown


def test_markers_are_set_named_and_taken_out() -> None:
    session = session_of(20.0, 1)
    at = page(session, playing=True)
    at.button(key="event_mark").click().run()
    at.button(key="event_span").click().run()
    assert at.button(key="event_span").label == "End stimulus"
    at.button(key="event_span").click().run()
    assert [(one.label, one.time_s) for one in session.record.events] == [
        ("mark", 20.0),
        ("stimulus", 20.0),
    ]
    assert session.record.events[1].end_s is not None
    assert "Events (2)" in [expander.label for expander in at.expander]
    table = list(csv.DictReader(io.StringIO(session.record.table(".csv").decode())))
    assert {row["events"] for row in table} == {""}


def note_told_late() -> None:
    """The list as it was before the end of the stimulus says its note."""
    import streamlit as st

    from fer.ui.webcam.events import _edit

    session = st.session_state["session"]
    shown = session.record.events
    session.record.mark("stimulus", 125.0, span=True)
    st.session_state["told"] = {"edited_rows": {0: {"Note": "red light"}}, "deleted_rows": []}
    st.session_state["event_version"] = 0
    _edit(session, "told", shown)


def test_a_note_in_the_list_does_not_undo_the_end_of_a_stimulus() -> None:
    session = session_of(20.0, 1)
    session.record.mark("stimulus", 110.0, span=True)
    at = AppTest.from_function(note_told_late, default_timeout=60)
    at.session_state["session"] = session
    assert not at.run().exception
    (event,) = session.record.events
    assert (event.time_s, event.end_s, event.note) == (10.0, 25.0, "red light")


def test_before_the_camera_runs_nothing_can_be_marked() -> None:
    at = page(session_of(0.0), playing=False)
    assert at.button(key="event_mark").disabled and at.button(key="event_span").disabled
    assert "appears here over time" in at.caption[0].value


def test_clearing_begins_a_new_session() -> None:
    session = session_of(20.0, 1)
    at = page(session, playing=False)
    labels = [button.label for button in at.get("download_button")]
    assert labels == [
        "Report",
        "Session as CSV",
        "Session as JSON",
        "Session as JSON Lines",
        "Session as Parquet",
    ]
    at.button(key="session_clear").click().run()
    assert session.record.log.frames == 0
    assert "appears here over time" in at.caption[0].value
