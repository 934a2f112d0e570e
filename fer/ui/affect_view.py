"""Valence and arousal of faces as a small circumplex, drawn as SVG."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from fer.figures.style import GREY
from fer.labels import COLOURS, OWN
from fer.models.card import ModelCard
from fer.recognition.circumplex import COORDINATES, affect_of
from fer.results import FaceEmotion
from fer.ui.live_view import emotion_colour

_DERIVED = (
    "Computed from the probabilities and published coordinates of the emotion words (Russell and "
    "Mehrabian 1977); this model measures neither. Right is pleasant, up is excited."
)
_MEASURED = "Measured by a head of this model. Right is pleasant, up is excited."


def label_and_help(card: ModelCard) -> tuple[str, str] | None:
    """Text and help of the switch that shows the circle; None where nothing has a place in it."""
    if card.affect is not None:
        return "Valence and arousal", _MEASURED
    return None if card.main == OWN else ("Valence and arousal (derived)", _DERIVED)


_SIZE = 220
_RADIUS = 92
# Words at the ends of the axes: text, x, y, anchor.
_ENDS = (
    ("unpleasant", 22, 106, "start"),
    ("pleasant", 198, 106, "end"),
    ("excited", 106, 29, "end"),
    ("calm", 114, 199, "start"),
)
# Two words that lie side by side give each other room.
_ANCHORS = {"fear": "end", "angry": "start"}


def _place(valence: float, arousal: float) -> tuple[float, float]:
    middle = _SIZE / 2
    return middle + _RADIUS * valence, middle - _RADIUS * arousal


def circumplex(faces: Sequence[FaceEmotion], names: Mapping[int, str] | None = None) -> str:
    """A circle with a point for every face, figures below; empty when none has a place."""
    marks, words, lines = [], [], []
    for word, left, top, anchor in _ENDS:
        words.append(
            f'<text x="{left}" y="{top}" font-size="8" text-anchor="{anchor}" fill="{GREY}" '
            f'font-style="italic">{word}</text>'
        )
    for name, (valence, arousal) in COORDINATES.items():
        x, y = _place(valence, arousal)
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[name]}"/>')
        words.append(
            # Above the point, and clear of a face that lies on it.
            f'<text x="{x:.1f}" y="{y - 11:.1f}" font-size="10" '
            f'text-anchor="{_ANCHORS.get(name, "middle")}" '
            f'fill="{GREY}">{name}</text>'
        )
    for face in faces:
        point = affect_of(face)
        if point is None:
            continue
        x, y = _place(point.valence, point.arousal)
        marks.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="{emotion_colour(face)}" '
            f'stroke="#fff" stroke-width="2.5"/>'
        )
        called = (names or {}).get(face.face_id, f"face {face.face_id}")
        lines.append(f"{called}: {point.describe()}")
    if not lines:
        return ""
    middle = _SIZE / 2
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" '
        f'font-family="sans-serif"><circle cx="{middle}" cy="{middle}" r="{_RADIUS}" '
        f'fill="{GREY}" fill-opacity=".1" stroke="{GREY}" stroke-opacity=".5"/>'
        f'<path d="M{middle - _RADIUS} {middle}h{2 * _RADIUS}M{middle} {middle - _RADIUS}'
        f'v{2 * _RADIUS}" stroke="{GREY}" stroke-opacity=".4"/>{"".join(marks + words)}</svg>'
    )
    # Inline SVG does not survive the page's sanitiser; an image does.
    data = base64.b64encode(svg.encode()).decode()
    text = escape("; ".join(lines))
    return (
        f'<div style="max-width:260px"><img style="width:100%;display:block" '
        f'src="data:image/svg+xml;base64,{data}" alt="Circumplex of affect. {text}">'
        f'<div style="font-size:.82rem;opacity:.8">'
        f"{'<br>'.join(escape(line) for line in lines)}</div></div>"
    )
