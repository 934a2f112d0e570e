"""The video page in a real browser: read, played, sought, edited, taken away."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support import Server, write_film

from fer.video import VideoReader

pytestmark = pytest.mark.browser

PLAYED = """async (video) => {
  video.muted = true;
  await video.play();
  await new Promise((done) => video.requestVideoFrameCallback(done));
  video.pause();
  return [video.videoWidth, video.videoHeight, video.duration];
}"""


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for a condition that is no element's."""
    for _ in range(450):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come to hold within 45 s")


def time_of(page: Page) -> float:
    return float(page.locator("video").evaluate("video => video.currentTime"))


def at(page: Page, time_s: float) -> None:
    until(page, lambda: abs(time_of(page) - time_s) < 0.1)


def head_of(page: Page) -> float:
    """Where the line of now stands, as a share of the lines."""
    lane = page.locator("canvas").first.bounding_box()
    head = page.locator(".player .head").bounding_box()
    assert lane is not None and head is not None
    return (head["x"] + head["width"] / 2 - lane["x"]) / lane["width"]


def click_lane(page: Page, index: int, share: float) -> None:
    lane = page.locator("canvas").nth(index)
    lane.scroll_into_view_if_needed()
    box = lane.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def table_of(page: Page) -> list[dict[str, str]]:
    page.get_by_role("button", name="Downloads").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    page.keyboard.press("Escape")
    return list(csv.DictReader(io.StringIO(download.value.path().read_text())))


def edit(page: Page, index: int) -> Locator:
    """What can be changed about the person of a row, opened."""
    page.get_by_role("button", name="Edit").nth(index).click()
    part = page.get_by_test_id("stPopoverBody")
    expect(part.get_by_label("Name")).to_be_visible()
    return part


