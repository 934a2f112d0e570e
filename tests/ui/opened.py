"""The dashboard as scripts, without a browser."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

ENTRY = Path(__file__).parents[2] / "streamlit_app.py"


def open_page(name: str = ENTRY.name) -> AppTest:
    """A page of the app, run once; pages link to each other, so it is opened from the entry."""
    at = AppTest.from_file(str(ENTRY), default_timeout=120).run()
    return at if name == ENTRY.name else at.switch_page(name).run()


def html_of(at: AppTest) -> str:
    """What a page shows as HTML of its own."""
    return " ".join(block.proto.body for block in at.get("html"))


def choose(at: AppTest, **values: object) -> AppTest:
    """Set widgets by their keys, and run once."""
    for key, value in values.items():
        at.session_state[key] = value
    at.run()
    assert not at.exception and not at.error
    return at


def open_tables(at: AppTest) -> AppTest:
    """Open what is behind "Table" on a page, and run once."""
    for one in at.expander:
        key = one.proto.id.split("-", 2)[-1]
        if key.endswith("_table"):
            at.session_state[key] = True
    return at.run()
