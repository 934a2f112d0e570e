"""The controls of the webcam page: they act at once, and survive a page switch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from fer.detection.base import DETECTORS, DetectorName
from fer.live.session import LiveSession
from fer.live.settings import SENSITIVITIES, LiveSettings
from fer.overlay import Blur
from fer.ui.label_sets import label_set_choice
from fer.ui.model_choice import explainer
from fer.ui.webcam.personal import chosen_engine, personal_engine

_BLUR_NAMES: dict[Blur, str] = {
    "nobody": "No blur",
    "everyone": "Blur everyone",
    "others": "Blur all but one",
}

DETECTOR_NAMES: dict[DetectorName, str] = {"blazeface": "BlazeFace", "cascade": "Cascade"}

_OWN_THRESHOLD = "Decide by itself when to say “unsure”"


def kept_toggle(label: str, key: str, default: bool = False, **options: Any) -> bool:
    """A toggle that survives a page switch."""
    return st.toggle(label, default, key=key, persist_state="session", **options)


def kept_choice(label: str, options: dict[Any, str], key: str, default: Any, **more: Any) -> Any:
    """One of several options, each with its name, that survives a page switch."""
    if st.session_state.get(key) not in options:
        st.session_state[key] = default
    return st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        key=key,
        required=True,
        persist_state="session",
        **more,
    )


def _unblurred(session: LiveSession) -> int | None:
    """Which face stays as it is; the largest one unless chosen."""
    result = session.snapshot().result
    ids = [face.face_id for face in result.faces] if result else []
    before = st.session_state.get("webcam_unblurred")
    options = sorted({*ids, *([before] if before is not None else [])})
    if not options:
        return None
    names = {face_id: f"face {face_id}" for face_id in options}
    return int(kept_choice("Leave sharp", names, "webcam_unblurred", (ids or options)[0]))


@st.fragment
def switches(session: LiveSession) -> None:
    """The switches at the picture; they act with the next frame. The stream is not touched."""
    defaults = LiveSettings()
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        paused = kept_toggle("Pause", "webcam_paused")
        mirror = kept_toggle("Mirror", "webcam_mirror", defaults.mirror)
        blur = st.selectbox(
            "Blur faces",
            list(_BLUR_NAMES),
            format_func=_BLUR_NAMES.__getitem__,
            key="webcam_blur",
            label_visibility="collapsed",
            width=160,
            persist_state="session",
        )
    unblurred = _unblurred(session) if blur == "others" else None
    if blur != "nobody":
        st.caption("A face that is not found is not blurred.")
    shown = replace(session.settings, paused=paused, mirror=mirror, blur=blur, unblurred=unblurred)
    session.configure(shown, personal_engine(chosen_engine()))


@st.fragment
def settings(session: LiveSession) -> None:
    """How faces are searched, read and drawn; acts with the next frame."""
    with st.expander("Settings", icon=":material/tune:"):
        _settings(session)


def _settings(session: LiveSession) -> None:
    defaults = LiveSettings()
    left, right = st.columns(2, gap="large")
    with left:
        bars = kept_toggle("Three most likely, beside each face", "webcam_bars", defaults.bars)
        heat = kept_toggle(
            "Heat map", "webcam_heat", help="Which parts of each face speak for what is read in it."
        )
        identity = kept_toggle(
            "Recognise who comes back",
            "webcam_identity",
            defaults.identity,
            help="A person who leaves the picture and returns gets the old number, by how the face "
            "looks. The numbers for this are kept in memory only, never in a file, compared with "
            "nobody outside this stream, and gone when it ends or you turn this off.",
        )
        kept_choice(
            "Faces are found by",
            DETECTOR_NAMES,
            "webcam_detector",
            DETECTORS[0],
            help="BlazeFace also finds tilted and half turned faces. The cascade is older, for "
            "upright faces that look into the camera.",
        )
        labels = label_set_choice("webcam_labels", persist_state="session")
    engine = chosen_engine()
    with right:
        sensitivity = st.select_slider(
            "Sensitivity",
            SENSITIVITIES,
            defaults.sensitivity,
            key="webcam_sensitivity",
            persist_state="session",
            help="Strict: few things are taken for faces. Eager: few faces are missed.",
        )
        min_face = st.slider(
            "Smallest face, pixels",
            20,
            200,
            defaults.min_face,
            4,
            key="webcam_min_face",
            persist_state="session",
            help="Smaller faces are farther away; looking for them takes longer.",
        )
        smoothing_s = st.slider(
            "Smoothing, seconds",
            0.0,
            2.0,
            defaults.smoothing_s,
            0.05,
            format="%.2f s",
            key="webcam_smoothing",
            persist_state="session",
            help="Longer is steadier, shorter follows faster.",
        )
        own = kept_toggle(
            _OWN_THRESHOLD,
            "webcam_own_threshold",
            True,
            help=f"Below {engine.threshold:.2f}, which was chosen on faces that it had not "
            "learned from.",
        )
        threshold = st.slider(
            "“Unsure” below",
            0.0,
            1.0,
            0.5,
            0.05,
            key="webcam_threshold",
            persist_state="session",
            disabled=own,
        )
    session.explainer = explainer(engine.classifier.folder, labels) if heat else None
    chosen = replace(
        session.settings,
        sensitivity=sensitivity,
        min_face=min_face,
        smoothing_s=smoothing_s,
        threshold=None if own else threshold,
        bars=bars,
        identity=identity,
    )
    session.configure(chosen, personal_engine(engine))
