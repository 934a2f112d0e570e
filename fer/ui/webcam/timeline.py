"""The whole session on one time line: a lane a person, events, zoom; and what to do with it."""

from __future__ import annotations

from html import escape

import streamlit as st

from fer.export import strips
from fer.live.record import SessionRecord
from fer.live.session import LiveSession
from fer.ui import live_view
from fer.ui.presses import pressed
from fer.ui.webcam.controls import kept_choice

# Points of all lanes together: what the server draws every two seconds.
_POINTS = 600
_MOST_LANES = 8
# Who comes back is somebody new until a second look: so short a stay has no lane of its own.
_MOMENT_S = 0.7
_ALL = "All"
_SPANS = {"10 s": 10.0, "1 min": 60.0, "10 min": 600.0, _ALL: float("inf")}

_STYLE = """
<style>
.fer-lanes {display:grid; grid-template-columns:6.4rem minmax(0, 1fr); gap:.15rem .8rem;
  align-items:center; font-size:.88rem; margin-bottom:.2rem;}
.fer-lanes > small {grid-column:2; opacity:.75; margin-bottom:.35rem;}
.fer-lanes > .fer-axis, .fer-lanes > .fer-share, .fer-lanes > .fer-legend {grid-column:2;}
.fer-lanes > b {font-weight:550; white-space:nowrap;}
@media (max-width: 640px) {
  .fer-lanes {grid-template-columns:minmax(0, 1fr);} .fer-lanes > * {grid-column:1 !important;}
}
</style>
"""


def _window(record: SessionRecord, playing: bool) -> tuple[float, float]:
    """What is shown: the last so many seconds, or, when nothing comes any more, any of them."""
    end = max(record.end_s, 1.0)
    # As the slider's end says it, which has to be beyond its start.
    last_s = round(end, 1)
    fitting = {name: name for name, span in _SPANS.items() if name == _ALL or span < last_s}
    if len(fitting) == 1:
        return 0.0, end
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = kept_choice("Zoom", fitting, "webcam_span", _ALL, label_visibility="collapsed")
        span = _SPANS[chosen]
        if chosen == _ALL or playing:
            return max(0.0, end - span), end
        last = st.slider("Until second", span, last_s, last_s, key=f"webcam_until_{chosen}")
        return last - span, last


def _lanes(record: SessionRecord, window: tuple[float, float]) -> str:
    """The session as HTML."""
    together, *faces = record.summary()
    ids = {face.face_id: face for face in faces}
    stayed = {who for who, face in ids.items() if face.total_s >= _MOMENT_S}
    number = len(record.lanes(*window, 2)[1])
    shown = min(len(stayed), _MOST_LANES)
    events = sorted(record.events, key=lambda event: event.time_s)
    parts = [
        strips.legend(together.seconds),
        "<b>together</b>",
        strips.share_bar(together.shares()),
        f"<small>{_said(together.shares())}</small>",
        strips.event_names(events, window),
    ]
    labels, lanes = record.lanes(*window, _POINTS // max(1, shown))
    lanes = [lane for lane in lanes if lane[0] in stayed][:_MOST_LANES]
    for who, times, rows in lanes:
        parts.append(f"<b>{live_view.identity_chip(who)}face {who}</b>")
        parts.append(
            strips.lane(
                times,
                rows,
                labels,
                window,
                alt=f"What was read from face {who} over the session, stacked",
                events=events,
                height_px=48 if shown < 4 else 32,
            )
        )
        seen = live_view.duration(ids[who].total_s)
        parts.append(f"<small>{_said(ids[who].shares())}; seen for {seen}</small>")
    parts.append(strips.time_axis(window))
    more = number - len(lanes)
    if more > 0:
        others = "1 more face" if more == 1 else f"{more} more faces"
        parts.append(f"<small>and {others}, in the table and the report</small>")
    return f'<div class="fer-lanes">{"".join(parts)}</div>'


def _said(shares: dict[str, float]) -> str:
    return ", ".join(f"{escape(label)} {share:.0%}" for label, share in list(shares.items())[:3])


def session_line(session: LiveSession, playing: bool) -> None:
    """Draw it; cheap enough for every two seconds."""
    record = session.record
    st.subheader("This session")
    if not record.summary():
        st.caption("What is read from each face appears here over time, once one was seen.")
        return
    window = _window(record, playing)
    st.html(live_view.STYLE + _STYLE + _lanes(record, window))


def clear_button(session: LiveSession) -> None:
    """Begin anew, asked twice."""
    with st.popover("Clear", icon=":material/delete:"):
        st.caption("Takes the time line, the table and the events of this session away.")
        if pressed("Clear this session", "session_clear", type="primary"):
            session.clear()
            for key in ("log_file", "event_version"):
                st.session_state.pop(key, None)
            st.rerun()
