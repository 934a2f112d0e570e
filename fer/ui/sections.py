"""How a page is divided: sections of which one is drawn, and long lists in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from fer.ui.shell import errors_shown


def sections(drawn: Mapping[str, Callable[[], object]], key: str, label: str) -> None:
    """Draw the section that is chosen; the others cost nothing.

    Args:
        drawn: Name -> what draws it; the first is open.
        key: Of the choice, which lasts as long as the session.
        label: What is chosen, for those who cannot see it.
    """
    names = list(drawn)
    chosen = names[0]
    if len(names) > 1:
        chosen = st.segmented_control(
            label,
            names,
            default=names[0],
            required=True,
            key=key,
            label_visibility="collapsed",
            persist_state="session",
        )
    with errors_shown():
        drawn[chosen]()


def places(count: int, each: int, key: str) -> slice:
    """Which of many things are on the page that is open, with the choice of another."""
    pages = max(1, -(-count // each))
    if pages == 1:
        return slice(0, count)
    # A filter may leave fewer pages than the one that was open.
    if st.session_state.get(key, 1) > pages:
        st.session_state[key] = pages
    number = st.pagination(pages, key=key)
    first, last = (number - 1) * each, min(count, number * each)
    st.caption(f"{first + 1:,} to {last:,} of {count:,}")
    return slice(first, last)
