"""The webcam page: a live stream with faces read as they move."""

from __future__ import annotations

import time

import av
import numpy as np
import streamlit as st
from streamlit_webrtc import WebRtcMode, webrtc_streamer

from fer.live.admission import Admission
from fer.live.health import LiveSnapshot
from fer.live.memory import give_back_soon
from fer.live.session import LiveSession
from fer.preprocessing import set_picture_threads
from fer.ui import affect_view, live_view
from fer.ui.shell import START_CAMERA, STREAM_PAGE, begin, errors_shown, shipped_model
from fer.ui.text import text
from fer.ui.webcam.camera_watch import DARK_HINT, HINTS, camera_fault
from fer.ui.webcam.controls import kept_toggle, settings, switches
from fer.ui.webcam.events import event_buttons, event_keys, event_list
from fer.ui.webcam.neutral import calibrate, calibrating, neutral_line
from fer.ui.webcam.personal import chosen_engine, taking, teach
from fer.ui.webcam.recording import recording_now, take_away
from fer.ui.webcam.still import single_pictures
from fer.ui.webcam.take_away import session_files
from fer.ui.webcam.timeline import session_line
from fer.ui.webrtc import connection
from fer.ui.webrtc.encoder import encode_leanly, video_frame
from fer.ui.webrtc.ice import IceSettings
from fer.ui.webrtc.relay import send_latest_frames
from fer.ui.webrtc.script_runs import keep_stream

MEDIA_CONSTRAINTS = {
    "video": {
        "width": {"ideal": 640},
        "height": {"ideal": 480},
        "frameRate": {"ideal": 30},
    },
    "audio": False,
}

# Without the browser's own buttons: its pause would compete with that of the page.
_VIDEO = {"autoPlay": True, "muted": True, "playsInline": True, "controls": False}

REFRESH_S = 0.5
# A page that is drawn again costs its browser and the server more than two pictures of the stream.
_CROWD_REFRESH_S = 1.0
_MAX_CARDS = 6
# From three faces on the cards are smaller, so that three stand beside the picture.
_LARGE_CARDS, _FEW_BARS = 2, 2
_SINGLE = "webcam_single"
_STREAM = "webcam"


@st.cache_resource(show_spinner=False)
def _admission() -> Admission:
    """The line of this server's viewers."""
    return Admission(time.monotonic)


def _session() -> LiveSession:
    """This viewer's live session; survives a page switch."""
    if "live" not in st.session_state:
        st.session_state["live"] = LiveSession(chosen_engine(), admission=_admission())
    session: LiveSession = st.session_state["live"]
    return session


BUSY_HINT = (
    "**The server is busy: you are number {} in line.** Until somebody leaves, your picture comes "
    "a few times a second."
)


def _health(snapshot: LiveSnapshot) -> None:
    figures = {
        "Camera": f"{snapshot.camera_fps:.0f} fps",
        "Analysed": f"{snapshot.processed_fps:.0f} fps",
        "Latency": f"{snapshot.latency_ms:.0f} ms",
        "Dropped": f"{snapshot.dropped:,} of {snapshot.received:,}",
        "Errors": f"{snapshot.errors:,}",
    }
    st.html(live_view.STYLE + live_view.figures(figures))
    if snapshot.last_error:
        st.warning(
            text(
                "A picture could not be read, the camera went on: {fault}",
                fault=snapshot.last_error,
            )
        )


def _panel(session: LiveSession, playing: bool) -> None:
    """A card for every face on show."""
    snapshot = session.snapshot()
    result = snapshot.result
    fresh = playing and snapshot.idle_s < 2.0
    if not fresh or result is None:
        words = "Waiting for the first picture ..." if playing else "Press START to begin."
        st.html(live_view.STYLE + live_view.placeholder(words))
        return
    if snapshot.waiting:
        st.info(BUSY_HINT.format(snapshot.waiting), icon=":material/hourglass_top:")
    if snapshot.dark and not session.settings.paused:
        st.warning(DARK_HINT, icon=":material/videocam_off:")
    if not result.faces:
        words = "No face in view. Look towards the camera, with light on your face."
        st.html(live_view.STYLE + live_view.placeholder(words))
        return
    # In the order of their ids: by size they would change places all the time.
    shown = sorted(result.faces[:_MAX_CARDS], key=lambda face: face.face_id)
    cards = live_view.face_cards(
        [
            live_view.face_card(
                face,
                f"face {face.face_id}",
                neutral_line(session, face),
                most=_FEW_BARS if len(shown) > _LARGE_CARDS else None,
                chip=live_view.identity_chip(face.face_id),
            )
            for face in shown
        ]
    )
    more = len(result.faces) - len(shown)
    note = f"<small>and {more} more in the picture</small>" if more > 0 else ""
    st.html(live_view.STYLE + cards + note)


def _prepare() -> None:
    """Make streams cheap, before the first of them is connected."""
    send_latest_frames()
    encode_leanly()
    set_picture_threads(1)


