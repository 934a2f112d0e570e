"""The home page: what this does, seen at a glance, and three ways to try it."""

from __future__ import annotations

import streamlit as st

from fer.labels import PERCEIVED
from fer.models.card import SEEN_PROTOCOL, ModelCard
from fer.recognition.classifier import usual_labels
from fer.ui import samples
from fer.ui.shell import START_CAMERA, begin, errors_shown, shipped_model
from fer.ui.text import text
from fer.ui.webcam.camera_watch import camera_status

_STYLE = """
<style>
.st-key-home {row-gap: 1.2rem;}
.st-key-home_picture img {border-radius: .6rem;}
</style>
"""


def limits(card: ModelCard) -> dict[str, str]:
    """What it can tell, what it cannot, and how often it is right, by the model's own figure."""
    *names, last = card.labels[usual_labels(card)]
    metric = card.metric("accuracy", head=PERCEIVED, protocol=SEEN_PROTOCOL)
    most = "most people would see" if PERCEIVED in card.labels else "they show"
    right = "How often it is right was not measured"
    if metric is not None:
        right = (
            f"Of 100 test faces that most people agree on, it reads {metric.value * 100:.0f} as "
            "they do"
        )
    return {
        "It can": f"find the faces in a picture and say which expression {most}: "
        f"{', '.join(names)} or {last}.",
        "It cannot": "tell what somebody feels, thinks or intends. An expression is not a feeling "
        "(Barrett et al. 2019).",
        "It errs.": f"{right}; fewer in poor light, from the side, or where faces differ from "
        'those it learned from. When it is not sure, it says "unsure".',
    }


def _go(note: str, page: str) -> None:
    """Open a page that begins by itself."""
    st.session_state[note] = True
    st.switch_page(page)


def _ways() -> None:
    """Three ways to try it, one press each."""
    if st.button(
        "Start the camera",
        key="home_camera",
        icon=":material/videocam:",
        type="primary",
        width="stretch",
    ):
        _go(START_CAMERA, "pages/1_Webcam.py")
    if samples.pictures_button("home_pictures", "stretch"):
        _go(samples.SHOW_PICTURES, "pages/2_Photos.py")
    if samples.clip_button("home_clip", "stretch"):
        _go(samples.READ_CLIP, "pages/3_Video.py")


def render() -> None:
    """Draw the page."""
    begin("Home", "🙂")
    st.html(_STYLE)
    with st.container(key="home"):
        words, picture = st.columns([2, 3], gap="medium", vertical_alignment="center")
        with words:
            st.title("See what a face shows, live")
            st.markdown("Every face gets a box, an expression, and how sure the reading is.")
            _ways()
            camera_status()
        with picture, st.container(key="home_picture"):
            st.image(
                samples.HOME.read_bytes(),
                width="stretch",
                alt="Two portraits, each with a box, the expression read in it and how sure it is",
                caption="Eileen Collins (NASA) and Grace Hopper (US Navy), public domain",
            )
    with errors_shown():
        card = shipped_model().card
        for column, (name, line) in zip(st.columns(3), limits(card).items(), strict=True):
            column.markdown(text("**{name}** {line}", name=name, line=line))
    st.caption(
        "Pictures are read on the server that shows this page, and none is kept unless you "
        "download it. In the EU, reading emotions at work or in education is banned (AI Act, "
        "Art. 5(1)(f))."
    )
