"""The live panel's HTML."""

import re

from fer.labels import COLOURS, UNSURE
from fer.results import Box, FaceEmotion
from fer.tracking.summary import FaceSummary
from fer.ui.live_view import (
    face_card,
    identity_chip,
    placeholder,
    probability_bars,
    summary_table,
)


def face(happy: float, *, emotion: str | None = "happy", face_id: int = 1) -> FaceEmotion:
    return FaceEmotion(
        box=Box(10, 20, 30, 40),
        emotion=emotion,
        confidence=happy,
        probabilities={"happy": happy, "sad": 1 - happy},
        face_id=face_id,
    )


def test_a_card_names_the_emotion_and_where_the_face_is() -> None:
    html = face_card(face(0.9), "face 1")
    assert "<b>happy</b>" in html and 'data-box="10,20,30,40"' in html and "90%" in html


def test_an_unsure_face_is_called_so() -> None:
    assert f"<b>{UNSURE}</b>" in face_card(face(0.4, emotion=None), "face 1")


def test_titles_and_texts_are_escaped() -> None:
    hostile = "<script>alert(1)</script>"
    assert hostile not in face_card(face(0.9), hostile)
    assert hostile not in placeholder(hostile)


def test_bars_are_as_long_as_the_probabilities() -> None:
    widths = re.findall(
        r"width:([\d.]+)%;background:(#\w+)", probability_bars(face(0.25).probabilities)
    )
    assert widths == [("25.0", COLOURS["happy"]), ("75.0", COLOURS["sad"])]


def test_the_summary_names_every_share_and_counts_the_faces_left_out() -> None:
    everyone = FaceSummary(0, {"happy": 60.0, UNSURE: 20.0})
    html = summary_table([everyone, *(FaceSummary(i, {"happy": 8.0}) for i in range(1, 11))])
    assert "all faces" in html and "face 6" in html and "face 7" not in html
    assert "happy 75%, unsure 25%" in html
    assert "and 4 more faces" in html
    assert "1 min 20 s" in html


def test_chips_have_ink_that_can_be_read() -> None:
    assert "color:#141414" in identity_chip(1) and "color:#FFFFFF" in identity_chip(6)