def _stream(session: LiveSession, ice: IceSettings) -> bool:
    """Show the stream; returns whether it plays. Called on every run of the page."""
    # Streamlit's caches are for its own threads; the end of a stream is told on another.
    admission = _admission()

    def on_frame(frame: av.VideoFrame) -> av.VideoFrame:
        # Raising here would end the stream without a word.
        try:
            pixels = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            image = session.process(pixels, frame.time)
            return video_frame(image)
        except Exception as fault:
            session.count_error(fault)
            blank = np.zeros((frame.height, frame.width, 3), np.uint8)
            hidden = session.settings.blur != "nobody"
            return video_frame(blank) if hidden else frame

    def on_end() -> None:
        session.stop()
        if not admission.viewers:
            set_picture_threads(None)
        give_back_soon()

    keep_stream(_STREAM)
    context = webrtc_streamer(
        key=_STREAM,
        mode=WebRtcMode.SENDRECV,
        # A change, such as a renewed password, counts from the next START on.
        rtc_configuration=ice.configuration(time.time()),
        media_stream_constraints=MEDIA_CONSTRAINTS,
        video_html_attrs=_VIDEO,
        video_frame_callback=on_frame,
        on_video_ended=on_end,
        # Called when the browser asks for a connection, before there is one.
        on_change=_prepare,
        async_processing=True,
        media_toggle_controls=False,
    )
    return bool(context.state.playing)


def _single_instead(fault: str) -> bool:
    """Whether single photos take the stream's place: when it finds no way, or when chosen."""
    if fault == "slow" and st.session_state.get("webcam_fault") != "slow":
        st.session_state[_SINGLE] = True
    st.session_state["webcam_fault"] = fault
    return kept_toggle("Take single photos instead", _SINGLE)


@st.fragment
def _help(session: LiveSession, ice: IceSettings) -> None:
    """What may be wrong: a check of this connection, then every hint."""
    connection.check(ice, session.snapshot().received)
    for name in HINTS:
        st.markdown("- " + HINTS[name])
    st.markdown("- " + DARK_HINT)


def render() -> None:
    """Draw the page."""
    begin(STREAM_PAGE, "🎥")
    st.title("Webcam")
    with errors_shown():
        session = _session()
        st.html(live_view.LAYOUT_STYLE)
        grid = st.container(key="live_grid")
        stage = grid.container(key="live_video")
        with stage:
            ice = connection.configured()
            playing = _stream(session, ice)
            fault = camera_fault(start=START_CAMERA in st.session_state)
            if playing or fault in HINTS:
                # Begun, or not to be.
                st.session_state.pop(START_CAMERA, None)
            if fault in HINTS:
                st.warning(HINTS[fault], icon=":material/videocam_off:")

        crowded = session.crowded
        refresh_s = _CROWD_REFRESH_S if crowded else REFRESH_S

        @st.fragment(run_every=refresh_s if playing else None)
        def live_panel() -> None:
            if playing and session.crowded != crowded:
                st.rerun()
            _panel(session, playing)

        recording = playing and recording_now(session)

        @st.fragment(run_every=1.0 if recording else None)
        def recorder() -> None:
            with errors_shown():
                take_away(session, playing, followed=recording)

        with grid.container(key="live_cards"):
            live_panel()
        with grid.container(horizontal=True, vertical_alignment="center", key="live_controls"):
            recorder()
            st.fragment(event_buttons)(session, playing)
            switches(session)
        # Next to the picture, which they change.
        settings(session)

        @st.fragment(run_every=2.0 if playing else None)
        def line() -> None:
            # What comes and goes has a place of its own or the last one: what follows it would be
            # on the page twice while it moves.
            with st.container():
                session_line(session, playing)
            with st.container():
                event_list(session)
            with st.container():
                session_files(session, playing)
            if playing:
                event_keys(session)

        line()

        @st.fragment(run_every=2.0 if playing else None)
        def below() -> None:
            snapshot = session.snapshot()
            circle = affect_view.label_and_help(shipped_model().card)
            if circle is not None and kept_toggle(circle[0], "webcam_affect", help=circle[1]):
                st.html(affect_view.circumplex(snapshot.result.measured if snapshot.result else ()))
            if kept_toggle("Speed and dropped pictures", "webcam_health"):
                _health(snapshot)

        followed = taking(session)

        @st.fragment(run_every=0.5 if followed else None)
        def teaching() -> None:
            teach(session, playing, followed=followed)

        resting = calibrating(session)

        @st.fragment(run_every=0.5 if resting else None)
        def calibration() -> None:
            calibrate(session, playing, followed=resting)

        teaching()
        calibration()
        below()
        with st.expander("The camera does not start?", icon=":material/help:"):
            if _single_instead(fault):
                with stage:
                    single_pictures()
            _help(session, ice)
        st.caption(
            "The picture is read on the server that shows this page; none is kept unless you ask. "
            "What was read stays in its memory, for the table of this session, until you leave."
        )
