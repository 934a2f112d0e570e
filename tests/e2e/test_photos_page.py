"""Many pictures in a real browser: gallery, faces with heat maps, the ZIP, and a page switch."""

import io
import zipfile
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Page, expect
from support import Server, all_read, astronaut_bgr, opened

from fer.pictures.reading import decode_image

pytestmark = pytest.mark.browser


@pytest.fixture
def album(tmp_path: Path) -> list[Path]:
    """Thirteen portraits that differ in a pixel, one of them twice, in files and in a ZIP."""
    small = cv2.resize(astronaut_bgr()[:280, 80:360], (160, 160))
    paths = []
    for index in range(10):
        picture = small.copy()
        picture[0, 0] = 20 * index
        path = tmp_path / f"p{index}.png"
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
        paths.append(path)
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        for index in range(3):
            picture = small[:, ::-1].copy()
            picture[0, 0] = 20 * index
            archive.writestr(f"z{index}.png", cv2.imencode(".png", picture)[1].tobytes())
        archive.write(paths[0], "<b>again.png")
    return [*paths, tmp_path / "more.zip"]


def test_an_album_is_looked_into_taken_away_and_still_there_after_another_page(
    page: Page, server: Server, album: list[Path]
) -> None:
    page.goto(f"{server.url}/Photos")
    page.locator('input[type="file"]').set_input_files(album)
    expect(page.get_by_text("14 faces in 14 pictures; 1 is there twice")).to_be_visible()
    all_read(page)
    tiles = page.locator("[class*=st-key-photo_tile]")
    expect(tiles).to_have_count(12)
    page.get_by_test_id("stPagination").get_by_text("2", exact=True).click()
    expect(tiles).to_have_count(2)
    expect(page.get_by_text("more.zip/<b>again.png")).to_be_visible()
    expect(page.get_by_text("same bytes as p0.png")).to_be_visible()

    tiles.first.get_by_role("button").click()
    expect(page.get_by_role("img", name="What speaks for happy, face 1")).to_be_visible()
    expect(page.locator(".fer-row")).to_have_count(7)
    page.get_by_role("button", name="Emotions").click()
    page.get_by_text("With contempt as well").click()
    expect(page.locator(".fer-row")).to_have_count(8)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Video").first.click()
    expect(page.get_by_role("heading", name="Video", level=1)).to_be_visible()
    page.get_by_role("link", name="Photos").first.click()
    expect(page.locator(".fer-row")).to_have_count(8)

    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="ZIP", exact=True).click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        names = archive.namelist()
        assert len(names) == 14
        # Enlarged until its caption can be read.
        assert decode_image(archive.read(names[0])).image_bgr.shape[1] == 320
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator('input[type="file"]')).to_have_count(1)
    expect(page.locator(".fer-row")).to_have_count(0)
    assert "Traceback" not in server.log_text()


def test_a_batch_that_was_stopped_goes_on_before_the_viewer_s_eyes(
    page: Page, server: Server, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for index in range(50):
            picture = cv2.resize(astronaut_bgr(), (3000, 3000))
            picture[:9, :9] = 5 * index
            archive.writestr(f"{index}.jpg", cv2.imencode(".jpg", picture)[1].tobytes())
    opened(page, server, "Photos")
    page.locator('input[type="file"]').set_input_files(tmp_path / "many.zip")
    page.get_by_role("button", name="Stop").click()
    go_on = page.get_by_role("button", name="Go on")
    expect(page.get_by_text(", stopped")).to_be_visible()
    # What was under way when it was stopped is done first.
    go_on.click()
    expect(go_on).to_have_count(0)
    all_read(page)
    expect(page.get_by_text("in 50 pictures")).to_be_visible()
