"""The large view of one picture of a data set as a script, without a browser."""

import cv2
import numpy as np
from skimage import data
from streamlit.testing.v1 import AppTest

from fer.datasets import FaceDataset


def script() -> None:
    import streamlit as st

    from fer.models.store import open_model
    from fer.ui.picture_view import show_picture

    show_picture(st.session_state["dataset"], st.session_state["index"], open_model())


def test_the_map_of_a_picture_is_for_what_the_model_reads_in_that_picture() -> None:
    face = cv2.cvtColor(data.astronaut()[58:188, 164:284], cv2.COLOR_RGB2GRAY)
    face = cv2.resize(face, (48, 48))
    images = np.stack([face, np.full((48, 48), 128, np.uint8), 255 - face, face[::-1]])
    none = np.zeros(len(images), np.int8)
    at = AppTest.from_function(script, default_timeout=120)
    at.session_state["dataset"] = FaceDataset(images, none, none)
    read = set()
    for index in range(len(images)):
        at.session_state["index"] = index
        at.run()
        assert not at.exception and not at.error
        (said,) = (one.value for one in at.markdown if " reads **" in one.value)
        read.add(top := said.split(" reads **")[1].split("**")[0])
        assert any(f"speaks for {top}," in one.value for one in at.caption)
    assert len(read) > 1
