"""Presses of buttons on a page whose parts refresh themselves: each counts, and counts once."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession

_NOTE = "_pressed"
_PAGE = "page_shown"
_PRESSES = {"trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value"}


def pressed(label: str, key: str, *, disabled: bool = False, **options: Any) -> bool:
    """A button among parts of a page that refresh themselves; true once for every press.

    A run of the page that is cut short by another forgets its presses; what a callback took down
    at the start of the run is still there in the next. Where the button comes and goes, say
    ``unpressed`` while it is away: the second press of two may be told when it is gone already.
    """
    note = key + _NOTE

    def take_down() -> None:
        st.session_state[note] = True

    st.button(label, key=key, on_click=take_down, disabled=disabled, **options)
    return bool(st.session_state.pop(note, False)) and not disabled


def unpressed(*keys: str) -> None:
    """Forget the presses of buttons that are not on the page."""
    for key in keys:
        st.session_state.pop(key + _NOTE, None)


def entered(page: str) -> None:
    """Forget those of another page, which was left before it could act on them."""
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        unpressed(*(str(key).removesuffix(_NOTE) for key in st.session_state if _NOTE in str(key)))


def leave_out_presses(message: BackMsg) -> None:
    """Take the presses out of what a part of the page says that refreshes itself.

    A browser tells of a press a moment after it. A part whose time to refresh comes in that moment,
    which is likely on a busy machine, tells of the same press, so that it would count twice.

    Args:
        message: From the browser; changed in place.
    """
    if message.WhichOneof("type") != "rerun_script" or not message.rerun_script.is_auto_rerun:
        return
    widgets = message.rerun_script.widget_states.widgets
    kept = [one for one in widgets if one.WhichOneof("value") not in _PRESSES]
    if len(kept) < len(widgets):
        del widgets[:]
        widgets.extend(kept)


def press_once() -> None:
    """Make every session of this server leave them out; to be called once.

    Written for Streamlit 1.67, whose way of taking a message it wraps.
    """
    handle = AppSession.handle_backmsg

    def handle_once(session: AppSession, msg: BackMsg) -> None:
        leave_out_presses(msg)
        handle(session, msg)

    AppSession.handle_backmsg = handle_once  # type: ignore[method-assign, assignment]
