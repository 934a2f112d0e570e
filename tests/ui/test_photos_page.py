"""The gallery of the photos page as a script, without a browser."""

import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data
from streamlit.testing.v1 import AppTest

PROJECT = Path(__file__).parents[2]


def album(count: int) -> bytes:
    """A ZIP of portraits that differ in a pixel, a picture without a face and a broken one."""
    small = cv2.resize(data.astronaut()[:280, 80:360, ::-1], (160, 160))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index in range(count):
            picture = small.copy()
            picture[0, 0] = index
            archive.writestr(f"p{index:02}.png", cv2.imencode(".png", picture)[1].tobytes())
        blank = np.full((60, 60, 3), 90, np.uint8)
        archive.writestr("q-blank.png", cv2.imencode(".png", blank)[1].tobytes())
        archive.writestr("q-broken.png", b"text")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def gallery() -> AppTest:
    at = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=120)
    at.switch_page("pages/2_Photos.py").run()
    at.file_uploader(key="photos_files").upload("album.zip", album(14), "application/zip").run()
    at.session_state["photos_batch"][1].wait(120)
    return at.run()


def captions(at: AppTest) -> list[str]:
    return [text.value for text in at.caption if text.value.startswith("album")]


def test_an_album_is_a_gallery_in_pages_with_a_chart(gallery: AppTest) -> None:
    assert not gallery.exception
    assert any("**14** faces in **16** pictures" in text.value for text in gallery.markdown)
    assert len(gallery.get("plotly_chart")) == 1
    assert len(gallery.error) == 1 and "q-broken" in gallery.error[0].value
    assert len(captions(gallery)) == 12
    gallery.number_input(key="photos_page").set_value(2).run()
    assert [name.split("/")[1] for name in captions(gallery)] == [
        "p12.png",
        "p13.png",
        "q-blank.png",
    ]
    gallery.number_input(key="photos_page").set_value(1).run()


def test_filters_and_order_choose_what_is_shown(gallery: AppTest) -> None:
    gallery.pills(key="photos_emotions").set_value(["happy"]).run()
    assert any("14 of 15 pictures" in text.value for text in gallery.caption)
    gallery.slider(key="photos_confidence").set_value(100).run()
    assert not captions(gallery)
    gallery.slider(key="photos_confidence").set_value(0).run()
    gallery.pills(key="photos_emotions").set_value([]).run()
    gallery.selectbox(key="photos_order").set_value("least confident").run()
    assert not gallery.exception and len(captions(gallery)) == 12
    gallery.selectbox(key="photos_order").set_value("as handed in").run()


def test_a_picture_opens_with_its_faces_and_their_three_top_emotions(gallery: AppTest) -> None:
    gallery.button(key="faces1").click().run()
    assert not gallery.exception
    html = " ".join(block.proto.body for block in gallery.get("html"))
    assert html.count("fer-row") - html.count(".fer-row") == 3
    assert any(text.value.startswith("Warm:") for text in gallery.caption)
