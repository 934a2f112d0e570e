"""Buttons that hand out a table in every format, made only when one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from fer.ui.text import plain

TABLE_FORMATS: dict[str, tuple[str, str]] = {
    ".csv": ("CSV", "text/csv"),
    ".json": ("JSON", "application/json"),
    ".jsonl": ("JSON Lines", "application/x-ndjson"),
    ".parquet": ("Parquet", "application/vnd.apache.parquet"),
}
"""Suffix -> what it is called, and its media type."""


def table_buttons(make: Callable[[str], bytes], stem: str, *, key: str) -> None:
    """A button for each format.

    Args:
        make: Suffix -> the file.
        stem: File name without suffix.
        key: Beginning of the keys; unique on the page.
    """
    for suffix, (label, mime) in TABLE_FORMATS.items():
        st.download_button(
            plain(label),
            partial(make, suffix),
            f"{stem}{suffix}",
            mime,
            icon=":material/download:",
            key=f"{key}{suffix}",
            on_click="ignore",
        )
