"""The live panel's HTML."""

import base64
import re

import pytest

from fer.labels import COLOURS, UNSURE
from fer.results import Box, FaceEmotion, FrameResult
from fer.ui.live_view import face_card, placeholder, probability_bars, time_line


def face(happy: float, *, emotion: str | None = "happy", face_id: int = 1) -> FaceEmotion:
    return FaceEmotion(
        box=Box(10, 20, 30, 40),
        emotion=emotion,
        confidence=happy,
        probabilities={"happy": happy, "sad": 1 - happy},
        face_id=face_id,
    )


def polylines(html: str) -> dict[str, list[tuple[float, float]]]:
    """Colour -> points of the time line's image."""
    encoded = re.search(r"base64,([A-Za-z0-9+/=]+)", html)
    assert encoded is not None
    svg = base64.b64decode(encoded[1]).decode()
    return {
        colour: [tuple(map(float, xy.split(","))) for xy in points.split()]  # type: ignore[misc]
        for colour, points in re.findall(r'stroke="(#\w+)"[^>]*points="([^"]+)"', svg)
    }


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


def test_the_time_line_goes_left_to_right_and_up_with_the_probability() -> None:
    history = [FrameResult(float(t), 640, 480, (face(0.2 + 0.1 * t),)) for t in range(6)]
    points = polylines(time_line(history, 1, span_s=10))[COLOURS["happy"]]
    xs, ys = zip(*points, strict=True)
    assert list(xs) == sorted(xs) and list(ys) == sorted(ys, reverse=True)
    assert xs[-1] == pytest.approx(600)


def test_the_time_line_shows_only_its_face_and_its_span() -> None:
    history = [FrameResult(0.0, 640, 480, (face(0.5),)), FrameResult(50.0, 640, 480, (face(0.5),))]
    assert len(polylines(time_line(history, 1, span_s=30))[COLOURS["happy"]]) == 1
    assert polylines(time_line(history, 2, span_s=30)) == {}
    assert time_line([], 1) == ""
