"""The video page in a real browser: analysed, scrubbed, played, taken away."""

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support import Server, write_film

from fer.video import VideoReader

pytestmark = pytest.mark.browser

PLAYED = """async (video) => {
  video.muted = true;
  await video.play();
  await new Promise((done) => video.requestVideoFrameCallback(done));
  return [video.videoWidth, video.videoHeight, video.duration];
}"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Two seconds: the portrait, then its darker mirror image."""
    path = tmp_path / "film.mp4"
    write_film(path)
    return path


def test_a_video_is_analysed_scrubbed_played_and_taken_away(
    page: Page, server: Server, film: Path
) -> None:
    page.goto(f"{server.url}/Video")
    page.locator('input[type="file"]').set_input_files(film)
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_role("heading", name="Time line")).to_be_visible()
    expect(page.get_by_text("Face 1 over time")).to_be_visible()

    picture = page.get_by_role("img", name="The video at")
    expect(picture).to_be_visible()
    first = picture.get_attribute("src")
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("End")
    expect(page.get_by_role("img", name="The video at 2.00 seconds")).to_be_visible()
    assert picture.get_attribute("src") != first

    width, height, length = page.locator("video").evaluate(PLAYED)
    assert (width, height) == (480, 480) and length == pytest.approx(2.0, abs=0.1)

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert len(rows) >= 30 and {row["source"] for row in rows} == {"film.mp4"}
    with page.expect_download() as download:
        page.get_by_role("button", name="Annotated video").click()
    assert download.value.suggested_filename == "film-annotated.mp4"
    with VideoReader(download.value.path()) as reader:
        assert len(list(reader.frames())) == 30
    assert "Traceback" not in server.log_text()
