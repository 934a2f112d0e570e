"""The gallery of the photos page as a script, without a browser."""

import io
import zipfile

import cv2
import numpy as np
import pytest
from skimage import data
from streamlit.testing.v1 import AppTest

from fer.media.photo import Photo
from fer.media.photo_task import PhotoTask
from fer.ui.shell import PUT_AWAY
from tests.ui.opened import choose, html_of, open_page


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
    at = open_page("pages/2_Photos.py")
    at.file_uploader(key="photos_files0").upload("album.zip", album(14), "application/zip").run()
    at.session_state["photos_batch"].wait(120)
    return at.run()


def names(at: AppTest) -> list[str]:
    """The pictures of the gallery that are on the page."""
    return [button.label.split("/")[1] for button in at.button if "/" in button.label]


def test_an_album_is_a_gallery_in_pages_with_a_chart(gallery: AppTest) -> None:
    assert not gallery.exception
    assert any("**14** faces in **16** pictures" in text.value for text in gallery.markdown)
    assert len(gallery.get("plotly_chart")) == 1
    assert not gallery.error
    (folded,) = (one for one in gallery.expander if one.label.startswith("1 picture was not read"))
    assert folded.markdown[0].value.startswith("album.zip/q-broken.png: this needs a JPEG")
    assert len(names(gallery)) == 12
    choose(gallery, photos_page=2)
    assert names(gallery) == ["p12.png", "p13.png", "q-blank.png"]
    choose(gallery, photos_page=1)


def test_filters_and_order_choose_what_is_shown(gallery: AppTest) -> None:
    gallery.pills(key="photos_emotions").set_value(["happy"]).run()
    assert any("14 of 15 pictures" in text.value for text in gallery.caption)
    gallery.slider(key="photos_confidence").set_value(100).run()
    assert not names(gallery)
    gallery.slider(key="photos_confidence").set_value(0).run()
    gallery.pills(key="photos_emotions").set_value([]).run()
    gallery.selectbox(key="photos_order").set_value("least confident").run()
    assert not gallery.exception and len(names(gallery)) == 12
    gallery.selectbox(key="photos_order").set_value("as handed in").run()


def test_a_picture_opens_large_and_everything_is_there_after_a_page_switch(
    gallery: AppTest,
) -> None:
    gallery.button(key="photo_open1").click().run()
    assert not gallery.exception and not names(gallery)
    assert html_of(gallery).count('class="fer-card"') == 1
    assert any(text.value.startswith("Warm:") for text in gallery.caption)
    gallery.radio(key="photos_labels").set_value("ferplus").run()
    assert "<span>contempt</span>" in html_of(gallery)
    gallery.switch_page("pages/5_Model.py").run()
    gallery.switch_page("pages/2_Photos.py").run()
    assert not gallery.exception and "<span>contempt</span>" in html_of(gallery)
    gallery.button(key="photos_next").click().run()
    assert any("p01.png" in text.value for text in gallery.caption)
    gallery.button(key="photos_out").click().run()
    assert any("**13** faces in **15** pictures" in text.value for text in gallery.markdown)
    gallery.button(key="photos_clear").click().run()
    assert not gallery.exception and not names(gallery)
    assert gallery.file_uploader(key="photos_files1") is not None


def with_samples() -> AppTest:
    at = open_page("pages/2_Photos.py")
    at.button(key="photos_samples").click().run()
    at.session_state["photos_batch"].wait(120)
    return at.run()


def test_a_part_of_the_page_says_that_the_pictures_were_put_away_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = with_samples()
    assert len(names(at)) == 0 and any("in **2** pictures" in one.value for one in at.markdown)
    photos = PhotoTask.photos

    def put_away(task: PhotoTask) -> list[Photo]:
        task.close()
        return photos(task)

    # After the page has looked whether they are there, before a part of it draws them.
    monkeypatch.setattr(PhotoTask, "photos", put_away)
    at.run()
    assert not at.exception and [text.value for text in at.info] == [PUT_AWAY]
    assert not any("pictures" in text.value for text in at.markdown)
    assert "photos_batch" not in at.session_state


def test_sample_pictures_that_were_taken_out_come_back_once() -> None:
    at = with_samples()
    task = at.session_state["photos_batch"]
    for number in (1, 2):
        task.forget(number)
    at.run()
    for _press in range(2):
        at.button(key="photos_samples").click().run()
        task.wait(120)
    assert not at.run().exception
    assert [photo.result.source for photo in task.photos()] == ["collins.jpg", "hopper.jpg"]


def test_new_pictures_after_old_ones_were_put_away_do_not_open_by_themselves() -> None:
    at = with_samples()
    at.button(key="photo_open2").click().run()
    assert at.session_state["photos_open"] == 2
    at.session_state["photos_batch"].close()
    at.run()
    assert [text.value for text in at.info] == [PUT_AWAY]
    at.button(key="photos_samples").click().run()
    at.session_state["photos_batch"].wait(120)
    assert not at.run().exception and "photos_open" not in at.session_state
    assert at.button(key="photo_open1") is not None
