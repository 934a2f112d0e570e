"""What assistive technology needs of a page beyond what Streamlit says by itself."""

from __future__ import annotations

from typing import Any

import streamlit as st

# It looks every few seconds: what is read aloud faster than this is noise.
_SCRIPT = """
export default function ({ parentElement }) {
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


def landmarks() -> None:
    """Name the navigation and its current page, and keep a live region for the current reading."""
    with st.container(key="landmarks"):
        _component()(key="landmarks_said")
