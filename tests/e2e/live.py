"""The webcam page as a user meets it: buttons of the stream, decoded frames, pixels."""

import base64
import re
import time
from contextlib import suppress

import numpy as np
from playwright.sync_api import Error, FrameLocator, Locator, Page, expect
from support import Server

from fer.pictures.reading import decode_image

STREAM = 'iframe[src*="streamlit_webrtc"]'

# Counts decoded frames of the incoming stream: currentTime goes on when a stream is dead.
COUNT_FRAMES = """() => {
  const video = document.querySelector('video');
  return video ? video.getVideoPlaybackQuality().totalVideoFrames : 0;
}"""

GRAB_FRAME = """() => {
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  return canvas.toDataURL('image/png').split(',')[1];
}"""


def stream(page: Page) -> FrameLocator:
    return page.frame_locator(STREAM)


def button(page: Page, name: str) -> Locator:
    # Shown in capitals by a style sheet; the accessible name is not.
    return stream(page).get_by_role("button", name=re.compile(f"^{name}$", re.IGNORECASE))


def press(page: Page, name: str) -> None:
    button(page, name).click()


def evaluate_in_stream(page: Page, script: str) -> object:
    for frame in page.frames:
        if "streamlit_webrtc" in frame.url:
            return frame.evaluate(script)
    raise AssertionError("the stream's frame is not on the page")


def wait_for_new_frames(page: Page, more: int = 20, seconds: float = 30) -> int:
    first = int(str(evaluate_in_stream(page, COUNT_FRAMES)))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        count = int(str(evaluate_in_stream(page, COUNT_FRAMES)))
        # A restarted stream counts from zero again.
        first = min(first, count)
        if count >= first + more:
            return count
        time.sleep(0.2)
    raise AssertionError(
        f"no {more} new frames were decoded within {seconds} s, but {count - first} after {first}"
    )


def play_on(page: Page, seconds: float = 120) -> None:
    """Wait until pictures come, also where the stream has to be started anew to that end."""
    until = time.monotonic() + seconds
    while True:
        if (start := button(page, "START")).is_visible():
            # It may turn into STOP at this moment.
            with suppress(Error, AssertionError):
                start.click(timeout=2_000)
        try:
            wait_for_new_frames(page, seconds=6)
            return
        except (AssertionError, Error):
            assert time.monotonic() < until, f"no picture came within {seconds} s"


def open_webcam(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Webcam")
    expect(page.get_by_role("heading", name="Webcam")).to_be_visible()


def grabbed_frame(page: Page) -> np.ndarray:
    png = base64.b64decode(str(evaluate_in_stream(page, GRAB_FRAME)))
    return decode_image(png, "grabbed frame").image_bgr
