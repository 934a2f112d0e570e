"""The way between browser and server: its settings, and a check that says which step fails."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from fer.errors import InputError
from fer.ui.presses import pressed
from fer.ui.text import fault
from fer.ui.webcam.camera_watch import HINTS
from fer.ui.webrtc.ice import IceSettings, ice_settings

TURN_HELP = """
A TURN server relays the stream between browser and server; coturn is one (Debian: `apt-get install
coturn`, then in `/etc/turnserver.conf` the lines `use-auth-secret`, `static-auth-secret=...` and
`realm=...`). Tell this dashboard about it in `.streamlit/secrets.toml`, then start it again:

```toml
[[webrtc.ice_servers]]
urls = ["turn:turn.example.org:3478", "turn:turn.example.org:3478?transport=tcp"]
secret = "the static-auth-secret"
```
"""

# Asks every server by itself for a candidate of its kind; nothing is sent anywhere else.
_SCRIPT = """
async function ask(server) {
  const relay = server.urls.some((url) => url.startsWith("turn"));
  const answer = { urls: server.urls, relay, ok: false, error: 0 };
  const peer = new RTCPeerConnection({
    iceServers: [server], iceTransportPolicy: relay ? "relay" : "all",
  });
  await new Promise((done) => {
    setTimeout(done, 8000);
    peer.onicecandidateerror = (event) => { answer.error = answer.error || event.errorCode; };
    peer.onicecandidate = (event) => {
      if (!event.candidate) return done();
      if (event.candidate.type !== (relay ? "relay" : "srflx")) return;
      answer.ok = true;
      done();
    };
    peer.createDataChannel("check");
    peer.createOffer().then((offer) => peer.setLocalDescription(offer)).catch(done);
  });
  peer.close();
  return answer;
}

export default async function (component) {
  const report = { secure: window.isSecureContext && !!navigator.mediaDevices };
  if (report.secure) {
    const devices = await navigator.mediaDevices.enumerateDevices();
    report.cameras = devices.filter((device) => device.kind === "videoinput").length;
    try {
      report.permission = (await navigator.permissions.query({ name: "camera" })).state;
    } catch (fault) {
      report.permission = "prompt";
    }
  }
  if (window.RTCPeerConnection) {
    report.servers = await Promise.all(component.data.iceServers.map(ask));
  }
  component.setStateValue("report", report);
}
"""


def configured() -> IceSettings:
    """The ICE servers of this deployment; wrong ones give a line, and the stream goes without."""
    try:
        section = st.secrets.get("webrtc", {})
    except StreamlitSecretNotFoundError:
        section = {}
    try:
        if not isinstance(section, Mapping):
            raise InputError(
                f"secrets.toml, webrtc: expected a section, got {type(section).__name__}; "
                "write [webrtc] or [[webrtc.ice_servers]]"
            )
        return ice_settings(os.environ, section)
    except InputError as wrong:
        fault(wrong)
        return IceSettings()


def findings(
    report: Mapping[str, Any], settings: IceSettings, *, received: int
) -> list[tuple[bool, str]]:
    """What a check found, step by step, until the first step without which the rest is idle.

    Args:
        report: From the browser.
        settings: The ICE servers.
        received: Frames that came from this viewer's camera.

    Returns:
        Whether a step works, and a sentence.
    """
    if not report.get("secure"):
        return [(False, HINTS["insecure"])]
    steps = [(True, "This page is secure, the browser lends its camera.")]
    cameras = int(report.get("cameras", 0))
    if not cameras:
        return [*steps, (False, HINTS["NotFoundError"])]
    steps.append((True, f"The browser sees {cameras} camera{'s' if cameras > 1 else ''}."))
    permission = report.get("permission")
    if permission == "denied":
        return [*steps, (False, HINTS["NotAllowedError"])]
    asked = "You allowed it." if permission == "granted" else "It asks you when you press START."
    steps.append((True, f"The camera is not blocked. {asked}"))
    steps += [_server_step(answer) for answer in report.get("servers", ())]
    if received:
        return [*steps, (True, f"The stream works: {received:,} frames came from your camera.")]
    if not settings.has_relay:
        text = (
            "No TURN server is set up. On one machine or one network none is needed; from "
            "elsewhere the stream needs one."
        )
        return [*steps, (True, text)]
    return [*steps, (True, "No frame came from your camera yet: press START.")]


def _server_step(answer: Mapping[str, Any]) -> tuple[bool, str]:
    name = f"`{', '.join(map(str, answer.get('urls', ())))}`"
    kind = "TURN" if answer.get("relay") else "STUN"
    if answer.get("ok"):
        return True, f"The {kind} server {name} answers."
    if int(answer.get("error") or 0) in (401, 403, 441):
        return False, (
            f"**The {kind} server {name} refuses the user name or password.** Check `username` and "
            "`credential`, or `secret`, and the clocks of both machines."
        )
    return False, (
        f"**The {kind} server {name} does not answer this browser.** Check its address, that it "
        "runs, and that the firewall lets its port through (3478 by UDP and TCP)."
    )


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "fer_connection_check", js=_SCRIPT, html="<span>Checking ...</span>"
    )


def check(settings: IceSettings, received: int) -> None:
    """A button, and under it the steps with what works and what does not."""
    runs = st.session_state.setdefault("connection_checks", 0)
    if pressed("Check the connection", "connection_check", icon=":material/network_check:"):
        runs += 1
        st.session_state["connection_checks"] = runs
    if not runs:
        return
    result = _component()(
        key=f"connection_check_{runs}",
        data=settings.configuration(time.time()),
        on_report_change=lambda: None,
        height=1 if st.session_state.get(f"connection_check_{runs}") else "content",
    )
    report = result.get("report")
    if not report:
        return
    steps = findings(report, settings, received=received)
    for works, step in steps:
        icon = ":green[:material/check_circle:]" if works else ":red[:material/cancel:]"
        # Composed above of the page's words; names of servers are those of its own settings.
        st.markdown(icon + " " + step)
    relay_fails = any(answer.get("relay") and not answer.get("ok") for answer in report["servers"])
    if not received and (relay_fails or not settings.has_relay):
        st.markdown(TURN_HELP)
