"""What a viewer takes away from the webcam page: a recording, a snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from fer.export.strips import clock
from fer.live.recording import Recording
from fer.live.recording_video import RecordingLimits
from fer.live.session import LiveSession
from fer.pictures.reading import encode_png
from fer.ui.downloads import TABLE_FORMATS, download
from fer.ui.presses import pressed, unpressed
from fer.ui.shell import PUT_AWAY, leases, viewer
from fer.ui.text import plain

_STYLE = """
<style>
.fer-rec {display:flex; align-items:center; gap:.55rem; font-variant-numeric:tabular-nums;}
.fer-rec b {color:#fff; background:#CD1E26; border-radius:.3rem; padding:.05rem .5rem;
  letter-spacing:.04em; font-size:.85rem;}
.fer-rec b::before {content:"●"; margin-right:.35em; animation:fer-rec 1.4s infinite;}
@keyframes fer-rec {50% {opacity:.25;}}
</style>
"""


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB" if size >= 10 * 2**20 else f"{size / 2**20:.1f} MiB"


def _limits_text(limits: RecordingLimits) -> str:
    return f"{limits.seconds / 60:.0f} minutes or {limits.file_bytes / 2**20:.0f} MiB"


def _snapshot(session: LiveSession, playing: bool) -> None:
    """Take the picture, then offer it.

    In two steps: a file that is made on the click has no place on the page, and the next refresh
    of the page's live parts may remove it before a busy browser has fetched it.
    """
    if pressed(
        "Snapshot",
        "rec_snapshot",
        icon=":material/photo_camera:",
        disabled=not playing,
        help="Takes the picture as it is shown now. It is kept for this session only.",
    ):
        picture = session.picture()
        if picture is not None:
            st.session_state["rec_picture"] = encode_png(picture)
    taken = st.session_state.get("rec_picture")
    if taken is not None:
        download("Save the picture", taken, "webcam.png", key="rec_picture_save")


def _start(session: LiveSession) -> None:
    if session.recording is not None:
        session.recording.close()
        session.recording = None
    st.session_state.pop("rec_file", None)
    session.recording = Recording()
    leases().enter(viewer(), session.recording)


def _running(session: LiveSession, recording: Recording, playing: bool) -> None:
    status, limits = recording.status(), recording.limits
    line = (
        f"<b>REC</b> {clock(status.seconds)} of {clock(limits.seconds)}, "
        f"{_mebibytes(status.file_bytes)} of {_mebibytes(limits.file_bytes)}"
    )
    if status.left_out:
        line += f", {status.left_out} pictures only in the table"
    if not playing:
        line += ", waiting for the camera"
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.html(_STYLE + f'<div class="fer-rec">{line}</div>', width="content")
        if pressed("End the recording", "rec_end", icon=":material/stop_circle:"):
            recording.finish()
            st.rerun()


def _finished(session: LiveSession, recording: Recording) -> None:
    status = recording.status()
    if status.reason:
        st.warning(plain(status.reason), icon=":material/info:")
    if not status.frames:
        st.caption("Nothing was recorded.")
        return
    name = time.strftime("webcam-%Y%m%d-%H%M%S", time.localtime(st.session_state["rec_ended"]))
    st.markdown(
        f"Recording of **{clock(status.seconds)}**, {status.frames:,} frames, "
        f"{_mebibytes(status.file_bytes)}. It is kept until you leave or discard it."
    )
    with st.container(horizontal=True):
        file_button("Video", name + ".webm", recording.video, "rec")
        for suffix, label in TABLE_FORMATS.items():
            file_button(plain(label), name + suffix, partial(recording.table, suffix), "rec")
        if pressed("Discard", "rec_discard", icon=":material/delete:", type="tertiary"):
            recording.close()
            session.recording = None
            st.session_state.pop("rec_file", None)
            st.rerun()
    offered("rec")


def file_button(
    label: str,
    name: str,
    make: Callable[[], bytes],
    slot: str,
    *,
    at_once: bool = False,
    icon: str | None = None,
) -> None:
    """A file with one click; where the page refreshes itself, made by one and ``offered`` next."""
    key = f"{slot}_{name.rpartition('.')[2]}"
    if at_once:
        download(label, make, name, key=f"{key}_once", icon=icon)
    elif pressed(label, key, icon=icon):
        st.session_state[f"{slot}_file"] = (name, make())


def offered(slot: str) -> None:
    """Offer what a ``file_button`` made, one file at a time: it may be large."""
    if (made := st.session_state.get(f"{slot}_file")) is not None:
        name, content = made
        label = f"Save {plain(name)}, {_mebibytes(len(content))}"
        download(label, content, name, key=f"{slot}_file_save")


def recording_now(session: LiveSession) -> bool:
    """Whether a recording goes on, so that its clock has to follow."""
    return session.recording is not None and session.recording.active


def take_away(session: LiveSession, playing: bool, *, followed: bool) -> None:
    """Record and snapshot buttons, the state of a recording, and its downloads.

    It asks for a run of the page when the part should begin or end to repeat itself, ``followed``.
    """
    if session.recording is not None and session.recording.closed:
        session.recording = None
        st.info(PUT_AWAY, icon=":material/delete:")
    recording = session.recording
    active = recording_now(session)
    if followed != (active and playing):
        st.rerun()
    if recording is not None and not active:
        st.session_state.setdefault("rec_ended", time.time())
    else:
        st.session_state.pop("rec_ended", None)
    if active and recording is not None:
        unpressed("rec_start", "rec_discard")
        _running(session, recording, playing)
    else:
        unpressed("rec_end")
        with st.container(horizontal=True, width="content"):
            if pressed(
                "Record",
                "rec_start",
                icon=":material/radio_button_checked:",
                disabled=not playing,
                help=f"Boxes, labels and probabilities as a table, and the annotated video; at "
                f"most {_limits_text(RecordingLimits())}. Nothing is recorded unless you press "
                "this. Ask everyone in the picture first.",
            ):
                _start(session)
                st.rerun()
            _snapshot(session, playing)
    if recording is None:
        unpressed("rec_discard")
    elif not active:
        with st.container(key="rec_done"):
            _finished(session, recording)
