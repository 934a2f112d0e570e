"""Presses of buttons on a page whose parts refresh themselves: each counts, and counts once."""

from __future__ import annotations

from typing import Any

import streamlit as st

_NOTE = "_pressed"
_PAGE = "page_shown"


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
