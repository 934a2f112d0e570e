"""What a page asks of the browser beyond Streamlit: for assistive technology, and ahead."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

# It looks every few seconds: what is read aloud faster than this is noise.
_SCRIPT = """
export default function ({ parentElement, data }) {
  // What draws charts takes a browser a second: it does so before a page needs it, at leisure.
  const idle = window.requestIdleCallback || ((act) => setTimeout(act, 500));
  const spared = navigator.connection && navigator.connection.saveData;
  const load = () => import(new URL(data.charts, document.baseURI).href).catch(() => {});
  if (data.charts && !spared) idle(load);
  const said = parentElement.querySelector(".said");
  const mend = () => {
    const links = document.querySelector(".st-key-nav");
    if (links) {
      links.setAttribute("role", "navigation");
      links.setAttribute("aria-label", "Pages");
      const here = decodeURI(location.pathname).split("/").pop();
      links.querySelectorAll("a").forEach((link) => {
        const there = link.getAttribute("href").split("/").pop();
        if (there === here) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      });
    }
    // The emotion of each face of the live page, once it changes, without its percentages.
    const cards = document.querySelectorAll(
      ".st-key-live_cards .fer-card:not(.fer-held) .fer-head"
    );
    const words = [...cards].slice(0, 4).map((card) => {
      const who = card.querySelector("u"), what = card.querySelector("b");
      return `${who ? who.textContent : "face"}: ${what ? what.textContent : ""}`;
    }).join(", ");
    if (said.textContent !== words) said.textContent = words;
  };
  mend();
  const timer = setInterval(mend, 3000);
  return () => clearInterval(timer);
}
"""

_CHARTS = "static/js/PlotlyChart.*.js"

_CSS = """
.said { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
"""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "fer_landmarks",
        js=_SCRIPT,
        css=_CSS,
        html='<div class="said" role="status" aria-live="polite"></div>',
    )


@cache
def _charts() -> str:
    """Where Streamlit's server has what draws charts; nothing where it is not as expected."""
    static = Path(st.__file__).parent / "static"
    found = [file.relative_to(static).as_posix() for file in static.glob(_CHARTS)]
    return found[0] if len(found) == 1 else ""


def landmarks(*, charts_ahead: bool) -> None:
    """Name the navigation and its current page, and keep a live region for the current reading.

    Args:
        charts_ahead: Have the browser load what draws charts, which takes it a second.
    """
    with st.container(key="landmarks"):
        data = {"charts": _charts() if charts_ahead else ""}
        _component()(key="landmarks_said", data=data)
