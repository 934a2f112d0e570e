"""The controls of the webcam page: they act at once, and survive a page switch."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fer.live.session import LiveSession
from fer.live.settings import SENSITIVITIES, LiveSettings
from fer.overlay import Blur
from fer.ui.label_sets import label_set_choice, usual
from fer.ui.model_choice import explainer
from fer.ui.shell import recognizer
from fer.ui.webcam.personal import personal_engine

_BLUR_NAMES: dict[Blur, str] = {
    "nobody": "Nobody",
    "everyone": "Everyone",
    "others": "All but one",
}

_OWN_THRESHOLD = "Use the model's own threshold"


def _keep(key: str, default: Any) -> str:
    """Give a widget back its value: Streamlit forgets those of widgets on other pages."""
    kept = st.session_state.setdefault("webcam_kept", {})
    if key not in st.session_state:
        st.session_state[key] = kept.get(key, default)
    return key


def _remember(key: str) -> Any:
    value = st.session_state[key]
    st.session_state["webcam_kept"][key] = value
    return value


def set_kept(key: str, value: Any) -> None:
    """Set a widget that is not drawn yet in this run."""
    st.session_state.setdefault("webcam_kept", {})[key] = value
    st.session_state[key] = value


def kept_toggle(label: str, key: str, default: bool = False, **options: Any) -> bool:
    """A toggle that survives a page switch."""
    st.toggle(label, key=_keep(key, default), **options)
    return bool(_remember(key))


def _choice(label: str, options: dict[Any, str], key: str, default: Any, **more: Any) -> Any:
    st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        key=_keep(key, default),
        required=True,
        **more,
    )
    return _remember(key)


def _slider(label: str, low: float, high: float, step: float, key: str, **more: Any) -> float:
    st.slider(label, low, high, step=step, key=_keep(key, more.pop("default")), **more)
    return float(_remember(key))


def _unblurred(session: LiveSession) -> int | None:
    """Which face stays as it is; the largest one unless chosen."""
    result = session.snapshot().result
    ids = [face.face_id for face in result.faces] if result else []
    before = st.session_state.get("webcam_kept", {}).get("webcam_unblurred")
    options = sorted({*ids, *([before] if before is not None else [])})
    if not options:
        return None
    key = _keep("webcam_unblurred", ids[0] if ids else before)
    if st.session_state[key] not in options:
        st.session_state[key] = options[0]
    names = {face_id: f"face {face_id}" for face_id in options}
    return int(_choice("Leave sharp", names, "webcam_unblurred", options[0]))


@st.fragment
def controls(session: LiveSession) -> None:
    """Draw the controls and pass them to the stream. A fragment: the stream is not touched."""
    defaults = LiveSettings()
    with st.container(horizontal=True, gap="medium", key="live_switches"):
        paused = kept_toggle("Pause", "webcam_paused")
        mirror = kept_toggle("Mirror", "webcam_mirror", defaults.mirror)
        bars = kept_toggle("Top three", "webcam_bars", defaults.bars)
        heat = kept_toggle(
            "Heat map",
            "webcam_heat",
            help="What on each face speaks for its label: a class activation map.",
        )
    blur = _choice(
        "Blur faces",
        _BLUR_NAMES,
        "webcam_blur",
        defaults.blur,
        help="What the detector misses is not blurred. While its answer is late, all of the "
        "picture is.",
    )
    unblurred = _unblurred(session) if blur == "others" else None
    with st.expander("Detection and reading", icon=":material/tune:"):
        st.select_slider(
            "Detector",
            SENSITIVITIES,
            key=_keep("webcam_sensitivity", defaults.sensitivity),
            help="Strict: few false faces. Eager: few missed faces.",
        )
        sensitivity = _remember("webcam_sensitivity")
        smallest = _slider(
            "Smallest face, pixels",
            20.0,
            200.0,
            4.0,
            "webcam_min_face",
            default=float(defaults.min_face),
            format="%d",
            help="Smaller faces are farther away; looking for them takes longer.",
        )
        smoothing_s = _slider(
            "Smoothing, seconds",
            0.0,
            2.0,
            0.05,
            "webcam_smoothing",
            default=defaults.smoothing_s,
            format="%.2f s",
            help="Longer is steadier, shorter follows faster.",
        )
        identity = kept_toggle(
            "Recognise who comes back",
            "webcam_identity",
            defaults.identity,
            help="A person who leaves the picture and returns gets the old number, by how the face "
            "looks. The numbers for this are kept in memory only, never in a file, compared with "
            "nobody outside this stream, and gone when it ends or you turn this off.",
        )
        label_set_choice(_keep("webcam_labels", usual()))
        labels = _remember("webcam_labels")
        engine = recognizer(labels)
        own = kept_toggle(
            _OWN_THRESHOLD,
            "webcam_own_threshold",
            True,
            help=f"{engine.threshold:.2f}, chosen on validation data. Below it the label is "
            "“unsure”.",
        )
        threshold = _slider(
            "Threshold of “unsure”",
            0.0,
            1.0,
            0.05,
            "webcam_threshold",
            default=0.5,
            disabled=own,
        )
    settings = LiveSettings(
        sensitivity=sensitivity,
        min_face=round(smallest),
        smoothing_s=smoothing_s,
        threshold=None if own else threshold,
        mirror=mirror,
        blur=blur,
        unblurred=unblurred,
        bars=bars,
        paused=paused,
        identity=identity,
    )
    session.explainer = explainer(engine.classifier.folder, labels) if heat else None
    session.configure(settings, personal_engine(engine))
