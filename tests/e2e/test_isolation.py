"""Two browsers, every page: nobody sees another's pictures, results, names or model."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from live import open_webcam, press, wait_for_new_frames
from playwright.sync_api import Browser, Page, expect
from support import Server, astronaut_png, choose_data, hand_in, opened, write_film

pytestmark = pytest.mark.browser

PAGES = ("", "Webcam", "Photos", "Video", "Dataset", "Model")
MINE = "alices-secret"


@pytest.fixture
def two(browser: Browser) -> Iterator[tuple[Page, Page]]:
    contexts = [browser.new_context(viewport={"width": 1280, "height": 900}) for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.set_default_timeout(45_000)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def class_folders() -> bytes:
    """A data set whose every picture is its own."""
    file = io.BytesIO()
    rng = np.random.default_rng(7)
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("happy", "sad"):
            for number in range(3):
                image = rng.integers(0, 256, (48, 48), np.uint8)
                archive.writestr(f"{name}/{number}.png", cv2.imencode(".png", image)[1].tobytes())
    return file.getvalue()


def test_what_one_hands_in_the_other_never_sees(
    two: tuple[Page, Page], server: Server, tmp_path: Path
) -> None:
    alice, bob = two
    opened(alice, server, "Photos")
    hand_in(alice, f"{MINE}.png", astronaut_png())
    expect(alice.get_by_text(f"{MINE}.png").first).to_be_visible()
    expect(alice.get_by_test_id("stImage").first).to_be_visible()
    picture = alice.get_by_test_id("stImage").first.locator("img").get_attribute("src")
    film = tmp_path / f"{MINE}.mp4"
    write_film(film, 1)
    alice.get_by_role("link", name="Video").first.click()
    expect(alice.get_by_role("heading", name="Video", level=1)).to_be_visible()
    alice.locator('input[type="file"]').set_input_files(film)
    alice.get_by_role("button", name="Analyse").click()
    expect(alice.get_by_role("heading", name=f"{MINE}.mp4")).to_be_visible()
    alice.get_by_role("link", name="Dataset").first.click()
    expect(alice.get_by_role("heading", name="Dataset", level=1)).to_be_visible()
    choose_data(alice)
    hand_in(alice, f"{MINE}.zip", class_folders())
    expect(alice.get_by_text(f"{MINE}.zip: 6 pictures")).to_be_visible()
    for name in PAGES:
        opened(bob, server, name)
        assert MINE not in bob.content()
        assert picture and picture not in bob.content()
    # The same bytes under another name: what is kept by content must not carry the first one.
    opened(bob, server, "Dataset")
    choose_data(bob)
    hand_in(bob, "bobs.zip", class_folders())
    expect(bob.get_by_text("bobs.zip: 6 pictures")).to_be_visible()
    assert MINE not in bob.content()


def test_a_recording_and_a_taught_face_are_of_one_viewer(
    two: tuple[Page, Page], server: Server
) -> None:
    alice, bob = two
    open_webcam(alice, server)
    press(alice, "start")
    wait_for_new_frames(alice)
    alice.get_by_role("button", name="Record").click()
    expect(alice.get_by_text("REC", exact=True)).to_be_visible()
    wait_for_new_frames(alice)
    open_webcam(bob, server)
    expect(bob.get_by_text("Press START to begin.")).to_be_visible()
    expect(bob.get_by_text("REC", exact=True)).to_have_count(0)
    expect(bob.locator(".fer-card")).to_have_count(0)
    alice.get_by_role("button", name="End the recording").click()
    expect(alice.get_by_text("Recording of")).to_be_visible()
    bob.reload()
    expect(bob.get_by_role("heading", name="Webcam")).to_be_visible()
    expect(bob.get_by_text("Recording of")).to_have_count(0)
    expect(bob.get_by_text("Taught:")).to_have_count(0)
