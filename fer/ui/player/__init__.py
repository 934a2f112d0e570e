"""A video with a line of emotions per person below it: play, seek, jump to peaks.

Streamlit's own player says nothing of where it is, and cannot be told. This one is a component of
plain HTML, CSS and JavaScript beside this module. Streamlit serves the video, in parts as a
browser asks for them; no other host is asked.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st
from streamlit import runtime

from fer.captions import bright
from fer.export.events import Event
from fer.labels import COLOURS, UNSURE_COLOUR
from fer.overlay import identity_colour
from fer.video.peaks import Peak

_FOLDER = Path(__file__).parent
_FULL, _AWAY = 200, 255
"""A probability of 1, and what stands where nobody was found, in a byte."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The line of one person.

    Attributes:
        ids: The identities that are this person; their chips stand before the name.
        name: As it is shown.
        says: The line in words, for those who do not see it.
        first: Step of the first row.
        rows: ``(n, k)`` probabilities, a row a step; NaN where the person was away.
    """

    ids: tuple[int, ...]
    name: str
    says: str
    first: int
    rows: npt.NDArray[np.float64]


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    def read(*names: str) -> str:
        return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)

    return st.components.v2.component(
        "fer_player",
        html=read("player.html"),
        css=read("player.css"),
        js=read("parts.js", "lanes.js", "player.js"),
    )


def served(video: Path, key: str) -> str:
    """The address under which Streamlit serves an MP4 to this viewer's page.

    Asked for in every full run of a page: what is not, Streamlit forgets.
    """
    if not runtime.exists():
        return ""
    address = runtime.get_instance().media_file_mgr.add(str(video), "video/mp4", f"player-{key}")
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}{address}" if base else address


def player(
    address: str | None,
    lanes: Sequence[Lane],
    peaks: Sequence[tuple[str, Peak]],
    *,
    labels: Sequence[str],
    threshold: float,
    step_s: float,
    length_s: float,
    start_s: float,
    key: str,
    events: Sequence[Event] = (),
    on_rest: Callable[[], None] = lambda: None,
) -> float:
    """Draw the player.

    Args:
        address: Of the video, from ``served``; None for the lines alone.
        lanes: The people.
        peaks: Names and moments to jump to, in the order of time.
        labels: The k classes of the rows.
        threshold: Share below which a step is "unsure".
        step_s: Length of a row in seconds.
        length_s: Of the video.
        start_s: Where it stands at first.
        key: Unique on the page.
        events: What happened, in the order of time.
        on_rest: Called when the time has come to rest, before the page is drawn again.

    Returns:
        The time at which it stands, in seconds; while it plays, at which it stood last.
    """
    state: Mapping[str, Any] = _component()(
        key=key,
        data={
            "src": address,
            "labels": list(labels),
            "colours": [COLOURS[label] for label in labels],
            "unsure": UNSURE_COLOUR,
            "threshold": threshold,
            "step_s": step_s,
            "length_s": max(length_s, 0.1),
            "now_s": start_s,
            "people": [
                {
                    "name": lane.name,
                    "says": lane.says,
                    "chips": [_chip(face_id) for face_id in lane.ids],
                    "first": lane.first,
                    "rows": _bytes(lane.rows),
                }
                for lane in lanes
            ],
            "events": [asdict(event) for event in events if event.time_s <= length_s],
            "peaks": [
                {"time_s": peak.time_s, "label": peak.label, "share": peak.share, "who": name}
                for name, peak in peaks
            ],
        },
        default={"time_s": start_s},
        on_time_s_change=on_rest,
    )
    return float(state["time_s"])


def _chip(face_id: int) -> dict[str, str]:
    colour = identity_colour(face_id)
    ink = "#141414" if bright(colour) else "#FFFFFF"
    return {"text": str(face_id), "colour": colour, "ink": ink}


def _bytes(rows: npt.NDArray[np.float64]) -> str:
    scaled = np.where(np.isnan(rows), _AWAY, np.round(np.nan_to_num(rows) * _FULL))
    return base64.b64encode(scaled.astype(np.uint8).tobytes()).decode()
