"""Pictures and a clip in the public domain, to try the pages with; ``SOURCES.txt`` says whose."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

_FOLDER = Path(__file__).parent

HOME = _FOLDER / "home.jpg"
"""Both portraits with what the shipped model reads in them."""
PICTURES = (_FOLDER / "collins.jpg", _FOLDER / "hopper.jpg")
CLIP = _FOLDER / "clip.mp4"

# In the session while a page is to show them.
SHOW_PICTURES = "sample_pictures"
READ_CLIP = "sample_clip"


def pictures_button(key: str, width: Literal["content", "stretch"] = "content") -> bool:
    """Whether the sample pictures were asked for."""
    label, icon = "Try with sample pictures", ":material/photo_library:"
    return st.button(label, key=key, icon=icon, width=width)


def clip_button(key: str, width: Literal["content", "stretch"] = "content") -> bool:
    """Whether the sample clip was asked for."""
    return st.button("Try a sample clip", key=key, icon=":material/movie:", width=width)
