"""Each page as a script, without a browser."""

import io
import shutil
import zlib
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pytest
import streamlit as st
from PIL import Image
from skimage import data
from streamlit.testing.v1 import AppTest

from fer.models.card import SEEN_PROTOCOL
from fer.models.store import DEFAULT_MODEL, open_model
from fer.ui.shell import PAGES
from tests.ui.opened import html_of, open_page


def astronaut(kind: str = ".png") -> bytes:
    bgr = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(kind, bgr)[1])


def png_header_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds one pixel's worth of data."""
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG")
    whole = bytearray(buffer.getvalue())
    whole[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    whole[29:33] = zlib.crc32(bytes(whole[12:29])).to_bytes(4, "big")
    return bytes(whole)


def read_photos(uploads: dict[str, bytes]) -> AppTest:
    """The page with what came of these."""
    at = open_page("pages/2_Photos.py")
    for name, content in uploads.items():
        at.file_uploader(key="photos_files0").upload(name, content, "image/png")
    return finished(at.run())


def finished(at: AppTest) -> AppTest:
    at.session_state["photos_batch"].wait(120)
    return at.run()


def test_home_says_what_it_can_and_cannot_tell_beside_three_ways_to_try_it() -> None:
    at = open_page("streamlit_app.py")
    assert not at.exception
    assert [button.label for button in at.button] == [
        "Start the camera",
        "Try with sample pictures",
        "Try a sample clip",
    ]
    said = [text.value for text in at.markdown if text.value.startswith("**It ")]
    seen = open_model().card.metric("accuracy", head="perceived", protocol=SEEN_PROTOCOL)
    assert len(said) == 3 and f"reads {seen.value * 100:.0f} as they do" in said[2]


def test_the_sample_pictures_are_read_at_one_press_and_can_be_cleared() -> None:
    at = open_page("streamlit_app.py")
    at.button(key="home_pictures").click().run()
    finished(at)
    assert not at.exception and not at.error
    assert "</i>happy" in html_of(at) and "</i>neutral" in html_of(at)
    at.button(key="photos_clear").click().run()
    assert "</i>happy" not in html_of(at)


def test_the_sample_clip_is_read_at_one_press() -> None:
    at = open_page("streamlit_app.py")
    at.button(key="home_clip").click().run()
    at.session_state["video_run"].wait(240)
    at.run()
    assert not at.exception and not at.error
    assert at.session_state["video_run"].faces == 2


def test_webcam_waits_for_start_and_lists_every_way_a_camera_fails() -> None:
    with mock.patch("streamlit_webrtc.component.get_this_session_info", lambda: None):
        at = open_page("pages/1_Webcam.py")
    assert not at.exception
    assert "Press START to begin." in html_of(at)
    hints = " ".join(text.value for text in at.markdown)
    for cause in ("not secure", "not allowed", "No camera", "in use", "TURN", "black pictures"):
        assert cause in hints


def test_photos_reads_a_face_and_offers_the_table() -> None:
    at = read_photos({"astronaut.png": astronaut()})
    assert not at.exception and not at.error
    assert "<b>happy</b>" in html_of(at)
    labels = [button.label for button in at.get("download_button")]
    assert labels == ["ZIP", "Report", "CSV", "JSON", "JSON Lines", "Parquet"]
    # Valence and arousal when they are asked for, labelled as derived.
    assert "Circumplex of affect" not in html_of(at)
    at.toggle(key="photos_affect").set_value(True).run()
    assert not at.exception and not at.error
    assert "face 1: valence +0." in html_of(at) and ", derived" in html_of(at)


def test_broken_uploads_are_folded_into_one_line_and_the_good_one_is_done() -> None:
    png = astronaut()
    jpeg = bytes(cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1])
    uploads = {
        "text.jpg": b"not a picture at all",
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "empty.png": b"",
        "bomb.png": png_header_of(50_000, 50_000),
        "good.png": png,
    }
    at = read_photos(uploads)
    assert not at.exception
    (folded,) = (one for one in at.expander if one.label.startswith("4 pictures were not read"))
    messages = [message.value for message in folded.markdown]
    for name in ("text.jpg", "cut.jpg", "empty.png", "bomb.png"):
        (line,) = (m for m in messages if m.startswith(name))
        assert ": this needs " in line and "expected" not in line
    assert "<b>happy</b>" in html_of(at)


def test_a_hostile_file_name_stays_text() -> None:
    at = read_photos({"<script>alert(1)</script>.png": astronaut()})
    assert not at.exception
    assert "<script>" not in html_of(at)
    assert not any("<script>" in caption.value for caption in at.caption)
    assert any(r"\<script\>" in caption.value for caption in at.caption)


def test_the_camera_door_of_photos_reads_a_face() -> None:
    at = open_page("pages/2_Photos.py")
    at.segmented_control(key="photos_source").set_value("Camera").run()
    at.camera_input(key="photos_camera0").upload("shot.jpg", astronaut(".jpg"), "image/jpeg")
    finished(at.run())
    assert not at.exception
    assert "<b>happy</b>" in html_of(at)


@pytest.mark.parametrize("name", [path for path, _label, _icon in PAGES])
def test_a_damaged_model_is_a_sentence_on_every_page(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(open_model().path, tmp_path / DEFAULT_MODEL)
    file = tmp_path / DEFAULT_MODEL / "model.tflite"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    monkeypatch.setenv("FER_MODELS", str(tmp_path))
    st.cache_resource.clear()
    with mock.patch("streamlit_webrtc.component.get_this_session_info", lambda: None):
        at = open_page(name)
    st.cache_resource.clear()
    assert not at.exception
    assert any("SHA-256" in error.value for error in at.error)
