"""The live panel's HTML."""

import base64
import re

import pytest

from fer.labels import COLOURS, UNSURE
from fer.results import Box, FaceEmotion, FrameResult
from fer.tracking.summary import FaceSummary
from fer.ui.live_view import (
    face_card,
    identity_chip,
    placeholder,
    probability_bars,
    summary_table,
    time_line,
)


def face(happy: float, *, emotion: str | None = "happy", face_id: int = 1) -> FaceEmotion:
    return FaceEmotion(
        box=Box(10, 20, 30, 40),
        emotion=emotion,
        confidence=happy,
        probabilities={"happy": happy, "sad": 1 - happy},
        face_id=face_id,
    )


def bands(html: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """Colour and corners of each band of the time line's image, back to front."""
    encoded = re.search(r"base64,([A-Za-z0-9+/=]+)", html)
    assert encoded is not None
    svg = base64.b64decode(encoded[1]).decode()
    return [
        (colour, [tuple(map(float, xy.split(","))) for xy in points.split()])  # type: ignore[misc]
        for colour, points in re.findall(r'<polygon fill="(#\w+)" points="([^"]+)"', svg)
    ]


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


def frames(values: dict[float, float], face_id: int = 1) -> list[FrameResult]:
    return [FrameResult(t, 640, 480, (face(p, face_id=face_id),)) for t, p in values.items()]


def test_the_bands_are_stacked_to_one_and_as_thick_as_the_probabilities() -> None:
    line = time_line(frames({float(t): 0.2 + 0.1 * t for t in range(6)}), 1, span_s=10)
    (back, whole), (front, happy) = bands(line)
    assert (back, front) == (COLOURS["sad"], COLOURS["happy"])
    # First and last corner lie on the base line; between them runs the upper edge.
    assert {y for _, y in whole[1:-1]} == {0.0}
    heights = [1 - y / 110 for _, y in happy[1:-1]]
    assert heights[:-1] == pytest.approx([0.2 + 0.1 * t for t in range(6)], abs=1e-3)
    xs = [x for x, _ in happy]
    assert xs == sorted(xs) and xs[-1] == pytest.approx(600)


def test_a_face_that_was_away_leaves_a_gap() -> None:
    line = time_line(frames({0.0: 0.5, 1.0: 0.5, 6.0: 0.5, 7.0: 0.5}), 1, span_s=10)
    drawn = [points for colour, points in bands(line) if colour == COLOURS["happy"]]
    assert len(drawn) == 2
    assert max(x for x, _ in drawn[0]) < min(x for x, _ in drawn[1])


def test_the_time_line_shows_only_its_face_and_its_span() -> None:
    history = frames({0.0: 0.5, 50.0: 0.5})
    assert len(bands(time_line(history, 1, span_s=30))) == 2
    assert bands(time_line(history, 2, span_s=30)) == []
    assert time_line([], 1) == ""


def test_another_label_set_starts_a_stack_of_its_own() -> None:
    other = FaceEmotion(Box(0, 0, 9, 9), "contempt", 0.9, {"contempt": 0.9, "sad": 0.1}, face_id=1)
    history = [*frames({0.0: 0.5}), FrameResult(0.5, 640, 480, (other,))]
    assert COLOURS["contempt"] in {colour for colour, _ in bands(time_line(history, 1))}


def test_the_summary_names_every_share_and_counts_the_faces_left_out() -> None:
    everyone = FaceSummary(0, {"happy": 60.0, UNSURE: 20.0})
    html = summary_table([everyone, *(FaceSummary(i, {"happy": 8.0}) for i in range(1, 11))])
    assert "all faces" in html and "face 6" in html and "face 7" not in html
    assert "happy 75%, unsure 25%" in html
    assert "and 4 more faces" in html
    assert "1 min 20 s" in html


def test_chips_have_ink_that_can_be_read() -> None:
    assert "color:#141414" in identity_chip(1) and "color:#FFFFFF" in identity_chip(6)
