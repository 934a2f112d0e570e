"""Photos, data set and navigation in a real browser."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support import ASTRONAUT_FACE, Server, astronaut_png, choose, running_server

from fer.boxes import iou
from fer.results import Box

pytestmark = pytest.mark.browser

HEADINGS = {
    "": "See what a face shows, live",
    "Webcam": "Webcam",
    "Photos": "Photos",
    "Video": "Video",
    "Dataset": "Dataset",
    "Model": "Model",
}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "astronaut.png"
    path.write_bytes(astronaut_png())
    return path


# The others are the first request in other tests: Home below, Webcam behind a relay, Photos of a
# tab that is closed.
@pytest.mark.parametrize("path", ["Video", "Dataset", "Model"])
def test_each_page_works_as_the_first_request_of_a_server(
    page: Page, fresh_server: Callable[[], AbstractContextManager[Server]], path: str
) -> None:
    with fresh_server() as server:
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_role("heading", name=HEADINGS[path], level=1)).to_be_visible()
        for name in ("Home", "Webcam", "Photos", "Video", "Dataset", "Model"):
            expect(page.get_by_role("link", name=name).first).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
        assert "Traceback" not in server.log_text()


def test_nothing_of_streamlit_lies_over_the_page_on_a_developers_machine(
    page: Page, tmp_path: Path
) -> None:
    # As `make run` starts it, where Streamlit finds a coding assistant to advertise to.
    (tmp_path / ".agents").mkdir()
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "BROWSER": "true"}
    with running_server(tmp_path, headless=False, **home) as server:
        page.goto(server.url)
        expect(page.get_by_role("heading", name=HEADINGS[""], level=1)).to_be_visible()
        # What the server sends after it would have come by then.
        expect(page.get_by_text("It cannot")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert "skills" not in page.locator("body").inner_text().lower()
        assert "skills" not in server.log_text().lower()


def test_a_photo_is_analysed_and_its_table_reads_back(
    page: Page, server: Server, photo: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"this is text, not a picture")
    page.goto(f"{server.url}/Photos")
    page.locator('input[type="file"]').set_input_files([photo, broken])
    expect(page.locator(".fer-card b").first).to_have_text("happy")
    page.get_by_text("1 picture was not read").click()
    expect(page.get_by_text("broken.jpg: this needs a JPEG, PNG, WebP")).to_be_visible()

    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [row["status"] for row in rows] == ["ok", "error"]
    face = rows[0]
    assert face["source"] == "astronaut.png" and face["emotion"] == "happy"
    box = Box(*(int(face[key]) for key in ("x", "y", "width", "height")))
    assert iou(box, Box(*ASTRONAUT_FACE)) > 0.5
    shares = [float(value) for key, value in face.items() if key.startswith("p_")]
    assert sum(shares) == pytest.approx(1, abs=1e-4)

    with page.expect_download() as download:
        page.get_by_role("button", name="JSON", exact=True).click()
    assert json.loads(download.value.path().read_text())[0]["emotion"] == "happy"
    assert "Traceback" not in server.log_text()


def test_the_model_page_shows_curves_errors_and_peers(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Model")
    expect(page.get_by_text("On whom it fails").first).to_be_visible()
    for section, part, title in (
        ("How good", "Confidence", "Reliability"),
        ("How good", "Against others", "Accuracy against time"),
        ("Where it fails", "Mix-ups", "Confusion matrix"),
        ("How it was made", "Training", "Accuracy over training"),
    ):
        choose(page, section, part)
        expect(page.get_by_text(title).locator("visible=true").first).to_be_visible()
    assert "Traceback" not in server.log_text()
