"""Tells the page why a camera does not start, in plain words.

streamlit-webrtc shows the browser's error inside its own frame and does not report it. A small
component reads that frame's text (same origin), checks the two things that need no camera (a
secure context, the media API) and reports one word; Python turns the word into a sentence. It also
makes the picture fill its frame, whose height the page keeps.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

HINTS: dict[str, str] = {
    "insecure": (
        "**This page is not secure, so the browser hides the camera.** Cameras work on "
        "`localhost` and over HTTPS only: open `http://localhost:8501` on this computer, or put "
        "the server behind HTTPS."
    ),
    "NotAllowedError": (
        "**The browser was not allowed to use the camera.** Click the camera or lock icon beside "
        "the address, allow the camera for this page, then press START again. On a Mac or on "
        "Windows, also check that the system's privacy settings let the browser use it."
    ),
    "NotFoundError": (
        "**No camera was found.** Plug one in or switch it on, then press START again. Without a "
        "camera, the Photos page does the same for pictures."
    ),
    "NotReadableError": (
        "**The camera is in use by another program.** Close other video calls and tabs that show "
        "the camera, then press START again."
    ),
    "OverconstrainedError": (
        "**The chosen camera no longer answers.** Press SELECT DEVICE, choose another camera, "
        "then press START again."
    ),
    "slow": (
        "**Browser and server do not find a way to each other.** If the server is on another "
        "machine or behind a firewall, it needs a TURN server; the check below tells more. "
        "Single pictures work meanwhile."
    ),
}

_SCRIPT = """
export default function (component) {
  const names = ["NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError"];
  const { style, start } = component.data;
  let last = null;
  let slow = false;
  let pressed = !start;
  const report = (fault) => {
    if (fault === last) return;
    last = fault;
    component.setStateValue("fault", fault);
  };
  const look = () => {
    if (!window.isSecureContext || !navigator.mediaDevices) return report("insecure");
    let fault = "";
    for (const frame of document.querySelectorAll('iframe[src*="streamlit_webrtc"]')) {
      const page = frame.contentDocument;
      if (page && page.head && !page.getElementById("fer-stage")) {
        const sheet = page.head.appendChild(page.createElement("style"));
        sheet.id = "fer-stage";
        sheet.textContent = style;
      }
      const text = (page && page.body.innerText) || "";
      const button = page && page.querySelector("button");
      if (!pressed && button && !button.disabled && button.innerText === "START") {
        pressed = true;
        button.click();
      }
      fault = names.find((name) => text.includes(name)) || fault;
      // The warning goes when the attempt ends; that no picture came stays true.
      if (text.includes("taking longer than")) slow = true;
      const video = page && page.querySelector("video");
      if (video && video.videoWidth > 0) slow = false;
      if (!fault && slow) fault = "slow";
    }
    report(fault);
  };
  const timer = setInterval(look, 300);
  return () => clearInterval(timer);
}
"""

# Inside the frame of the stream: the picture, or the place for it, takes what the buttons leave.
_STAGE = """
html, body, #root, #root > div {height: 100%; margin: 0;}
#root > div {display: flex; flex-direction: column;}
#root > div > :first-child {flex: 1; min-height: 0; margin: 0; overflow: auto;}
#root .MuiPaper-root:has(> svg:only-child), video {width: 100%; height: 100%; max-height: none;
  display: flex; align-items: center; justify-content: center;}
video {object-fit: contain; background: #8882; border-radius: .6rem;}
"""

_STATUS_SCRIPT = """
export default async function (component) {
  const say = (text) => { component.parentElement.querySelector("span").textContent = text; };
  const media = navigator.mediaDevices;
  if (!window.isSecureContext || !media) return say(component.data.insecure);
  const devices = await media.enumerateDevices();
  say(devices.some((device) => device.kind === "videoinput")
    ? component.data.found : component.data.missing);
}
"""

_STATUS_CSS = "span { font-size: .875rem; opacity: .65; }"

_STATUS_TEXTS = {
    "found": "Camera: one is connected; it stays off until you start it.",
    "missing": "Camera: the browser sees none; photos work without.",
    "insecure": "Camera: hidden by the browser, because this page is neither localhost nor HTTPS.",
}

DARK_HINT = (
    "**The camera sends black pictures.** It may be muted, covered by its lid, or held by another "
    "program."
)


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("fer_camera_watch", js=_SCRIPT, html="<span></span>")


@st.cache_resource(show_spinner=False)
def _status_component() -> Any:
    return st.components.v2.component(
        "fer_camera_status",
        js=_STATUS_SCRIPT,
        css=_STATUS_CSS,
        html="<span>Camera: looking for one ...</span>",
    )


def camera_status() -> None:
    """One line: whether the browser has a camera. Asks for no permission, switches nothing on."""
    _status_component()(key="camera_status", data=_STATUS_TEXTS)


def camera_fault(*, start: bool = False) -> str:
    """The current fault as a key of ``HINTS``, or an empty string.

    Args:
        start: Press START for the viewer, once it is there.
    """
    result = _component()(
        key="camera_watch",
        data={"style": _STAGE, "start": start},
        on_fault_change=lambda: None,
        height=1,
    )
    return str(result.get("fault") or "")
