"""The live panel as plain HTML and SVG.

A Plotly chart rebuilt twice a second costs the server and the browser more than the stream
itself; this is a few kilobytes of text that follow the page's colours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from fer.captions import bright
from fer.export import strips
from fer.export.strips import paint as paint
from fer.labels import COLOURS, UNSURE, UNSURE_COLOUR
from fer.overlay import identity_colour
from fer.results import FaceEmotion
from fer.tracking.summary import FaceSummary

STYLE = (
    f"<style>{strips.STYLE}"
    + """
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
.fer-chip {display:inline-block; min-width:1.35em; padding:0 .35em; margin-right:.45em;
  border-radius:.3rem; font-weight:650; font-size:.92em; text-align:center; line-height:1.5;
  border:1px solid color-mix(in srgb, currentColor 25%, transparent);}
.fer-sum {display:grid; grid-template-columns:6.2rem 1fr 5.4rem; align-items:center;
  gap:.1rem .7rem; font-size:.88rem; margin:.45rem 0 .6rem;}
.fer-sum em {font-style:normal; text-align:right; font-variant-numeric:tabular-nums; opacity:.75;}
.fer-sum small {grid-column:2 / 4; opacity:.72;}
.fer-figures {display:flex; flex-wrap:wrap; gap:.6rem 2rem;}
.fer-figures small {display:block; opacity:.7;} .fer-figures b {font-size:1.15rem;
  font-weight:550; font-variant-numeric:tabular-nums;}
.fer-empty {border:1px dashed color-mix(in srgb, currentColor 25%, transparent);
  border-radius:.6rem; padding:1.4rem 1rem; text-align:center; opacity:.75;}
.fer-own {margin-top:.45rem; font-size:.86rem;}
</style>
"""
)

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
/* On a narrow screen the signs of the buttons say enough; names stay for whoever hears them. */
@media (max-width: 800px) {
  .st-key-live_controls button:has([data-testid="stIconMaterial"]) p {font-size:0;}
  .st-key-live_controls .st-key-rec_done button p {font-size:1rem;}
}
/* Recordings that are ready take a row of their own. */
.st-key-rec_done {flex-basis:100%; order:1;}
/* A face that comes or goes must not move what is below: the place of the cards keeps its height,
   and what does not fit is scrolled to, downwards here and sidewards on a phone. */
.st-key-live_cards {min-height:19rem; max-height:calc(max(15rem, var(--stage)) + 3.6rem);
  overflow-y:auto;}
.st-key-live_cards .fer-card:nth-last-child(n+3), .fer-card:nth-last-child(n+3) ~ .fer-card
  {padding:.4rem .8rem .45rem;}
@media (min-width: 801px) {
  .st-key-live_cards .fer-cards:has(.fer-card:nth-child(5)) {display:grid; gap:.5rem;
    grid-template-columns:1fr 1fr;}
  .fer-cards:has(.fer-card:nth-child(5)) .fer-row {grid-template-columns:4.4rem 1fr 2.2rem;
    gap:.3rem; font-size:.78rem;}
}
@media (max-width: 800px) {
  .st-key-live_grid {display:flex; --stage:min(calc((100vw - 2rem) * .75 + 3.6rem),
    calc(100svh - 17rem));}
  .st-key-live_grid > div:has(> .st-key-live_cards) {order:1;}
  .st-key-live_cards {overflow:auto hidden; scroll-snap-type:x proximity; max-height:none;
    min-height:14rem;}
  .st-key-live_cards .fer-cards {display:flex; gap:.6rem;}
  .st-key-live_cards .fer-card {flex:0 0 88%; scroll-snap-align:start;}
  .st-key-live_cards .fer-card:only-child {flex-basis:100%;}
}
</style>
"""


def emotion_name(face: FaceEmotion) -> str:
    """The label, or "unsure" when the model abstains."""
    return face.emotion or UNSURE


def emotion_colour(face: FaceEmotion) -> str:
    """The emotion's colour as ``#RRGGBB``."""
    return COLOURS[face.emotion] if face.emotion else UNSURE_COLOUR


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
    return "".join(
        bar(label, share, COLOURS[label], f"{share:.0%}") for label, share in probabilities.items()
    )


def bar(name: str, share: float, colour: str, said: str) -> str:
    """A name, a horizontal bar of a length of 0 to 1, and a figure."""
    return (
        f'<div class="fer-row"><span>{escape(name)}</span>'
        f'<div><span style="width:{share:.1%};background:{colour}"></span></div>'
        f"<em>{said}</em></div>"
    )


def face_card(
    face: FaceEmotion, title: str, extra: str = "", *, chip: str = "", most: int | None = None
) -> str:
    """A card of a face: ``extra`` is HTML below, ``chip`` its plate, ``most`` limits the bars."""
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


def summary_table(summary: Sequence[FaceSummary], max_faces: int = 6) -> str:
    """Share of time per emotion: all faces together, then each."""
    rows = []
    for face in summary[: max_faces + 1]:
        shares = face.shares()
        chip = identity_chip(face.face_id) if face.face_id else ""
        name = f"face {face.face_id}" if face.face_id else "all faces"
        top = ", ".join(f"{escape(label)} {share:.0%}" for label, share in list(shares.items())[:3])
        rows.append(
            f'<div class="fer-sum"><span>{chip}{name}</span>{strips.share_bar(shares)}'
            f"<em>{duration(face.total_s)}</em><small>{top}</small></div>"
        )
    legend = strips.legend(label for face in summary for label in face.seconds)
    more = len(summary) - 1 - max_faces
    note = f"<small>and {more} more faces, in the sum above</small>" if more > 0 else ""
    return f"{legend}{''.join(rows)}{note}"


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
