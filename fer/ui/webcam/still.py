"""Single pictures in place of a stream, for where WebRTC finds no way."""

from __future__ import annotations

import streamlit as st

from fer.decoding import Session
from fer.media.decoded import decode
from fer.media.sources import Source
from fer.overlay import draw_faces
from fer.ui import live_view
from fer.ui.webcam.personal import chosen_engine

_MAX_CARDS = 6


def single_pictures() -> None:
    """A camera that takes one picture at a time, sent like any upload, and what is read in it."""
    shot = st.camera_input("Take a picture", key="webcam_still")
    if shot is None:
        return
    _digest, (picture,) = decode(Source("camera picture", data=shot.getvalue()), Session())
    faces = chosen_engine().analyze(picture.image_bgr)
    st.image(
        draw_faces(picture.image_bgr, faces),
        channels="BGR",
        width="stretch",
        alt=f"The picture with {len(faces)} faces marked",
    )
    if not faces:
        text = "No face found. Look towards the camera, with light on your face."
        st.html(live_view.STYLE + live_view.placeholder(text))
    cards = "".join(
        live_view.face_card(face, f"face {face.face_id + 1}") for face in faces[:_MAX_CARDS]
    )
    st.html(live_view.STYLE + cards)
