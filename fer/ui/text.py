"""What a page says: its own words as Markdown, and whatever was handed in as text.

Names of files, classes and columns, notes and errors may hold Markdown, HTML or addresses. They
come onto a page through these functions alone (``tests/ui/test_text.py`` checks every call).
"""

from __future__ import annotations

import re
from numbers import Number
from typing import Any

import streamlit as st

# Between word characters an underscore is one; a colon speaks only before a word or a bracket.
_SPEAKS = re.compile(r"[\\`*{}\[\]<>~|$]|(?<![^\W_])_|_(?![^\W_])|:(?=[\w+\-\[])|&(?=#?\w+;)")
# Headings, lists and rules are such only at the beginning.
_BEGINS = re.compile(r"^(?:([#+=-])|(\d+)([.)]))")
# Browsers do not see it, and what it stands in is no address any more.
_JOINER = "\N{WORD JOINER}"
_FAULT = re.compile(r"(?:(.+?): )?expected (.+?),? (?:got|found)(?::)? (.+?)(?:; (.+))?")
_ADDRESS = re.compile(r"(?i)(https?:|ftp:)(?=//)|\b(www)(?=\.)|(\w@)(?=\w)")


def plain(handed_in: object) -> str:
    """A name or note as Markdown that shows it: nothing in it is markup, an icon or a link."""
    shown = " ".join(str(handed_in).encode("utf-8", "backslashreplace").decode().split())
    shown = _SPEAKS.sub(r"\\\g<0>", shown)
    shown = _BEGINS.sub(lambda found: f"{found[2] or ''}\\{found[1] or found[3]}", shown)
    return _ADDRESS.sub(rf"\g<0>{_JOINER}", shown)


def text(template: str, /, **values: object) -> str:
    """The page's own Markdown with ``{name}`` replaced by what was handed in, as text.

    Args:
        template: A constant of the source.
        values: Strings are shown as they are; numbers take a format, as in ``{n:,}``.
    """
    return template.format(
        **{
            name: value if isinstance(value, Number) else plain(value)
            for name, value in values.items()
        }
    )


def say(template: str, /, **values: object) -> None:
    """A paragraph; see ``text``."""
    st.markdown(text(template, **values))


def caption(template: str, /, **values: object) -> None:
    """Small print; see ``text``."""
    st.caption(text(template, **values))


def in_words(error: object) -> str:
    """An error of ``fer.errors`` as a page says it: what is needed, what is there, what to do."""
    words = " ".join(str(error).split())
    if (parts := _FAULT.fullmatch(words)) is None:
        return words
    what, needed, there, remedy = parts.groups()
    said = [f"{what}: this needs {needed}" if what else f"Needed: {needed}", f"Found: {there}"]
    if remedy:
        said.append(remedy[0].upper() + remedy[1:])
    return " ".join(sentence if sentence[-1] in ".!?" else f"{sentence}." for sentence in said)


def fault(error: object, **options: Any) -> None:
    """An error as sentences on the page."""
    st.error(plain(in_words(error)), icon=":material/error:", **options)
