"""The webcam page's "Calibrate to my neutral face": three seconds of a face that shows nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from fer.live.session import LiveSession
from fer.live.snapshot import LiveSnapshot
from fer.recognition.baseline import LOOKS, Floats, NeutralBaseline, looks, row_of
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import FaceEmotion
from fer.ui import live_view
from fer.ui.shell import errors_shown, pressed
from fer.ui.webcam.personal import viewer_engine

_KEY = "webcam_neutral"


@dataclass(slots=True)
class _OwnNeutral:
    """A viewer's calibration, in memory while the page lives.

    Attributes:
        face_id: Whose.
        engine: What reads that face; with another one it means nothing.
        since_s: When it began, by the clock of the stream.
        population: ``(k,)``, how neutral faces are read in general.
        baseline: None until enough was seen.
    """

    face_id: int
    engine: EmotionRecognizer
    since_s: float
    population: Floats
    baseline: NeutralBaseline | None = None

    def follow(self, snapshot: LiveSnapshot) -> int:
        """Take what was seen since it began; returns how many looks that is."""
        seen = [
            (frame.timestamp_s, row_of(face.probabilities))
            for frame in snapshot.history
            if frame.timestamp_s >= self.since_s
            for face in frame.measured
            if face.face_id == self.face_id
        ]
        if not seen:
            return 0
        times, rows = (np.array(column) for column in zip(*seen, strict=True))
        if (n := looks(times)) >= LOOKS:
            self.baseline = NeutralBaseline.learn(
                self.engine.classifier.labels, times, rows, self.population
            )
        return n


def _own() -> _OwnNeutral | None:
    """This viewer's calibration, unless another model or label set reads now."""
    own: _OwnNeutral | None = st.session_state.get(_KEY)
    if own is not None and own.engine is not viewer_engine():
        st.session_state[_KEY] = own = None
    return own


def calibrating() -> bool:
    """Whether a calibration is under way, so that the panel has to follow."""
    own = _own()
    return own is not None and own.baseline is None


def neutral_line(face: FaceEmotion) -> str:
    """What a card says below the general reading, if it is the face that was calibrated."""
    own = _own()
    if own is None or own.baseline is None or own.face_id != face.face_id:
        return ""
    return live_view.neutral_line(own.baseline.read_face(face, own.engine.threshold))


def calibrate(session: LiveSession, playing: bool, *, followed: bool) -> None:
    """Draw the expander; call it in a fragment of its own.

    Args:
        session: This viewer's stream.
        playing: Whether it runs.
        followed: Whether the fragment repeats itself; it asks for a run of the page when there is
            nothing to follow any more.
    """
    own = _own()
    with (
        st.expander("Calibrate to my neutral face", icon=":material/sentiment_neutral:"),
        errors_shown(),
    ):
        st.caption(
            "Some faces look stern or sad at rest. Relax your face and look at the camera for "
            "three seconds: then your card also says how you look compared with that. It is a few "
            "numbers for one face, in memory only, gone when you reset it or leave."
        )
        snapshot = session.snapshot()
        if own is not None and own.baseline is None and not playing:
            st.session_state[_KEY] = own = None
        with st.container(horizontal=True, vertical_alignment="center"):
            if pressed(
                "Calibrate, 3 seconds",
                "webcam_neutral_start",
                icon=":material/timer:",
                disabled=not playing or calibrating(),
            ):
                _start(snapshot)
            if pressed(
                "Reset",
                "webcam_neutral_reset",
                icon=":material/undo:",
                type="tertiary",
                disabled=own is None,
            ):
                st.session_state[_KEY] = None
                st.rerun()
        if own is not None and own.baseline is None:
            seen = own.follow(snapshot)
            st.progress(min(1.0, seen / LOOKS), f"Looking at face {own.face_id:,}, keep still ...")
        if own is not None and own.baseline is not None:
            st.markdown(
                f":material/check: The card of face {own.face_id:,} compares it with its neutral."
            )
    if followed and not calibrating():
        st.rerun()


def _start(snapshot: LiveSnapshot) -> None:
    """Begin with the largest face."""
    result = snapshot.result
    if result is None or not result.measured:
        st.info("No face in view. Look towards the camera, then try again.")
        return
    engine = viewer_engine()
    general = engine.classifier.folder.neutral_reading(engine.classifier.head)
    if not general:
        st.info("How it reads neutral faces was not recorded with this model.")
        return
    face = max(result.measured, key=lambda one: one.box.area)
    st.session_state[_KEY] = _OwnNeutral(face.face_id, engine, result.timestamp_s, row_of(general))
    st.rerun()
