"""Event markers of the webcam page: buttons, the keys 1 to 9, and the list to edit."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from fer.export.events import Event, events_csv
from fer.export.strips import clock
from fer.live.session import LiveSession
from fer.ui.downloads import download
from fer.ui.text import text

STIMULUS = "stimulus"
_MARK = "mark"
_SAID = "event_said"
# A press that is told later than this is not believed: the browser's clock was set.
_OLDEST_S = 10.0

# Says when a key was pressed, in the server's seconds: what took the least time on its way tells
# the difference of the clocks best. After START the focus is in the frame of the stream.
_SCRIPT = """
const FRAME = 'iframe[src*="streamlit_webrtc"]';
const BUSY = "input, textarea, select, [contenteditable], [role=slider], [role=grid], " +
  "[role=combobox], [data-testid=stDataFrame]";

class Keys {
  constructor() {
    this.late = Infinity;
    this.pages = new Set();
    this.timer = setInterval(() => this.listen(), 1000);
    this.listen();
  }

  // The frame of the stream comes and goes.
  listen() {
    const frames = [...document.querySelectorAll(FRAME)].map((frame) => frame.contentDocument);
    for (const page of [document, ...frames]) {
      if (!page || this.pages.has(page)) continue;
      this.pages.add(page);
      page.addEventListener("keydown", this.press);
    }
  }

  press = (event) => {
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    if (!digit || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.(BUSY)) return;
    event.preventDefault();
    this.tell("mark", {
      key: digit[1], span: event.shiftKey, at_s: Date.now() / 1000 - this.late,
    });
  };

  stop() {
    clearInterval(this.timer);
    for (const page of this.pages) page.removeEventListener("keydown", this.press);
  }
}

export default function (component) {
  const own = component.parentElement;
  // The page is drawn again with the server's time while somebody presses keys.
  const keys = (own.keys ??= new Keys());
  keys.tell = component.setTriggerValue;
  keys.late = Math.min(keys.late, Date.now() / 1000 - component.data.now_s);
  return () => {
    keys.stop();
    delete own.keys;
  };
}
"""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("fer_event_keys", js=_SCRIPT, html="<span></span>")


def _mark(session: LiveSession, label: str, span: bool, at_s: float | None = None) -> None:
    """Note it; called as soon as a press is known, which no run of the page can cut short."""
    going = session.record.going_on(label)
    if session.record.mark(label, session.clock() if at_s is None else at_s, span=span):
        what = ("End of" if going else "Start of") if span else "Marked"
        st.session_state[_SAID] = what, label


def _say() -> None:
    """Say what was marked; a callback of a part of the page may not."""
    if (said := st.session_state.pop(_SAID, None)) is not None:
        what, label = said
        st.toast(text("{what} {name}", what=what, name=label), icon=":material/flag:")


def event_keys(session: LiveSession) -> None:
    """Listen to the keys: 1 to 9 mark a moment, with Shift the start and the end of a span.

    Call it in a part that repeats itself: every run tells the browser the time.
    """

    def take() -> None:
        mark = st.session_state["event_keys"].get("mark") or {}
        now = session.clock()
        told = mark.get("at_s")
        at_s = min(now, max(now - _OLDEST_S, told if isinstance(told, float) else now))
        if (key := str(mark.get("key", ""))) in "123456789" and key:
            _mark(session, key, bool(mark.get("span")), at_s)

    _component()(key="event_keys", data={"now_s": session.clock()}, on_mark_change=take, height=1)
    _say()


def event_buttons(session: LiveSession, playing: bool) -> None:
    """Two buttons of the bar at the picture."""
    with st.container(horizontal=True, width="content"):
        _buttons(session, playing)
    _say()


def _buttons(session: LiveSession, playing: bool) -> None:
    st.button(
        "Mark",
        key="event_mark",
        icon=":material/flag:",
        disabled=not playing,
        on_click=_mark,
        args=(session, _MARK, False),
        help="Notes that something happens now. The keys 1 to 9 do the same, each with its number; "
        "with Shift they note the start and, once more, the end of something longer.",
    )
    going = session.record.going_on(STIMULUS)
    st.button(
        "End stimulus" if going else "Start stimulus",
        key="event_span",
        icon=":material/stop:" if going else ":material/start:",
        disabled=not playing,
        on_click=_mark,
        args=(session, STIMULUS, True),
        help="Notes when what you show begins, and when it ends.",
    )


def event_list(session: LiveSession) -> None:
    """The events so far: to name, to comment, to take out."""
    events = session.record.events
    if not events:
        return
    with st.expander(f"Events ({len(events):,})", icon=":material/flag:"):
        version = st.session_state.setdefault("event_version", 0)
        key = f"event_table_{version}_{len(events)}"
        table = pd.DataFrame(
            {
                "At": [clock(one.time_s) for one in events],
                "Event": [one.label for one in events],
                "Until": ["" if one.end_s is None else clock(one.end_s) for one in events],
                "Note": [one.note for one in events],
            }
        )
        st.data_editor(
            table,
            key=key,
            num_rows="delete",
            disabled=["At", "Until"],
            hide_index=True,
            width="stretch",
            on_change=_edit,
            args=(session, key, events),
        )
        download("Events as CSV", events_csv(events), "webcam-events.csv", key="event_csv")


def _edit(session: LiveSession, key: str, before: tuple[Event, ...]) -> None:
    """Take what was changed in the list over."""
    changes = st.session_state[key]
    words = {
        number: (
            str(row.get("Event", one.label) or one.label)[:200],
            str(row.get("Note", one.note) or "")[:200],
        )
        for number, one in enumerate(before)
        if (row := changes["edited_rows"].get(number)) is not None
    }
    session.record.edit(before, words, changes["deleted_rows"])
    st.session_state["event_version"] += 1
