"""Valence and arousal derived from probabilities, and their picture."""

from __future__ import annotations

import base64
import re

import pytest

from fer.labels import FER2013, FERPLUS
from fer.recognition.circumplex import COORDINATES, derived_affect
from fer.results import Box, FaceEmotion
from fer.ui.affect_view import circumplex


def face(probabilities: dict[str, float], face_id: int = 1) -> FaceEmotion:
    return FaceEmotion(Box(0, 0, 9, 9), "happy", 0.9, probabilities, face_id=face_id)


@pytest.mark.parametrize("name", FER2013)
def test_a_certain_answer_lies_on_its_word(name: str) -> None:
    point = derived_affect({label: float(label == name) for label in FER2013})
    assert point is not None
    assert (point.valence, point.arousal) == COORDINATES[name]


def test_a_mixture_lies_between_and_contempt_is_left_out() -> None:
    point = derived_affect({"happy": 0.25, "neutral": 0.25, "contempt": 0.5})
    assert point is not None
    assert point.valence == pytest.approx(0.405)
    assert point.arousal == pytest.approx(0.255)
    assert derived_affect({"contempt": 1.0}) is None
    assert set(FERPLUS) - set(COORDINATES) == {"contempt"}


def test_every_point_is_inside_the_circle_of_affect() -> None:
    for valence, arousal in COORDINATES.values():
        assert valence**2 + arousal**2 <= 1


def test_the_picture_shows_every_face_and_says_that_it_is_derived() -> None:
    sad = face({"sad": 1.0}, 7)
    html = circumplex([face({"happy": 1.0}), sad], {7: "face <7>"})
    assert "face 1: valence +0.81, arousal +0.51, derived" in html
    assert "face &lt;7&gt;: valence -0.63, arousal -0.27, derived" in html
    (data,) = re.findall(r"base64,([^\"]+)", html)
    svg = base64.b64decode(data).decode()
    assert svg.count('r="8"') == 2
    assert all(f">{name}</text>" in svg for name in COORDINATES)
    assert circumplex([]) == circumplex([face({"contempt": 1.0})]) == ""
