"""Many small faces as one picture in which each face can be clicked.

One picture for all faces: a browser draws it faster than a hundred small ones, and the message to
it stays small. Each face is a button of its own, so that a keyboard and a screen reader find it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from fer.pictures.reading import encode_png

_COLUMNS = 32


_SCRIPT = """
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".grid");
  root.replaceChildren();
  const rows = Math.ceil(data.count / data.columns);
  data.tiles.forEach(([title, colour], index) => {
    const face = document.createElement("button");
    face.type = "button";
    face.title = title;
    face.setAttribute("aria-label", title);
    face.style.backgroundImage = `url(${data.sheet})`;
    face.style.backgroundSize = `${data.columns * 100}% ${rows * 100}%`;
    const part = (position, count) => (count > 1 ? (100 * position) / (count - 1) : 0);
    const x = part(index % data.columns, data.columns);
    const y = part(Math.floor(index / data.columns), rows);
    face.style.backgroundPosition = `${x}% ${y}%`;
    face.style.borderColor = colour;
    face.onclick = () => setTriggerValue("picked", index);
    root.appendChild(face);
  });
}
"""

_CSS = """
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(58px, 1fr)); gap: 5px; }
button { aspect-ratio: 1; width: 100%; max-width: 96px; padding: 0; cursor: pointer;
  border: 2px solid transparent; border-radius: 6px; background-repeat: no-repeat;
  background-origin: border-box; image-rendering: auto; }
button:hover, button:focus-visible { outline: 2px solid var(--st-primary-color, #0E7C66); }
"""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "fer_face_grid", js=_SCRIPT, css=_CSS, html='<div class="grid"></div>'
    )


def sheet(images: npt.NDArray[np.uint8]) -> dict[str, object]:
    """Faces ``(n, h, w)`` in rows, without gaps, for a script: address, columns and number."""
    count, height, width = images.shape
    columns = max(1, min(_COLUMNS, count))
    rows = max(1, -(-count // columns))
    padded = np.zeros((rows * columns, height, width), np.uint8)
    padded[:count] = images
    whole = padded.reshape(rows, columns, height, width).swapaxes(1, 2)
    content = encode_png(np.ascontiguousarray(whole.reshape(rows * height, columns * width)))
    address = "data:image/png;base64," + base64.b64encode(content).decode()
    return {"sheet": address, "columns": columns, "count": count}


def face_grid(
    images: npt.NDArray[np.uint8], tiles: Sequence[tuple[str, str]], *, key: str
) -> int | None:
    """Draw faces ``(n, h, w)`` uint8; returns the one that was just clicked, or None.

    Of each, ``tiles`` has what is said about it and the colour of its edge.
    """
    data = {**sheet(images), "tiles": [list(tile) for tile in tiles]}
    result = _component()(key=key, data=data, on_picked_change=lambda: None)
    picked = result.get("picked")
    return int(picked) if picked is not None and 0 <= int(picked) < len(tiles) else None
