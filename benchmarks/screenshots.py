"""Takes the pictures of the documentation from the running dashboard.

``python -m benchmarks.screenshots`` starts the server and a Chromium whose camera shows the sample
clip, two portraits in the public domain, and writes ``docs/images``: a short GIF of the webcam page
for the README, and the pages of ``docs/usage.md``. ``--pages FOLDER`` also writes every page at two
widths, light and dark, to be looked at.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from fer.ui import samples
from fer.video import VideoReader

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "e2e"))

import support  # noqa: E402
from live import button, open_webcam, wait_for_new_frames  # noqa: E402
from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

SECTIONS = {
    "Dataset": (
        ("What is in it",),
        ("Pictures",),
        ("What is wrong with it",),
        ("Structure",),
    ),
    "Model": (
        ("How good", "In short"),
        ("How good", "Confidence"),
        ("How good", "Against others"),
        ("Where it fails", "Mix-ups"),
        ("Where it fails", "Poor pictures"),
        ("How it was made", "Training"),
    ),
}
GIF_S, GIF_FPS, GIF_WIDTH = 6.0, 5, 640


def write_camera(path: Path) -> None:
    """The sample clip as the MJPEG that Chromium takes for a camera."""
    with VideoReader(samples.CLIP) as reader, path.open("wb") as file:
        for frame in reader.frames():
            picture = cv2.resize(frame.image_bgr(), (640, 480), interpolation=cv2.INTER_AREA)
            jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
            # Chromium plays 30 a second.
            file.write(jpeg * 2)


def _whole(page: Page, path: Path, width: int) -> None:
    """One picture of the whole page, which scrolls inside itself."""
    page.wait_for_timeout(1500)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(800, int(height)), 2600)})
    page.wait_for_timeout(800)
    page.screenshot(path=str(path))
    page.set_viewport_size({"width": width, "height": 900})


def _stream(page: Page, server: support.Server) -> None:
    open_webcam(page, server)
    button(page, "START").click()
    wait_for_new_frames(page)
    page.locator(".fer-card").first.wait_for()


def _samples(page: Page, url: str) -> None:
    page.goto(f"{url}/Photos")
    page.get_by_role("button", name="Try with sample pictures").click()
    support.all_read(page)


def _clip(page: Page, url: str) -> None:
    page.goto(f"{url}/Video")
    page.get_by_role("button", name="Try a sample clip").click()
    page.locator("canvas").first.wait_for()


def _pages(page: Page, server: support.Server, folder: Path, tag: str, width: int) -> None:
    page.goto(server.url)
    page.get_by_text("It cannot").wait_for()
    _whole(page, folder / f"home-{tag}.png", width)
    _stream(page, server)
    page.wait_for_timeout(8_000)
    _whole(page, folder / f"webcam-{tag}.png", width)
    _samples(page, server.url)
    _whole(page, folder / f"photos-{tag}.png", width)
    _clip(page, server.url)
    _whole(page, folder / f"video-{tag}.png", width)
    for name, sections in SECTIONS.items():
        page.goto(f"{server.url}/{name}")
        for chosen in sections:
            support.choose(page, *chosen)
            shown = f"{name}-{chosen[-1]}".lower().replace(" ", "-")
            _whole(page, folder / f"{shown}-{tag}.png", width)


def _shot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def _gif(page: Page, server: support.Server, path: Path) -> None:
    """The stream for some seconds, in one palette, so that what rests costs nothing."""
    _stream(page, server)
    frames: list[Image.Image] = []
    begun = time.monotonic()
    while len(frames) < GIF_S * GIF_FPS:
        page.wait_for_timeout(max(0.0, begun + len(frames) / GIF_FPS - time.monotonic()) * 1000)
        shot = _shot(page)
        frames.append(shot.resize((GIF_WIDTH, round(shot.height * GIF_WIDTH / shot.width))))
    several = np.concatenate([np.asarray(one) for one in frames[::5]])
    palette = Image.fromarray(several).quantize(256, method=Image.Quantize.MAXCOVERAGE)
    first, *others = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in frames]
    first.save(path, save_all=True, append_images=others, duration=1000 // GIF_FPS, loop=0)


def _page(browser: Browser, width: int, height: int, scheme: str = "light") -> Page:
    size = {"width": width, "height": height}
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(60_000)
    return page


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=Path, help="folder for every page at every width")
    arguments = parser.parse_args()
    images = PROJECT / "docs" / "images"
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        camera = Path(scratch) / "clip.mjpeg"
        write_camera(camera)
        with support.running_server(Path(scratch)) as server:
            browser = support.launch(playwright, *support.camera_flags(camera))
            _gif(_page(browser, 1280, 726), server, images / "webcam.gif")
            page = _page(browser, 1280, 860)
            _samples(page, server.url)
            _shot(page).quantize(256).save(images / "photos.png", optimize=True)
            _clip(page, server.url)
            page.wait_for_timeout(2_000)
            _shot(page).quantize(256).save(images / "video.png", optimize=True)
            if arguments.pages is not None:
                arguments.pages.mkdir(parents=True, exist_ok=True)
                for scheme in ("light", "dark"):
                    for width in (1280, 390):
                        page = _page(browser, width, 900, scheme)
                        tag = f"{scheme}-{width}"
                        _pages(page, server, arguments.pages, tag, width)
                        page.context.close()
            browser.close()


if __name__ == "__main__":
    main()
