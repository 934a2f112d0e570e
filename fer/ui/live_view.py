"""The live panel as plain HTML and SVG.

A Plotly chart rebuilt twice a second costs the server and the browser more than the stream
itself; this is a few kilobytes of text that follow the page's colours.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from fer.labels import COLOURS, UNSURE, UNSURE_COLOUR, in_order
from fer.overlay import bright, identity_colour
from fer.results import FaceEmotion, FrameResult
from fer.tracking.summary import FaceSummary

STYLE = """
<style>
.fer-card {border:1px solid color-mix(in srgb, currentColor 16%, transparent); border-radius:.6rem;
  padding:.65rem .8rem .75rem; margin-bottom:.6rem;}
.fer-head {display:flex; align-items:baseline; gap:.5rem; margin-bottom:.35rem;}
.fer-head b {font-size:1.12rem;} .fer-head i {font-style:normal; margin-left:auto;
  font-variant-numeric:tabular-nums;} .fer-head i > u {text-decoration:none; opacity:.65;}
.fer-held {opacity:.45;}
.fer-row {display:grid; grid-template-columns:5.2rem 1fr 2.9rem; align-items:center; gap:.5rem;
  font-size:.86rem; line-height:1.45;}
.fer-row div {height:.55rem; border-radius:.3rem; overflow:hidden;
  background:color-mix(in srgb, currentColor 10%, transparent);}
.fer-row div span {display:block; height:100%; border-radius:.3rem; transition:width .3s;}
.fer-row em {font-style:normal; text-align:right; font-variant-numeric:tabular-nums; opacity:.8;}
.fer-line {width:100%; height:64px; display:block; margin-top:.6rem; border-radius:.3rem;}
.fer-chip {display:inline-block; min-width:1.35em; padding:0 .35em; margin-right:.45em;
  border-radius:.3rem; font-weight:650; font-size:.92em; text-align:center; line-height:1.5;
  border:1px solid color-mix(in srgb, currentColor 25%, transparent);}
.fer-sum {display:grid; grid-template-columns:6.2rem 1fr 5.4rem; align-items:center;
  gap:.1rem .7rem; font-size:.88rem; margin:.45rem 0 .6rem;}
.fer-sum em {font-style:normal; text-align:right; font-variant-numeric:tabular-nums; opacity:.75;}
.fer-sum small {grid-column:2 / 4; opacity:.72;}
.fer-share {display:flex; gap:1px; height:.95rem; border-radius:.3rem; overflow:hidden;
  background:color-mix(in srgb, currentColor 10%, transparent);}
.fer-share span {display:block; height:100%;}
.fer-figures {display:flex; flex-wrap:wrap; gap:.6rem 2rem;}
.fer-figures small {display:block; opacity:.7;} .fer-figures b {font-size:1.15rem;
  font-weight:550; font-variant-numeric:tabular-nums;}
.fer-legend {display:flex; flex-wrap:wrap; gap:.15rem .9rem; font-size:.82rem; opacity:.85;}
.fer-legend i {display:inline-block; width:.7em; height:.7em; border-radius:.2em;
  margin-right:.35em;}
.fer-empty {border:1px dashed color-mix(in srgb, currentColor 25%, transparent);
  border-radius:.6rem; padding:1.4rem 1rem; text-align:center; opacity:.75;}
.fer-own {margin-top:.45rem; font-size:.86rem;}
.fer-axis {display:flex; justify-content:space-between; font-size:.75rem; opacity:.6;}
</style>
"""

LAYOUT_STYLE = """
<style>
/* Beside each other on a wide screen; on a phone the controls come between picture and cards. */
.st-key-live_grid {display:grid; grid-template-columns:minmax(0, 3fr) minmax(0, 2fr);
  grid-template-rows:auto 1fr; column-gap:2rem; row-gap:.6rem; align-items:start;
  /* A picture of 4:3 and the row of buttons below it; never higher than what a screen shows. */
  --stage:min(calc(min(100vw - 10rem, 63.75rem) * .45 + 2.4rem), calc(100svh - 17rem));}
.st-key-live_grid > div {width:100%; min-width:0;}
.st-key-live_grid > div:has(> .st-key-live_cards) {grid-column:2; grid-row:1 / 3;}
/* The place is kept before there is a picture: nothing below jumps when it comes. */
.st-key-live_video iframe[src*="streamlit_webrtc"] {height:max(15rem, var(--stage)) !important;}
.st-key-live_video {row-gap:0;}
.st-key-live_controls {row-gap:.4rem;}
.st-key-live_controls > div:not(.st-key-rec_done) {flex:none; width:auto;}
/* Recordings that are ready take a row of their own. */
.st-key-rec_done {flex-basis:100%; order:1;}
/* A face that comes or goes must not move what is below: the place of the cards keeps its height,
   and what does not fit is scrolled to, downwards here and sidewards on a phone. */
