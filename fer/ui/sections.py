"""How a page is divided: sections of which one is drawn, and long lists in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from fer.ui.shell import errors_shown


def sections(drawn: Mapping[str, Callable[[], object]], key: str, label: str) -> None:
    """Draw the section that is chosen, at first the first one; the others cost nothing."""
    with errors_shown():
        drawn[one_of(label, list(drawn), key, hidden=True, persist_state="session")]()


def one_of(
    label: str,
    options: Sequence[str],
    key: str,
    *,
    default: str | None = None,
    place: Any = st,
    hidden: bool = False,
    **more: Any,
) -> str:
    """One of a few names, at first ``default`` or the first; of a single one no choice.

    Hidden, the label is said to those alone who cannot see the names.
    """
    if len(options) == 1:
        return options[0]
    chosen: str = place.segmented_control(
        label,
        options,
        default=default or options[0],
        required=True,
        key=key,
        label_visibility="collapsed" if hidden else "visible",
        **more,
    )
    return chosen


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
