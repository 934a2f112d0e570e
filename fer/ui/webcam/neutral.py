"""The webcam page's "Calibrate to my neutral face": three seconds of a face that shows nothing."""

from __future__ import annotations

import streamlit as st

from fer.live.samples import NeutralCapture
from fer.live.session import LiveSession
from fer.recognition.baseline import LOOKS, row_of
from fer.results import FaceEmotion
from fer.ui import live_view
from fer.ui.presses import pressed
from fer.ui.shell import errors_shown
from fer.ui.webcam.personal import viewer_engine


def _own(session: LiveSession) -> NeutralCapture | None:
    """This viewer's calibration, unless another model or label set reads now."""
    if session.neutral is not None and session.neutral.engine is not viewer_engine():
        session.neutral = None
    return session.neutral


def calibrating(session: LiveSession) -> bool:
    """Whether a calibration is under way, so that the panel has to follow."""
    own = _own(session)
    return own is not None and own.baseline is None


def neutral_line(session: LiveSession, face: FaceEmotion) -> str:
    """What a card says below the general reading, if it is the face that was calibrated."""
    own = _own(session)
    if own is None or own.baseline is None or own.face_id != face.face_id:
        return ""
    return live_view.neutral_line(own.baseline.read_face(face, own.engine.threshold))


def calibrate(session: LiveSession, playing: bool, *, followed: bool) -> None:
    """Draw the expander; call it in a fragment of its own.

    Where that repeats itself, ``followed``, it asks for a run of the page when all is done.
    """
    if not playing and calibrating(session):
        session.neutral = None
    own = _own(session)
    with (
        st.expander("Calibrate to my neutral face", icon=":material/sentiment_neutral:"),
        errors_shown(),
    ):
        st.caption(
            "Some faces look stern or sad at rest. Relax your face and look at the camera for "
            "three seconds: then your card also says how you look compared with that. It is a few "
            "numbers for one face, in memory only, gone when you reset it or leave."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if pressed(
                "Calibrate, 3 seconds",
                "webcam_neutral_start",
                icon=":material/timer:",
                disabled=not playing or calibrating(session),
            ):
                _start(session)
            if pressed(
                "Reset",
                "webcam_neutral_reset",
                icon=":material/undo:",
                type="tertiary",
                disabled=own is None,
            ):
                session.neutral = None
                st.rerun()
        if own is not None and own.baseline is None:
            share = min(1.0, own.seen / LOOKS)
            st.progress(share, f"Looking at face {own.face_id:,}, keep still ...")
        elif own is not None:
            st.markdown(
                f":material/check: The card of face {own.face_id:,} compares it with its neutral."
            )
    if followed and not calibrating(session):
        st.rerun()


def _start(session: LiveSession) -> None:
    """Begin with the largest face."""
    result = session.snapshot().result
    if result is None or not result.measured:
        st.info("No face in view. Look towards the camera, then try again.")
        return
    engine = viewer_engine()
    general = engine.classifier.folder.neutral_reading(engine.classifier.head)
    if not general:
        st.info("How it reads neutral faces was not recorded with this model.")
        return
    face = max(result.measured, key=lambda one: one.box.area)
    session.neutral = NeutralCapture(face.face_id, engine, row_of(general))
    st.rerun()