.st-key-live_cards {min-height:19rem; max-height:calc(max(15rem, var(--stage)) + 3.6rem);
  overflow-y:auto;}
.st-key-live_cards .fer-card:nth-last-child(n+3), .fer-card:nth-last-child(n+3) ~ .fer-card
  {padding:.4rem .8rem .45rem;}
.fer-card:nth-last-child(n+3) .fer-line, .fer-card:nth-last-child(n+3) ~ .fer-card .fer-line
  {height:32px; margin-top:.3rem;}
@media (max-width: 800px) {
  .st-key-live_grid {display:flex; --stage:min(calc((100vw - 2rem) * .75 + 3.6rem),
    calc(100svh - 17rem));}
  .st-key-live_grid > div:has(> .st-key-live_cards) {order:1;}
  .st-key-live_cards {overflow:auto hidden; scroll-snap-type:x proximity; max-height:none;}
  .st-key-live_cards .fer-cards {display:flex; gap:.6rem;}
  .st-key-live_cards .fer-card {flex:0 0 88%; scroll-snap-align:start;}
  .st-key-live_cards .fer-card:only-child {flex-basis:100%;}
}
</style>
"""

_WIDTH, _HEIGHT = 600, 110
# One value of the time line per step; a face that was away for longer leaves a gap.
_STEP_S = 0.4
_AWAY_S = 1.5


def emotion_name(face: FaceEmotion) -> str:
    """The label, or "unsure" when the model abstains."""
    return face.emotion or UNSURE


def emotion_colour(face: FaceEmotion) -> str:
    """The emotion's colour as ``#RRGGBB``."""
    return COLOURS[face.emotion] if face.emotion else UNSURE_COLOUR


def paint(label: str) -> str:
    """A CSS background for a label; "unsure" is hatched, or it would look like neutral."""
    if label != UNSURE:
        return COLOURS[label]
    return f"repeating-linear-gradient(45deg,{UNSURE_COLOUR} 0 3px,transparent 3px 6px)"


def card_head(face: FaceEmotion) -> str:
    """Label and confidence of a card; with "unsure", the label that it would have been."""
    share = f"{face.confidence:.0%}"
    said = share if face.emotion else f"{face.top_label} {share}?"
    return f"<b>{escape(emotion_name(face))}</b><span>{escape(said)}</span>"


def card_edge(face: FaceEmotion) -> str:
    """The left edge of a card as CSS; dashed where the model is unsure."""
    return f"border-left:4px {'solid' if face.emotion else 'dashed'} {emotion_colour(face)}"


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


def face_card(
    face: FaceEmotion, title: str, extra: str = "", *, chip: str = "", most: int | None = None
) -> str:
    """A card with the label, the confidence and the probabilities of a face.

    Args:
        face: What was read.
        title: Which face it is.
        extra: More HTML below.
        chip: The plate of its identity.
        most: Show only so many of the probabilities, the largest.
    """
    shares = face.probabilities
    if most is not None:
        shares = dict(sorted(shares.items(), key=lambda item: -item[1])[:most])
    box = face.box
    held = "" if face.measured else " fer-held"
    return (
        f'<div class="fer-card{held}" data-box="{box.x},{box.y},{box.width},{box.height}" '
        f'data-face="{face.face_id}" '
        f'style="{card_edge(face)}"><div class="fer-head">{card_head(face)}'
        f"<i>{chip}<u>{escape(title)}</u></i></div>{probability_bars(shares)}{extra}</div>"
    )


def neutral_line(own: FaceEmotion | None) -> str:
    """A line of a card: the face read from its own neutral; nothing where it cannot be."""
    if own is None:
        return ""
    return f'<div class="fer-own">compared with own neutral: <b>{escape(own.reading)}</b></div>'


def face_cards(cards: Sequence[str]) -> str:
    """Cards below each other; beside each other, to be scrolled, where they stand over controls."""
    return f'<div class="fer-cards">{"".join(cards)}</div>'


