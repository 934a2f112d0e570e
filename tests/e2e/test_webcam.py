"""The webcam page in a real browser with a fake camera."""

import re

import numpy as np
import pytest
from live import button, grabbed_frame, open_webcam, press, wait_for_new_frames
from playwright.sync_api import Page, Playwright, expect
from support import ASTRONAUT_FACE, LEFT, PAN, SIDE, Server, launch

from fer.boxes import iou
from fer.captions import hex_to_bgr
from fer.labels import COLOURS
from fer.results import Box

pytestmark = pytest.mark.browser


def astronaut_box(shift: int) -> Box:
    x, y, width, height = (round(v * SIDE / 512) for v in ASTRONAUT_FACE)
    return Box(LEFT + shift + x, y, width, height)


def shown_box(page: Page) -> Box:
    text = page.locator(".fer-card").first.get_attribute("data-box")
    assert text is not None
    x, y, width, height = (int(part) for part in text.split(","))
    return Box(x, y, width, height)


def test_one_press_on_the_home_page_starts_the_camera_and_another_after_a_stop(
    page: Page, server: Server
) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Start the camera").click()
    expect(button(page, "STOP")).to_be_visible()
    for again in (False, True):
        if again:
            press(page, "START")
        wait_for_new_frames(page)
        expect(page.locator(".fer-card b").first).to_have_text("happy")
        box_is_on_the_face(page)
        press(page, "STOP")
        expect(button(page, "START")).to_be_visible()
        expect(page.get_by_text("Press START to begin.")).to_be_visible()
    assert "Traceback" not in server.log_text()


def box_is_on_the_face(page: Page) -> None:
    """In the table and in the picture."""
    box = shown_box(page)
    assert max(iou(box, astronaut_box(shift)) for shift in range(-PAN, PAN + 1)) > 0.5
    frame = grabbed_frame(page)
    gold = np.abs(frame.astype(int) - hex_to_bgr(COLOURS["happy"])).max(axis=2) < 70
    # The returned video carries the box: near the face there are long straight gold lines.
    area = gold[:260, 150:490]
    assert max(area.sum(axis=0).max(), area.sum(axis=1).max()) > 50


def test_the_stage_keeps_its_place_when_the_camera_starts(page: Page, server: Server) -> None:
    sizes = ((1280, 800), (390, 844))
    open_webcam(page, server)
    expect(button(page, "START")).to_be_visible()
    bar = page.locator(".st-key-live_controls")
    expect(bar.get_by_role("combobox", name="Blur faces")).to_be_visible()

    def places() -> list[object]:
        found = []
        for width, height in sizes:
            page.set_viewport_size({"width": width, "height": height})
            box = bar.bounding_box()
            # Picture and controls are on the first screen together.
            assert box is not None and box["y"] + box["height"] <= height
            found.append(box)
        return found

    before = places()
    press(page, "START")
    wait_for_new_frames(page)
    expect(page.locator(".fer-card b").first).to_have_text("happy")
    assert places() == before
    press(page, "STOP")
    assert "Traceback" not in server.log_text()


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (
            ("--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream"),
            "The browser was not allowed to use the camera",
        ),
        (("--use-fake-ui-for-media-stream",), "No camera was found"),
    ],
    ids=["denied", "no camera"],
)
def test_a_failing_camera_gets_a_plain_hint(
    playwright: Playwright, server: Server, flags: tuple[str, ...], hint: str
) -> None:
    browser = launch(playwright, *flags)
    try:
        page = browser.new_page()
        open_webcam(page, server)
        press(page, "START")
        shown = page.get_by_test_id("stAlert").filter(has_text=re.compile(hint))
        expect(shown).to_be_visible(timeout=30_000)
    finally:
        browser.close()
    assert "Traceback" not in server.log_text()


def test_an_insecure_page_says_so(playwright: Playwright, server: Server) -> None:
    # Chromium trusts plain http on localhost only; a name of another host is not secure.
    browser = launch(playwright, "--host-resolver-rules=MAP camera.example 127.0.0.1")
    try:
        page = browser.new_page()
        page.goto(server.url.replace("127.0.0.1", "camera.example") + "/Webcam")
        hint = page.get_by_test_id("stAlert").filter(has_text="This page is not secure")
        expect(hint).to_be_visible(timeout=30_000)
    finally:
        browser.close()


def test_the_server_never_imports_tensorflow(page: Page, server: Server) -> None:
    for path in ("", "Webcam", "Photos", "Dataset"):
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator('[data-testid="stStatusWidget"]')).to_have_count(0)
    modules = server.modules()
    assert "cv2" in modules and "streamlit_webrtc" in modules
    assert not {"tensorflow", "keras", "jax", "torch"} & modules
