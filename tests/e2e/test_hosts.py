"""No page makes the browser contact another host, whatever is handed in."""

import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from support import Server, astronaut_png, choose, choose_data, hand_in, opened, write_film

pytestmark = pytest.mark.browser

STRANGER = "http://192.0.2.7/beacon.png"
# Markdown, HTML, a bare address and a style sheet; "/" is a folder in a ZIP and no fault in a CSV.
SPEAKING = (
    f"![x]({STRANGER})",
    f"<img src={STRANGER}>",
    f"<style>@import url({STRANGER});</style>",
    f"[![x]({STRANGER})]({STRANGER}) www.example.org",
)
# What a file system takes as a name: an address without slashes is one for a browser.
FILE_NAME = r"![x](http:\\192.0.2.7\b.png) <img src=http:\\192.0.2.7\b.png>"


class Contacts:
    """The hosts that a browser's pages ask for anything."""

    def __init__(self, context: BrowserContext) -> None:
        self.hosts: set[str] = set()
        context.on("request", lambda request: self._add(request.url))
        context.on("page", lambda page: page.on("websocket", lambda one: self._add(one.url)))

    def _add(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob"):
            self.hosts.add(urlsplit(url).netloc)


@pytest.fixture
def contacts(page: Page) -> Contacts:
    found = Contacts(page.context)
    page.on("websocket", lambda one: found._add(one.url))
    return found


def settled(page: Page) -> None:
    """Until the page has nothing more to draw or to load."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    page.wait_for_load_state("networkidle")


def zipped(names: tuple[str, ...], content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


def small_png() -> bytes:
    return bytes(cv2.imencode(".png", np.full((48, 48), 90, np.uint8))[1])


def test_the_check_would_see_a_stranger(page: Page, server: Server, contacts: Contacts) -> None:
    opened(page, server, "")
    with page.expect_request(STRANGER):
        page.evaluate(f"new Image().src = {STRANGER!r}")
    assert contacts.hosts == {urlsplit(server.url).netloc, "192.0.2.7"}


@pytest.mark.parametrize("name", ["", "Webcam", "Photos", "Video", "Dataset", "Model"])
def test_every_page_as_it_opens_asks_its_own_server_alone(
    page: Page, server: Server, contacts: Contacts, name: str
) -> None:
    opened(page, server, name)
    settled(page)
    assert contacts.hosts == {urlsplit(server.url).netloc}


def test_names_of_photos_stay_text(page: Page, server: Server, contacts: Contacts) -> None:
    opened(page, server, "Photos")
    names = [f"{name}.png" for name in SPEAKING]
    hand_in(page, "a.zip", zipped((*names, f"{SPEAKING[0]}/b.png"), astronaut_png()))
    expect(page.get_by_test_id("stImage")).to_have_count(5)
    settled(page)
    page.locator("[class*=st-key-photo_tile]").first.get_by_role("button").click()
    expect(page.get_by_role("img", name="Face 1").first).to_be_visible()
    expect(page.get_by_text(STRANGER.split(":")[0]).first).to_be_visible()
    for name, content in (
        (f"{FILE_NAME}.png", b"no picture"),
        ("b.zip", zipped(tuple(names), b"no picture")),
    ):
        opened(page, server, "Photos")
        hand_in(page, name, content)
        expect(page.get_by_text("this needs a JPEG").first).to_be_visible()
    settled(page)
    assert contacts.hosts == {urlsplit(server.url).netloc}


def test_names_of_videos_stay_text(
    page: Page, server: Server, contacts: Contacts, tmp_path: Path
) -> None:
    opened(page, server, "Video")
    clip = tmp_path / "clip.mp4"
    write_film(clip, 1)
    hand_in(page, f"{FILE_NAME}.mp4", clip.read_bytes())
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_role("heading", name="![x]")).to_be_visible()
    settled(page)
    page.get_by_text("Another video, or other settings").click()
    hand_in(page, f"{FILE_NAME}.mp4", b"no video")
    refused = page.get_by_role("alert").filter(has_text="![x]").first
    for _ in range(3):
        # A press while the page is drawn for the file is lost.
        page.get_by_role("button", name="Analyse").click()
        with suppress(AssertionError):
            expect(refused).to_be_visible(timeout=20_000)
            break
    expect(refused).to_be_visible()
    settled(page)
    page.get_by_text("Path on this machine").click()
    page.get_by_label("Path of a video file").fill(SPEAKING[0])
    page.get_by_label("Path of a video file").press("Enter")
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_role("alert").filter(has_text="beacon.png").first).to_be_visible()
    assert contacts.hosts == {urlsplit(server.url).netloc}


@pytest.mark.parametrize(("name", "tab", "files"), [("Dataset", "", 6), ("Model", "Your faces", 2)])
def test_headers_and_classes_of_data_stay_text(
    page: Page, server: Server, contacts: Contacts, tmp_path: Path, name: str, tab: str, files: int
) -> None:
    header = ("emotion " + " ".join(SPEAKING) + ",a,b\n1\n").encode()
    row = " ".join(["9"] * 2304)
    said = f"emotion,pixels,Usage\n{SPEAKING[0]},{row},Training\n".encode()
    # Both pages choose their data by the same function: one goes through all that it reads.
    for content in (
        (f"{FILE_NAME}.csv", header),
        ("a.zip", zipped(tuple(f"happy/{one}.png" for one in SPEAKING), small_png())),
        ("a.zip", zipped(tuple(f"train/{one}/1.png" for one in SPEAKING), small_png())),
        ("a.zip", zipped((f"happy/{SPEAKING[0]}.png",), b"no picture")),
        ("beacon.csv", header),
        ("fer2013.csv", said),
    )[:files]:
        opened(page, server, name)
        if tab:
            choose(page, tab)
        else:
            choose_data(page)
        hand_in(page, *content)
        settled(page)
    path = tmp_path / FILE_NAME
    path.write_bytes(header)
    page.get_by_label("Path of a file or folder").fill(str(path))
    page.get_by_label("Path of a file or folder").press("Enter")
    settled(page)
    assert contacts.hosts == {urlsplit(server.url).netloc}


def test_what_a_kept_model_says_stays_text(page: Page, server: Server, contacts: Contacts) -> None:
    opened(page, server, "Webcam")
    page.get_by_text("Teach it my face").click()
    kept = {"format": SPEAKING[0], "model": SPEAKING[1], "labels": list(SPEAKING)}
    hand_in(page, "my-face.json", json.dumps(kept).encode())
    expect(page.get_by_role("alert").filter(has_text="this needs").first).to_be_visible()
    settled(page)
    assert contacts.hosts == {urlsplit(server.url).netloc}
