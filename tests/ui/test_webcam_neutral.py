"""The calibration of the webcam page as a script, with a stream that is written by hand."""

from dataclasses import dataclass, field

import pytest
from streamlit.testing.v1 import AppTest

from fer.labels import FER2013
from fer.live.health import LiveSnapshot
from fer.live.samples import NeutralCapture
from fer.results import Box, FaceEmotion, FrameResult

STERN = dict(zip(FER2013, (0.6, 0.02, 0.02, 0.02, 0.06, 0.02, 0.26), strict=True))


@dataclass
class Stream:
    """What the page asks of a session: the newest state, and to learn from what comes."""

    frames: list[FrameResult] = field(default_factory=list)
    neutral: NeutralCapture | None = None

    def show(self, seconds: float, face_id: int = 4) -> None:
        for _ in range(round(seconds * 10)):
            face = FaceEmotion(Box(9, 9, 80, 80), "angry", 0.6, STERN, face_id=face_id)
            behind = FaceEmotion(Box(200, 9, 40, 40), "angry", 0.6, STERN, face_id=9)
            self.frames.append(FrameResult(len(self.frames) / 10, 320, 240, (face, behind)))
            if self.neutral is not None:
                self.neutral.add(self.frames[-1])

    def snapshot(self) -> LiveSnapshot:
        return LiveSnapshot(self.frames[-1] if self.frames else None)


def script() -> None:
    import streamlit as st

    from fer.ui.webcam.neutral import calibrate, calibrating, neutral_line

    session = st.session_state["stream"]
    calibrate(session, st.session_state["playing"], followed=calibrating(session))
    for face in session.frames[-1].faces if session.frames else ():
        st.html(f"<p>face {face.face_id}</p>{neutral_line(session, face)}")


@pytest.fixture
def page() -> AppTest:
    at = AppTest.from_function(script, default_timeout=60)
    at.session_state["stream"] = Stream()
    at.session_state["playing"] = True
    return at.run()


def cards(at: AppTest) -> list[str]:
    assert not at.exception and not at.error
    return [block.proto.body for block in at.get("html")]


def calibrated(at: AppTest) -> AppTest:
    stream = at.session_state["stream"]
    stream.show(1)
    at.button(key="webcam_neutral_start").click().run()
    stream.show(3)
    return at.run()


def test_without_a_face_it_says_so(page: AppTest) -> None:
    at = page.button(key="webcam_neutral_start").click().run()
    assert "No face in view" in at.info[0].value
    assert at.button(key="webcam_neutral_reset").disabled


def test_three_seconds_of_the_largest_face_are_its_neutral_until_reset(page: AppTest) -> None:
    stream = page.session_state["stream"]
    stream.show(1)
    at = page.button(key="webcam_neutral_start").click().run()
    stream.show(1.5)
    at.run()
    assert at.button(key="webcam_neutral_start").disabled
    assert not any("own neutral" in card for card in cards(at))
    stream.show(1.5)
    own, other = cards(at.run().run())
    assert "compared with own neutral: <b>neutral" in own and "own neutral" not in other
    at.button(key="webcam_neutral_reset").click().run()
    assert not any("own neutral" in card for card in cards(at))


def test_a_face_that_is_away_does_not_count(page: AppTest) -> None:
    stream = page.session_state["stream"]
    stream.show(1)
    at = page.button(key="webcam_neutral_start").click().run()
    stream.show(5, face_id=5)
    assert not any("own neutral" in card for card in cards(at.run()))


def test_another_label_set_and_the_end_of_the_stream_put_it_away(page: AppTest) -> None:
    at = calibrated(page)
    at.session_state["webcam_labels"] = "fer2013"
    assert not any("own neutral" in card for card in cards(at.run()))
    at.button(key="webcam_neutral_start").click().run()
    at.session_state["playing"] = False
    at.run()
    assert at.button(key="webcam_neutral_reset").disabled