@pytest.fixture(scope="module")
def sample(browser: Browser, server: Server) -> Iterator[Page]:
    """The page after one press on an empty one: a happy one, a neutral one, then both.

    Each test leaves the result as it was; the last one clears it.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(45_000)
    page.goto(f"{server.url}/Video")
    page.get_by_role("button", name="Try a sample clip").click()
    expect(page.locator("canvas")).to_have_count(2)
    until(page, lambda: page.locator("video").evaluate("video => video.readyState") >= 3)
    yield page
    context.close()


def test_a_video_is_read_played_and_taken_away(page: Page, server: Server, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write_film(film)
    page.goto(f"{server.url}/Video")
    page.locator('input[type="file"]').set_input_files(film)
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator("canvas").first).to_be_visible()
    video = page.locator("video")
    width, height, length = video.evaluate(PLAYED)
    assert (width, height) == (480, 480) and length == pytest.approx(2.0, abs=0.1)
    # In parts, as a browser asks for them, from this server and not within the page.
    address = video.evaluate("video => video.currentSrc")
    part = page.request.get(address, headers={"Range": "bytes=10-19"})
    assert address.startswith(server.url) and part.status == 206 and len(part.body()) == 10

    rows = table_of(page)
    assert len(rows) >= 30 and {row["source"] for row in rows} == {"film.mp4"}
    page.get_by_role("button", name="Downloads").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Video with marked faces").click()
    assert download.value.suggested_filename == "film-annotated.mp4"
    with VideoReader(download.value.path()) as reader:
        assert len(list(reader.frames())) == 30
    assert "Traceback" not in server.log_text()


def test_lines_and_video_follow_each_other(sample: Page) -> None:
    page = sample
    click_lane(page, 1, 0.5)
    at(page, 3.0)
    assert head_of(page) == pytest.approx(0.5, abs=0.01)
    # What stands beside follows once the time rests.
    expect(page.get_by_text("At 0:03")).to_be_visible()
    # The lines keep to what a screen shows.
    columns, width = page.locator("canvas").first.evaluate(
        "c => [+c.dataset.columns, c.clientWidth]"
    )
    assert 10 < columns < width
    page.get_by_role("button", name="happy", exact=True).click()
    expect(page.get_by_role("button", name="happy", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("group", name="Peaks").get_by_role("button").last.click()
    until(page, lambda: time_of(page) > 3.5)
    page.get_by_role("button", name="happy", exact=True).click()


def test_keys_play_go_and_jump(sample: Page) -> None:
    page = sample
    click_lane(page, 0, 1 / 3)
    at(page, 2.0)
    page.keyboard.press("ArrowRight")
    at(page, 3.0)
    page.keyboard.press("ArrowLeft")
    at(page, 2.0)
    page.keyboard.press("Shift+ArrowRight")
    at(page, 6.0)
    page.keyboard.press("p")
    until(page, lambda: time_of(page) < 5.9)
    peaks = [
        float(button.get_attribute("data-time") or "nan")
        for button in page.get_by_role("group", name="Peaks").get_by_role("button").all()
    ]
    assert any(abs(time_of(page) - peak) < 0.1 for peak in peaks)
    click_lane(page, 0, 0.01)
    page.keyboard.press("n")
    until(page, lambda: any(abs(time_of(page) - peak) < 0.1 for peak in peaks))
    click_lane(page, 0, 0.1)
    at(page, 0.6)
    before = head_of(page)
    page.keyboard.press("Space")
    until(page, lambda: time_of(page) > 1)
    assert head_of(page) > before
    page.keyboard.press("Space")
    until(page, lambda: bool(page.locator("video").evaluate("video => video.paused")))
    # Who writes a name writes it.
    part = edit(page, 0)
    rest = time_of(page)
    part.get_by_label("Name").press_sequentially("an p")
    expect(part.get_by_label("Name")).to_have_value("an p")
    assert time_of(page) == rest
    part.get_by_label("Name").fill("")
    page.keyboard.press("Escape")


def test_events_stand_over_the_lines_and_lead_to_their_time(sample: Page) -> None:
    page = sample
    page.get_by_role("button", name="Report").click()
    table = b"time,label,end,note\n1,<b>ball</b>,2,red\n1.2,bell\n5,bye\n"
    page.locator('[data-testid="stPopoverBody"] input[type="file"]').set_input_files(
        {"name": "events.csv", "mimeType": "text/csv", "buffer": table}
    )
    expect(page.get_by_role("button", name="Save the table with 3 events")).to_be_visible()
    page.keyboard.press("Escape")
    marks = page.get_by_role("group", name="Events").get_by_role("button")
    expect(marks).to_have_text(["<b>ball</b>", "bell", "bye"])
    # A name that would cover another is left out.
    expect(page.locator(".marks .bare")).to_have_text(["bell"])
    marks.last.click()
    at(page, 5.0)
    page.get_by_role("button", name="0:01.0 to 0:02.0 <b>ball</b>, red").click()
    at(page, 1.0)


def test_people_are_named_hidden_and_joined_and_stay_so_until_cleared(sample: Page) -> None:
    page = sample
    part = edit(page, 1)
    part.get_by_label("Name").fill("<b>Grace</b>")
    part.get_by_label("Name").press("Enter")
    lanes = page.locator(".player .who b")
    expect(lanes).to_have_text(["Person 1", "<b>Grace</b>"])
    page.keyboard.press("Escape")
    assert {row["person"] for row in table_of(page)} == {"", "<b>Grace</b>"}

    edit(page, 1).get_by_text("Hide", exact=True).click()
    expect(lanes).to_have_text(["Person 1"])
    page.keyboard.press("Escape")
    assert {row["face_id"] for row in table_of(page)} == {"1"}
    edit(page, 1).get_by_text("Hide", exact=True).click()
    expect(lanes).to_have_count(2)
    page.keyboard.press("Escape")

    edit(page, 0).get_by_label("The same person as").click()
    page.get_by_role("option", name="<b>Grace</b>").click()
    expect(lanes).to_have_text(["<b>Grace</b>"])
    expect(page.locator(".player .chip")).to_have_text(["2", "1"])
    assert {(row["face_id"], row["person"]) for row in table_of(page)} == {("2", "<b>Grace</b>")}

    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    page.get_by_role("link", name="Video").first.click()
    expect(lanes).to_have_text(["<b>Grace</b>"])
    edit(page, 0).get_by_role("button", name="Number 1 is somebody else").click()
    expect(lanes).to_have_count(2)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Drop a video here")).to_be_visible()
    expect(page.locator("canvas")).to_have_count(0)


def test_without_a_video_to_play_the_lines_lead_to_pictures(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Video")
    page.get_by_role("button", name="Settings").click()
    page.get_by_text("Make a video to play").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Try a sample clip").click()
    expect(page.locator("canvas")).to_have_count(2)
    expect(page.locator("video")).to_be_hidden()
    click_lane(page, 1, 0.6)
    # A pixel is a hundredth of a second here.
    expect(page.get_by_role("img", name=re.compile(r"The video at 3\.(5|6)"))).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("img", name=re.compile(r"The video at 4\.(5|6)"))).to_be_visible()
