"""The controls of the webcam page, on a stream with two faces that is never restarted."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from live import button, grabbed_frame, open_webcam, press, wait_for_new_frames
from playwright.sync_api import Browser, Page, Playwright, expect
from support import Server, at_rest, camera_flags, launch, write_two_face_clip

from fer.labels import UNSURE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pair_browser(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    clip = tmp_path_factory.mktemp("pair") / "pair.mjpeg"
    write_two_face_clip(clip)
    instance = launch(playwright, *camera_flags(clip))
    yield instance
    instance.close()


@pytest.fixture
def pair(pair_browser: Browser, server: Server) -> Iterator[Page]:
    """The webcam page with the stream running and both faces on show."""
    context = pair_browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(45_000)
    open_webcam(page, server)
    press(page, "START")
    wait_for_new_frames(page)
    expect(page.locator(".fer-card")).to_have_count(2)
    yield page
    context.close()


def until(page: Page, condition: object, seconds: float = 30) -> None:
    """Wait for something to become true of the decoded picture."""
    assert callable(condition)
    for _ in range(int(seconds / 0.3)):
        if condition(grabbed_frame(page)):
            return
        page.wait_for_timeout(300)
    raise AssertionError(f"the picture did not change within {seconds} s")


def typical(page: Page, measure: Callable[[np.ndarray], int]) -> float:
    """The median of a measure over some frames."""
    return float(np.median([measure(grabbed_frame(page)) for _ in range(9)]))


def orange(frame: np.ndarray) -> int:
    """Pixels in the colour of the portrait's suit, which the bars beside a face cover partly."""
    blue, greens, red = np.moveaxis(frame.astype(int), -1, 0)
    return int(((red > 150) & (greens < 130) & (blue < 100)).sum())


def green(frame: np.ndarray) -> int:
    """Pixels of the colour between the cold and the hot of a heat map."""
    blue, greens, red = np.moveaxis(frame.astype(int), -1, 0)
    return int(((greens > red + 15) & (greens > blue - 10)).sum())


def test_controls_act_at_once_without_a_restart(pair: Page, server: Server) -> None:
    first = wait_for_new_frames(pair)

    # Mirrored by default: the darker portrait, on the right in the camera, is on the left.
    left, right = slice(0, 300), slice(340, 640)
    until(pair, lambda f: f[100:380, left].mean() < f[100:380, right].mean() - 10)
    pair.get_by_text("Mirror", exact=True).click()
    until(pair, lambda f: f[100:380, left].mean() > f[100:380, right].mean() + 10)

    with_bars = typical(pair, orange)
    pair.get_by_text("Settings", exact=True).click()
    pair.get_by_text("Three most likely, beside each face").click()
    for _ in range(10):
        if typical(pair, orange) > with_bars + 600:
            break
    else:
        raise AssertionError("the bars did not go")

    calm = green(grabbed_frame(pair))
    pair.get_by_text("Heat map", exact=True).click()
    until(pair, lambda f: green(f) > calm + 600)
    pair.get_by_text("Heat map", exact=True).click()
    until(pair, lambda f: green(f) < calm + 400)

    # Another detector takes over in the same stream.
    pair.get_by_role("radio", name="Cascade").click()
    expect(pair.locator(".fer-card")).to_have_count(2)
    pair.get_by_role("radio", name="BlazeFace").click()

    pair.get_by_text("With contempt as well", exact=True).click()
    expect(pair.locator(".fer-card").first).to_contain_text("contempt")
    pair.get_by_text("What people see", exact=True).click()
    expect(pair.locator(".fer-card").first).not_to_contain_text("contempt")

    pair.get_by_text("Decide by itself when to say").click()
    slider = pair.get_by_role("slider", name="“Unsure” below")
    expect(slider).to_be_enabled()
    slider.press("End")
    expect(slider).to_have_value("1")
    expect(pair.locator(".fer-card b").first).to_have_text(UNSURE)

    # On a phone both cards take the height of one, so that what is below does not jump.
    pair.set_viewport_size({"width": 390, "height": 900})
    pair.wait_for_function("document.querySelector('.st-key-live_cards').clientHeight < 340")
    assert pair.locator(".fer-card").count() == 2

    # A browser draws no picture that is scrolled out of view.
    pair.get_by_role("heading", name="Webcam").scroll_into_view_if_needed()
    # The same stream all along: a restarted one counts its frames from zero.
    assert wait_for_new_frames(pair) > first + 40
    press(pair, "STOP")
    assert "Traceback" not in server.log_text()


def test_pause_holds_the_picture(pair: Page, server: Server) -> None:
    def moved(before: np.ndarray) -> float:
        return float(np.abs(grabbed_frame(pair).astype(int) - before.astype(int)).mean())

    pair.get_by_text("Pause", exact=True).click()
    for _ in range(60):
        held = grabbed_frame(pair)
        pair.wait_for_timeout(700)
        # Coding noise only, which gets less while the picture stands.
        if moved(held) < 1:
            break
    wait_for_new_frames(pair)
    later = []
    for _ in range(5):
        later.append(moved(held))
        pair.wait_for_timeout(400)
    # Of several, or a key frame, coded anew where the machine is busy, would stand for movement.
    assert np.median(later) < 4
    pair.get_by_text("Pause", exact=True).click()
    until(pair, lambda frame: np.abs(frame.astype(int) - held.astype(int)).mean() > 6)
    press(pair, "STOP")


def test_settings_survive_a_page_switch(page: Page, server: Server) -> None:
    open_webcam(page, server)
    # A list that is open while the page is drawn anew closes.
    at_rest(page)
    page.get_by_role("combobox", name="Blur faces").click()
    page.get_by_role("option", name="Blur everyone").click()
    page.get_by_text("Mirror", exact=True).click()
    page.get_by_text("Settings", exact=True).click()
    slider = page.get_by_role("slider", name="Smallest face, pixels")
    # Not last: Streamlit tells of a slider a moment after it was moved.
    slider.press("End")
    page.get_by_text("With contempt as well", exact=True).click()
    at_rest(page)
    page.get_by_role("link", name="Photos").first.click()
    expect(page.get_by_role("heading", name="Photos")).to_be_visible()
    page.get_by_role("link", name="Webcam").first.click()
    expect(page.get_by_role("combobox", name="Blur faces")).to_have_value("Blur everyone")
    expect(page.get_by_label("Mirror")).not_to_be_checked()
    page.get_by_text("Settings", exact=True).click()
    expect(page.get_by_role("radio", name="With contempt as well")).to_be_checked()
    expect(slider).to_have_value("200")
    expect(button(page, "START")).to_be_visible()
    assert "Traceback" not in server.log_text()
