"""Takes the pictures of the documentation from the running dashboard.

``python -m benchmarks.screenshots [FOLDER]`` starts the server and a Chromium with a fake camera
that shows NASA's public-domain portrait, and writes each page at two widths, light and dark. The
README's picture is the upper part of ``webcam-light-1280.png``.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "e2e"))

import support  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

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


def _take(page: Page, path: Path, width: int) -> None:
    """One picture of the whole page, which scrolls inside itself."""
    page.wait_for_timeout(1500)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(800, int(height)), 2600)})
    page.wait_for_timeout(800)
    page.screenshot(path=str(path))
    page.set_viewport_size({"width": width, "height": 900})


def _visit(page: Page, url: str, folder: Path, tag: str, width: int, photo: Path) -> None:
    page.goto(url)
    page.get_by_role("heading", level=1).wait_for()
    page.get_by_text("It cannot").wait_for()
    _take(page, folder / f"home-{tag}.png", width)
    page.goto(f"{url}/Webcam")
    stream = page.frame_locator('iframe[src*="streamlit_webrtc"]')
    stream.get_by_role("button", name=re.compile("^start$", re.IGNORECASE)).click()
    page.locator(".fer-card").first.wait_for()
    page.wait_for_timeout(12_000)
    _take(page, folder / f"webcam-{tag}.png", width)
    stream.get_by_role("button", name=re.compile("^stop$", re.IGNORECASE)).click()
    page.goto(f"{url}/Photos")
    page.locator('input[type="file"]').set_input_files([photo])
    page.locator(".fer-card").first.wait_for()
    _take(page, folder / f"photos-{tag}.png", width)
    for name, sections in SECTIONS.items():
        page.goto(f"{url}/{name}")
        for chosen in sections:
            support.choose(page, *chosen)
            shown = f"{name}-{chosen[-1]}".lower().replace(" ", "-")
            _take(page, folder / f"{shown}-{tag}.png", width)


def main() -> None:
    """Write all pictures into a folder, by default ``screenshots/``."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        clip, photo = Path(scratch) / "clip.mjpeg", Path(scratch) / "astronaut.png"
        support.write_clip(clip)
        photo.write_bytes(support.astronaut_png())
        camera = support.camera_flags(clip)
        with support.running_server(Path(scratch)) as server:
            browser = support.launch(playwright, *camera)
            for scheme in ("light", "dark"):
                for width in (1280, 390):
                    context = browser.new_context(
                        viewport={"width": width, "height": 900}, color_scheme=scheme
                    )
                    page = context.new_page()
                    page.set_default_timeout(60_000)
                    _visit(page, server.url, folder, f"{scheme}-{width}", width, photo)
                    context.close()
            browser.close()


if __name__ == "__main__":
    main()
