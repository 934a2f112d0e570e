"""The session on the webcam page: time line, markers by key and button, table, report."""

import csv
import io
import re
from pathlib import Path

import pytest
from live import button, open_webcam, press, wait_for_new_frames
from playwright.sync_api import Browser, Page, expect
from support import Server

pytestmark = pytest.mark.browser


def saved(page: Page, name: str | re.Pattern[str]) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name, exact=isinstance(name, str)).click()
    return download.value.path().read_bytes()


def marks(page: Page, number: int) -> None:
    expect(page.get_by_text(f"Events ({number})", exact=True)).to_be_visible()


def test_a_session_is_marked_stays_after_the_stop_and_ends_in_a_report(
    page: Page, browser: Browser, server: Server, tmp_path: Path
) -> None:
    open_webcam(page, server)
    press(page, "START")
    wait_for_new_frames(page)
    lane = page.locator(".fer-lane")
    expect(lane).to_have_count(1)
    # The focus is where START was, in the frame of the stream.
    page.keyboard.press("3")
    marks(page, 1)
    page.get_by_role("button", name="Mark", exact=True).click()
    marks(page, 2)
    page.keyboard.press("Shift+Digit5")
    marks(page, 3)
    page.keyboard.press("Shift+Digit5")
    page.get_by_text("Events (3)", exact=True).click()
    expect(page.get_by_role("button", name="Events as CSV")).to_be_visible()

    # While it runs: made by one press, saved by another.
    page.get_by_role("button", name="Table", exact=True).click()
    page.get_by_role("button", name="Session as CSV").click()
    rows = list(csv.DictReader(io.StringIO(saved(page, re.compile(r"Save webcam-")).decode())))
    assert len(rows) > 5
    page.keyboard.press("Escape")

    press(page, "STOP")
    expect(button(page, "START")).to_be_visible()
    expect(page.get_by_text("Press START to begin.")).to_be_visible()
    expect(lane).to_have_count(1)
    report = tmp_path / "report.html"
    report.write_bytes(saved(page, "Report"))
    assert "Traceback" not in server.log_text()
    opened_alone(browser, report, ("Webcam session", "Person 1", "Events", "mark", "xs"))

    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("button", name="Clear this session").click()
    expect(lane).to_have_count(0)
    assert "Traceback" not in server.log_text()


# What a busy browser should do at once it does after the next refresh of every part of the page.
BUSY = """() => {
  const later = window.setTimeout;
  window.setTimeout = (what, when, ...rest) => later(what, when || 2500, ...rest);
}"""


def test_a_press_in_a_busy_browser_counts_once(page: Page, server: Server) -> None:
    open_webcam(page, server)
    press(page, "START")
    wait_for_new_frames(page)
    page.evaluate(BUSY)
    for number in range(1, 4):
        page.get_by_role("button", name="Mark", exact=True).click()
        marks(page, number)
    wait_for_new_frames(page, 90)
    marks(page, 3)


def opened_alone(browser: Browser, report: Path, words: tuple[str, ...]) -> None:
    """A report shows its words, says nothing to the console and asks nobody for anything."""
    context = browser.new_context(offline=True)
    try:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda fault: said.append(str(fault)))
        page.on("request", lambda request: said.append(request.url))
        page.goto(report.as_uri())
        for word in words:
            expect(page.get_by_text(word).first).to_be_visible()
        assert page.locator(".fer-lane").first.evaluate("image => image.naturalWidth") > 0
        assert [one for one in said if not one.startswith(("data:", "file:"))] == []
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.pdf().startswith(b"%PDF")
    finally:
        context.close()