def _runs(
    history: Sequence[FrameResult], face_id: int, since_s: float
) -> list[list[tuple[float, Mapping[str, float]]]]:
    """A face's probabilities over time, one value a step, split where it was away."""
    runs: list[list[tuple[float, Mapping[str, float]]]] = []
    last_s = float("-inf")
    for frame in history:
        if frame.timestamp_s < since_s:
            continue
        for face in frame.measured:
            if face.face_id != face_id or frame.timestamp_s // _STEP_S == last_s // _STEP_S:
                continue
            away = frame.timestamp_s - last_s > _AWAY_S
            # Another label set has other bands: it starts a stack of its own.
            if away or (runs and runs[-1][0][1].keys() != face.probabilities.keys()):
                runs.append([])
            runs[-1].append((frame.timestamp_s, face.probabilities))
            last_s = frame.timestamp_s
    return runs


def time_line(history: Sequence[FrameResult], face_id: int, span_s: float = 30.0) -> str:
    """An SVG of a face's probabilities over the last seconds, stacked to 1, a band per label."""
    if not history:
        return ""
    end = history[-1].timestamp_s
    bands: list[str] = []
    for run in _runs(history, face_id, end - span_s):
        xs = [_WIDTH * (1 - (end - time_s) / span_s) for time_s, _ in run]
        # A single value is a sliver, not nothing; the newest one reaches to the right border.
        xs.append(min(_WIDTH, xs[-1] + _WIDTH * _STEP_S / span_s))
        rows = [*(row for _, row in run), run[-1][1]]
        heights = [0.0] * len(xs)
        stack = []
        for label in run[0][1]:
            heights = [height + row[label] for height, row in zip(heights, rows, strict=True)]
            edge = " ".join(
                f"{x:.0f},{_HEIGHT * (1 - min(h, 1.0)):.1f}"
                for x, h in zip(xs, heights, strict=True)
            )
            stack.append(
                f'<polygon fill="{COLOURS[label]}" '
                f'points="{xs[0]:.0f},{_HEIGHT} {edge} {xs[-1]:.0f},{_HEIGHT}"/>'
            )
        # The tallest at the back: each band then needs its upper edge only.
        bands.extend(reversed(stack))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'preserveAspectRatio="none"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="#7D8793" '
        f'fill-opacity=".12"/>{"".join(bands)}</svg>'
    )
    # Inline SVG does not survive the page's sanitiser; an image does.
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<img class="fer-line" src="data:image/svg+xml;base64,{data}" '
        f'alt="Probabilities of face {face_id} over the last {span_s:.0f} seconds, stacked">'
        f'<div class="fer-axis"><span>{span_s:.0f} s ago</span><span>now</span></div>'
    )


def share_bar(shares: Mapping[str, float]) -> str:
    """One bar divided by share, in the order of the legend."""
    parts = "".join(
        f'<span style="width:{shares[label]:.2%};background:{paint(label)}" '
        f'title="{escape(label)} {shares[label]:.0%}"></span>'
        for label in in_order(shares)
        if shares[label] > 0
    )
    return f'<div class="fer-share">{parts}</div>'


def summary_table(summary: Sequence[FaceSummary], max_faces: int = 6) -> str:
    """Share of time per emotion: all faces together, then each."""
    rows = []
    for face in summary[: max_faces + 1]:
        shares = face.shares()
        chip = identity_chip(face.face_id) if face.face_id else ""
        name = f"face {face.face_id}" if face.face_id else "all faces"
        top = ", ".join(f"{escape(label)} {share:.0%}" for label, share in list(shares.items())[:3])
        rows.append(
            f'<div class="fer-sum"><span>{chip}{name}</span>{share_bar(shares)}'
            f"<em>{duration(face.total_s)}</em><small>{top}</small></div>"
        )
    seen = {label for face in summary for label in face.seconds}
    legend = "".join(
        f'<span><i style="background:{paint(label)}"></i>{escape(label)}</span>'
        for label in in_order(seen)
    )
    more = len(summary) - 1 - max_faces
    note = f"<small>and {more} more faces, in the sum above</small>" if more > 0 else ""
    return f'<div class="fer-legend">{legend}</div>{"".join(rows)}{note}'


def identity_chip(face_id: int) -> str:
    """The small plate with a face's id, in the colour of its identity, as on the picture."""
    colour = identity_colour(face_id)
    ink = "#141414" if bright(colour) else "#FFFFFF"
    return f'<span class="fer-chip" style="background:{colour};color:{ink}">{face_id}</span>'


def duration(seconds: float) -> str:
    """``48 s`` or ``3 min 05 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def figures(values: Mapping[str, str]) -> str:
    """Small figures side by side, with their names over them."""
    cells = "".join(
        f"<div><small>{escape(name)}</small><b>{escape(value)}</b></div>"
        for name, value in values.items()
    )
    return f'<div class="fer-figures">{cells}</div>'


def placeholder(text: str) -> str:
    """A quiet box that keeps the place of what will appear."""
    return f'<div class="fer-empty">{escape(text)}</div>'
