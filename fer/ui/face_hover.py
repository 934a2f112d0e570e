"""The face under the pointer: a small picture that follows a figure's points.

Plotly's own hover shows text only. A component beside the figure listens to it and shows the part
of one sheet of faces that belongs to the point; the server is not asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from fer.ui.face_grid import sheet

_SCRIPT = """
export default function (component) {
  const { data, parentElement } = component;
  const face = parentElement.querySelector(".face");
  const words = parentElement.querySelector(".words");
  const rows = Math.ceil(data.count / data.columns);
  face.style.backgroundSize = `${data.columns * 100}% ${rows * 100}%`;
  const part = (position, count) => (count > 1 ? (100 * position) / (count - 1) : 0);
  const show = (event) => {
    const point = event.points[0];
    const [number, read, row] = point.customdata;
    const x = part(number % data.columns, data.columns);
    const y = part(Math.floor(number / data.columns), rows);
    face.style.backgroundPosition = `${x}% ${y}%`;
    face.style.backgroundImage = `url(${data.sheet})`;
    face.style.borderStyle = "solid";
    face.style.borderColor = point.data.marker.color;
    words.textContent = `row ${row}: labelled ${point.data.name}, read as ${read}`;
  };
  let graph = null;
  const look = () => {
    const found = document.querySelector(`.st-key-${data.figure} .js-plotly-plot`);
    if (found && found !== graph && found.on) {
      graph = found;
      graph.on("plotly_hover", show);
    }
  };
  look();
  const timer = setInterval(look, 500);
  return () => {
    clearInterval(timer);
    if (graph && graph.removeListener) graph.removeListener("plotly_hover", show);
  };
}
"""

_CSS = """
.row { display: flex; align-items: center; gap: 14px; min-height: 112px; }
.face { width: 104px; height: 104px; flex: none; border-radius: 8px;
  border: 3px dashed color-mix(in srgb, currentColor 25%, transparent);
  background-origin: border-box; background-repeat: no-repeat; }
.words { opacity: .75; font-size: .9rem; }
"""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "fer_face_hover",
        js=_SCRIPT,
        css=_CSS,
        html='<div class="row"><div class="face" role="img" aria-label="The face of the point">'
        '</div><div class="words">Point at a dot, or tap it, to see its face.</div></div>',
    )


def face_hover(images: npt.NDArray[np.uint8], *, figure: str, key: str) -> None:
    """Show the face of the point under the pointer of the figure with that key.

    A point's ``customdata`` begins with its place among the images ``(n, h, w)`` uint8.
    """
    _component()(key=key, data={**sheet(images), "figure": figure})
