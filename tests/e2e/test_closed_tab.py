"""A closed tab ends its work and takes its files along; an open one keeps them."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support import astronaut_png, running_server, write_film

from tests.waiting import wait_until

pytestmark = pytest.mark.browser

LEASE_S = 7.0


def files_in(folder: Path) -> list[Path]:
    """Temporary files, without the locks of the processes."""
    # Unlike rglob, os.walk takes it that folders go meanwhile.
    found = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    return [path for path in found if path.suffix != ".lock"]


def begin_video(page: Page, url: str, clip: Path) -> None:
    page.goto(f"{url}/Video")
    page.locator('input[type="file"]').set_input_files(clip)
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()


def test_work_and_files_go_with_the_tab_and_stay_with_an_open_one(
    browser: Browser, tmp_path: Path
) -> None:
    # Long enough to be still at work when its tab closes.
    clip = tmp_path / "clip.mp4"
    write_film(clip, 40)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    variables = {"TMPDIR": str(temporary), "LEASE_S": str(LEASE_S)}
    with running_server(tmp_path, **variables) as server:
        staying, leaving = browser.new_context(), browser.new_context()
        photos = staying.new_page()
        photos.goto(f"{server.url}/Photos")
        photos.locator('input[type="file"]').set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": astronaut_png()}
        )
        expect(photos.get_by_test_id("stImage").first).to_be_visible()
        kept = files_in(temporary)
        assert kept
        video = leaving.new_page()
        begin_video(video, server.url, clip)
        wait_until(lambda: any(path.name == "upload" for path in files_in(temporary)))
        leaving.close()
        wait_until(lambda: not any(path.name == "upload" for path in files_in(temporary)))
        # Longer than a lease, and the other viewer has touched nothing.
        photos.wait_for_timeout(LEASE_S * 1500)
        assert files_in(temporary) == kept
        photos.get_by_role("link", name="Home").click()
        expect(photos.get_by_role("heading", level=1)).to_be_visible()
        staying.close()
        wait_until(lambda: not files_in(temporary))
        assert "Traceback" not in server.log_text()
    assert files_in(temporary) == []
