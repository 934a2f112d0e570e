"""What every page shares: page set-up, navigation, shared resources, errors, the small print."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from uuid import uuid4

import streamlit as st

from fer.errors import FerError
from fer.leases import RENEW_S, Leases
from fer.live.memory import share_heaps
from fer.models.store import CARD, ModelFolder, chosen_model, find_folder, open_model
from fer.recognition.recognizer import EmotionRecognizer
from fer.temporary import keep_private
from fer.ui.landmarks import landmarks
from fer.ui.messages import take_what_is_meant
from fer.ui.presses import entered
from fer.ui.text import fault

PAGES: tuple[tuple[str, str, str], ...] = (
    ("streamlit_app.py", "Home", ":material/home:"),
    ("pages/1_Webcam.py", "Webcam", ":material/videocam:"),
    ("pages/2_Photos.py", "Photos", ":material/photo_library:"),
    ("pages/3_Video.py", "Video", ":material/movie:"),
    ("pages/4_Dataset.py", "Dataset", ":material/monitoring:"),
    ("pages/5_Model.py", "Model", ":material/neurology:"),
)

_STYLE = """
<style>
.block-container {padding-top: 3.4rem; padding-bottom: 3rem; max-width: 1180px;}
.st-key-nav {border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent);
  padding-bottom: .35rem; margin-bottom: .6rem; row-gap: .1rem;}
.fer-brand {font-weight: 700; letter-spacing: -.01em; white-space: nowrap;
  padding: .3rem .6rem .3rem 0;}
.fer-brand span {display:inline-block; width:.62em; height:.62em; border-radius:50%;
  background: conic-gradient(#FF4457, #B43A00, #BF8500, #23904A, #5A87F3, #7E4EFF, #FF4457);
  margin-right:.45em;}
/* Nothing is to be seen of it: it takes no room. */
div:has(> .st-key-landmarks) {position: absolute;}
/* Streamlit's own grey is too faint to be read by everyone (WCAG 2.2, 1.4.3). */
[data-testid="stCaptionContainer"] {color: inherit; opacity: .82;}
.js-plotly-plot :is(.xtick text, .ytick text, .xtitle, .ytitle) {
  fill: currentColor !important; opacity: .82;}
/* White on the dark theme's light green is too faint as well. */
[data-testid^="stBaseButton-primary"] {color: light-dark(#FFFFFF, #0B1512) !important;}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after {transition: none !important; animation: none !important;
    scroll-behavior: auto !important;}
}
h1 {padding-top: .4rem !important;}
@media (max-width: 640px) {
  .block-container {padding-left: 1rem; padding-right: 1rem;}
  h1 {font-size: 1.9rem !important;}
  /* One line of links: the dot stands for the name, the words for their icons. */
  .fer-brand {font-size: 0;}
  .fer-brand span {width: .9rem; height: .9rem; margin: 0;}
  .st-key-nav {column-gap: 0 !important;}
  .st-key-nav a {gap: 0 !important; padding: .25rem .36rem !important;}
  .st-key-nav a p {font-size: .86rem !important;}
  .st-key-nav a > span:has([data-testid="stIconMaterial"]) {display: none;}
}
</style>
"""


@st.cache_resource(show_spinner=False)
def _settle() -> bool:
    """Once per server: move everything imported out of the garbage collector's sight.

    A full collection walks every object and holds the interpreter; after the imports that costs
    tens of milliseconds, which a live stream shows as a stutter.
    """
    logging.basicConfig(level="WARNING")
    # aiortc reports every closed peer connection at this level.
    logging.getLogger("aioice").setLevel("ERROR")
    keep_private()
    take_what_is_meant()
    _freeze()
    share_heaps()
    threading.Thread(target=_look_ahead, name="fer-look-ahead", daemon=True).start()
    return True


def _freeze() -> None:
    gc.collect()
    gc.freeze()


def _look_ahead() -> None:
    """Import what the other pages need, so that the first turn to each need not."""
    # The page that is being drawn goes first.
    time.sleep(_AHEAD_AFTER_S)
    for page in ("photos", "video", "dataset", "model"):
        import_module(f"fer.ui.{page}.page")
    _freeze()


PUT_AWAY = (
    "What was here has been put away, because this page was not open for some minutes. Hand it in "
    "again to go on."
)
_AHEAD_AFTER_S = 1.0
STREAM_PAGE = "Webcam"
STREAM_LEFT = "stream_left"
"""In the session while another page was drawn since the stream was."""
START_CAMERA = "webcam_start"
"""Set in the session by whoever opens the webcam page with a camera that starts by itself."""


def begin(title: str, icon: str) -> None:
    """Set up a page; its first call. Works when the page is the server's first request."""
    entered(title)
    if title != STREAM_PAGE:
        st.session_state[STREAM_LEFT] = True
        st.session_state.pop(START_CAMERA, None)
    st.set_page_config(
        page_title=f"{title} - fer dashboard",
        page_icon=icon,
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    _settle()
    st.html(_STYLE)
    with st.container(horizontal=True, key="nav", vertical_alignment="center", gap="small"):
        st.html('<div class="fer-brand"><span></span>fer dashboard</div>', width="content")
        for path, label, material in PAGES:
            st.page_link(path, label=label, icon=material, width="content")
    # A stream needs the browser's time itself.
    landmarks(charts_ahead=title != STREAM_PAGE)
    _renew()


@st.cache_resource(show_spinner=False)
def leases() -> Leases:
    """What this server's viewers have begun."""
    return Leases()


def viewer() -> str:
    """This viewer's name among the leases; known to nobody else."""
    name: str = st.session_state.setdefault("viewer", uuid4().hex)
    return name


@st.fragment(run_every=RENEW_S)
def _renew() -> None:
    """What this viewer has begun goes on as long as a page is open."""
    leases().renew(viewer())


def model_stamp(name: str) -> tuple[str, int]:
    """Changes with a model's card: what was loaded before is loaded anew."""
    path = find_folder(name) / CARD
    return str(path), path.stat().st_mtime_ns if path.is_file() else 0


@st.cache_resource(show_spinner="Loading the model ...", max_entries=8)
def _recognizer(
    labels: str | None, detector: str, name: str, stamp: tuple[str, int]
) -> EmotionRecognizer:
    return EmotionRecognizer.load(name, labels=labels, detector=detector)


def recognizer(labels: str | None = None, detector: str = "blazeface") -> EmotionRecognizer:
    """The chosen model with a detector; shared, thread-safe."""
    name = chosen_model()
    return _recognizer(labels, detector, name, model_stamp(name))


@st.cache_resource(show_spinner=False, max_entries=32)
def _opened(name: str, stamp: tuple[str, int]) -> ModelFolder:
    return open_model(name)


def opened(name: str) -> ModelFolder:
    """A model folder, verified once and again when its card changes.

    Raises:
        ModelError: If it is missing, incomplete or damaged.
    """
    return _opened(name, model_stamp(name))


def shipped_model() -> ModelFolder:
    """The folder of the model that the dashboard reads with: card, history, metrics."""
    return opened(chosen_model())


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a ``FerError`` as a sentence on the page; anything else surfaces in the log."""
    try:
        yield
    except FerError as refused:
        fault(refused)


def is_dark() -> bool:
    """Whether the page is shown in its dark theme; false where that is not known yet."""
    return st.context.theme.type == "dark"
