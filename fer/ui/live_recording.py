"""What a viewer takes away from the webcam page: a recording, a snapshot."""

from __future__ import annotations

import time
from functools import partial

import streamlit as st

from fer.live import LiveSession
from fer.live_recording import TABLE_FORMATS, VIDEO_MIME, Recording
from fer.live_recording_files import RecordingLimits
from fer.media import encode_png
from fer.ui.shell import shipped_model

_STYLE = """
<style>
.fer-rec {display:flex; align-items:center; gap:.55rem; font-variant-numeric:tabular-nums;}
.fer-rec b {color:#fff; background:#CD1E26; border-radius:.3rem; padding:.05rem .5rem;
  letter-spacing:.04em; font-size:.85rem;}
.fer-rec b::before {content:"●"; margin-right:.35em; animation:fer-rec 1.4s infinite;}
@keyframes fer-rec {50% {opacity:.25;}}
</style>
"""


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB" if size >= 10 * 2**20 else f"{size / 2**20:.1f} MiB"


def _limits_text(limits: RecordingLimits) -> str:
    return f"{limits.seconds / 60:.0f} minutes or {limits.file_bytes / 2**20:.0f} MiB"


def _snapshot(session: LiveSession, playing: bool) -> None:
    """Take the picture, then offer it.

    In two steps: a file that is made on the click has no place on the page, and the next refresh
    of the page's live parts may remove it before a busy browser has fetched it.
    """
    if st.button(
        "Snapshot",
        icon=":material/photo_camera:",
        key="rec_snapshot",
        disabled=not playing,
        help="Takes the picture as it is shown now. It is kept for this session only.",
    ):
        picture = session.picture()
        if picture is not None:
            st.session_state["rec_picture"] = encode_png(picture)
    taken = st.session_state.get("rec_picture")
    if taken is not None:
        st.download_button(
            "Save the picture",
            taken,
            "webcam.png",
            "image/png",
            icon=":material/download:",
            key="rec_picture_save",
            on_click="ignore",
        )


def _start(session: LiveSession) -> None:
    if session.recording is not None:
        session.recording.discard()
        session.recording = None
    session.recording = Recording()


def _running(session: LiveSession, recording: Recording, playing: bool) -> None:
    status, limits = recording.status(), recording.limits
    line = (
        f"<b>REC</b> {_clock(status.seconds)} of {_clock(limits.seconds)}, "
        f"{_mebibytes(status.file_bytes)} of {_mebibytes(limits.file_bytes)}"
    )
    if status.left_out:
        line += f", {status.left_out} frames left out"
    if not playing:
        line += ", waiting for the camera"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(_STYLE + f'<div class="fer-rec">{line}</div>', width="content")
        if st.button("End the recording", icon=":material/stop_circle:", key="rec_end"):
            recording.finish()
            st.rerun()


def _finished(session: LiveSession, recording: Recording) -> None:
    status = recording.status()
    if status.reason:
        st.warning(status.reason, icon=":material/info:")
    if not status.frames:
        st.caption("Nothing was recorded.")
        return
    card = shipped_model().card
    name = time.strftime("webcam-%Y%m%d-%H%M%S", time.localtime(st.session_state["rec_ended"]))
    st.markdown(
        f"Recording of **{_clock(status.seconds)}**, {status.frames:,} frames, "
        f"{_mebibytes(status.file_bytes)}. It is kept until you leave or discard it."
    )
    with st.container(horizontal=True):
        st.download_button(
            "Video",
            recording.video,
            f"{name}.webm",
            VIDEO_MIME,
            icon=":material/movie:",
            key="rec_video",
            on_click="ignore",
        )
        for kind, mime in TABLE_FORMATS.items():
            st.download_button(
                kind.upper() if kind != "parquet" else "Parquet",
                # Made when asked for, and not on the thread of the page.
                partial(recording.table, kind, model=card.name, version=card.version),
                f"{name}.{kind}",
                mime,
                icon=":material/download:",
                key=f"rec_{kind}",
                on_click="ignore",
            )
        if st.button("Discard", icon=":material/delete:", key="rec_discard", type="tertiary"):
            recording.discard()
            session.recording = None
            st.rerun()


def take_away(session: LiveSession, playing: bool) -> None:
    """Record and snapshot buttons, the state of a recording, and its downloads."""
    recording = session.recording
    active = recording is not None and recording.active
    if recording is not None and not active:
        st.session_state.setdefault("rec_ended", time.time())
    else:
        st.session_state.pop("rec_ended", None)
    if active and recording is not None:
        _running(session, recording, playing)
    else:
        with st.container(horizontal=True):
            if st.button(
                "Record",
                icon=":material/radio_button_checked:",
                key="rec_start",
                disabled=not playing,
                help=f"Boxes, labels and probabilities as a table, and the annotated video; at "
                f"most {_limits_text(RecordingLimits())}. Nothing is recorded unless you press "
                "this. Ask everyone in the picture first.",
            ):
                _start(session)
                st.rerun()
            _snapshot(session, playing)
    if recording is not None and not active:
        _finished(session, recording)
