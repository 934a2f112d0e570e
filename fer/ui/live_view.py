"""The live panel as plain HTML and SVG.

A Plotly chart rebuilt twice a second costs the server and the browser more than the stream
itself; this is a few kilobytes of text that follow the page's colours.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from fer.labels import COLOURS, UNSURE, UNSURE_COLOUR
from fer.results import FaceEmotion, FrameResult

STYLE = """
<style>
.fer-card {border:1px solid color-mix(in srgb, currentColor 16%, transparent); border-radius:.6rem;
  padding:.65rem .8rem .75rem; margin-bottom:.6rem;}
.fer-head {display:flex; align-items:baseline; gap:.5rem; margin-bottom:.35rem;}
.fer-head b {font-size:1.12rem;} .fer-head i {font-style:normal; margin-left:auto; opacity:.65;
  font-variant-numeric:tabular-nums;}
.fer-row {display:grid; grid-template-columns:5.2rem 1fr 2.9rem; align-items:center; gap:.5rem;
  font-size:.86rem; line-height:1.45;}
.fer-row div {height:.55rem; border-radius:.3rem; overflow:hidden;
  background:color-mix(in srgb, currentColor 10%, transparent);}
.fer-row div span {display:block; height:100%; border-radius:.3rem; transition:width .3s;}
.fer-row em {font-style:normal; text-align:right; font-variant-numeric:tabular-nums; opacity:.8;}
.fer-line {width:100%; height:92px; display:block; margin-top:.5rem;}
.fer-empty {border:1px dashed color-mix(in srgb, currentColor 25%, transparent);
  border-radius:.6rem; padding:1.4rem 1rem; text-align:center; opacity:.75;}
.fer-axis {display:flex; justify-content:space-between; font-size:.75rem; opacity:.6;}
</style>
"""

_WIDTH, _HEIGHT = 600, 110


def emotion_name(face: FaceEmotion) -> str:
    """The label, or "unsure" when the model abstains."""
    return face.emotion or UNSURE


def emotion_colour(face: FaceEmotion) -> str:
    """The emotion's colour as ``#RRGGBB``."""
    return COLOURS[face.emotion] if face.emotion else UNSURE_COLOUR


def probability_bars(probabilities: Mapping[str, float]) -> str:
    """Horizontal bars, one per label, in a fixed order so that they do not jump."""
    rows = []
    for label, share in probabilities.items():
        rows.append(
            f'<div class="fer-row"><span>{escape(label)}</span>'
            f'<div><span style="width:{share:.1%};background:{COLOURS[label]}"></span></div>'
            f"<em>{share:.0%}</em></div>"
        )
    return "".join(rows)


def face_card(face: FaceEmotion, title: str, extra: str = "") -> str:
    """A card with the label, the confidence and the probabilities of a face."""
    colour = emotion_colour(face)
    box = face.box
    return (
        f'<div class="fer-card" data-box="{box.x},{box.y},{box.width},{box.height}" '
        f'style="border-left:4px solid {colour}"><div class="fer-head">'
        f"<b>{escape(emotion_name(face))}</b><span>{face.confidence:.0%}</span>"
        f"<i>{escape(title)}</i></div>{probability_bars(face.probabilities)}{extra}</div>"
    )


def time_line(history: Sequence[FrameResult], face_id: int, span_s: float = 30.0) -> str:
    """An SVG of a face's probabilities over the last seconds, one line per label."""
    if not history:
        return ""
    end = history[-1].timestamp_s
    points: dict[str, list[str]] = {}
    for frame in history:
        age = end - frame.timestamp_s
        if age > span_s:
            continue
        x = _WIDTH * (1 - age / span_s)
        for face in frame.faces:
            if face.face_id == face_id:
                for label, share in face.probabilities.items():
                    y = 4 + (_HEIGHT - 8) * (1 - share)
                    points.setdefault(label, []).append(f"{x:.0f},{y:.1f}")
    lines = "".join(
        f'<polyline fill="none" stroke="{COLOURS[label]}" stroke-width="2.5" '
        f'stroke-linejoin="round" vector-effect="non-scaling-stroke" points="{" ".join(xy)}"/>'
        for label, xy in points.items()
    )
    grid = "".join(
        f'<line x1="0" x2="{_WIDTH}" y1="{y}" y2="{y}" stroke="#8A94A0" '
        'stroke-opacity=".35" vector-effect="non-scaling-stroke"/>'
        for y in (4, _HEIGHT // 2, _HEIGHT - 4)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'preserveAspectRatio="none">{grid}{lines}</svg>'
    )
    # Inline SVG does not survive the page's sanitiser; an image does.
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<img class="fer-line" src="data:image/svg+xml;base64,{data}" '
        f'alt="Probabilities of face {face_id} over the last {span_s:.0f} seconds">'
        f'<div class="fer-axis"><span>{span_s:.0f} s ago</span>'
        "<span>probability, 0 to 1</span><span>now</span></div>"
    )


def placeholder(text: str) -> str:
    """A quiet box that keeps the place of what will appear."""
    return f'<div class="fer-empty">{escape(text)}</div>'
