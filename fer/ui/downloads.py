"""Buttons that hand out a file, as whose suffix says; a table in every format."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from fer.ui.text import plain

TABLE_FORMATS = {".csv": "CSV", ".json": "JSON", ".jsonl": "JSON Lines", ".parquet": "Parquet"}
"""Suffix -> what it is called."""

_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html",
    ".png": "image/png",
    ".webm": "video/webm",
}


def download(
    label: str,
    content: str | bytes | Callable[[], bytes],
    name: str,
    *,
    key: str,
    icon: str | None = None,
) -> None:
    """A button that hands out a file, or makes it when pressed, without running the page again."""
    st.download_button(
        label,
        content,
        name,
        _TYPES[Path(name).suffix],
        icon=icon or ":material/download:",
        key=key,
        on_click="ignore",
    )


def table_buttons(make: Callable[[str], bytes], stem: str, *, key: str) -> None:
    """A button for each format; ``make`` takes its suffix."""
    for suffix, label in TABLE_FORMATS.items():
        download(plain(label), partial(make, suffix), f"{stem}{suffix}", key=f"{key}{suffix}")
