"""Teaching the webcam page one's own face: snapshots, a fit, a file to keep and to load."""

import json
from pathlib import Path

import pytest
from live import open_webcam, press, wait_for_new_frames
from playwright.sync_api import Page, expect
from support import Server

pytestmark = pytest.mark.browser


def test_a_face_is_taught_kept_forgotten_and_loaded(
    page: Page, server: Server, tmp_path: Path
) -> None:
    open_webcam(page, server)
    page.get_by_text("Teach it my face").click()
    expect(page.get_by_role("button", name="Take 5 snapshots")).to_be_disabled()
    press(page, "START")
    wait_for_new_frames(page)
    for emotion in ("happy", "surprise"):
        page.get_by_test_id("stButtonGroup").get_by_role("radio", name=emotion).click()
        page.get_by_role("button", name="Take 5 snapshots").click()
        expect(page.locator(".fer-taught")).to_contain_text(f"{emotion} 5", timeout=60_000)
    page.get_by_role("button", name="Learn").click()
    expect(page.locator(".fer-versus")).to_contain_text("Your model")
    expect(page.get_by_text("happy (5), surprise (5)")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Keep it as a file").click()
    file = tmp_path / "my-face.json"
    file.write_bytes(download.value.path().read_bytes())
    assert json.loads(file.read_text())["taught"] == ["happy", "surprise"]

    page.get_by_role("button", name="Forget").click()
    expect(page.locator(".fer-versus")).to_have_count(0)
    page.locator('input[type="file"]').first.set_input_files(file)
    expect(page.locator(".fer-versus")).to_contain_text("Your model")
    (tmp_path / "other.json").write_text("{}")
    page.locator('input[type="file"]').first.set_input_files(tmp_path / "other.json")
    expect(
        page.get_by_text("this needs the JSON file that the webcam page gave you")
    ).to_be_visible()
    press(page, "STOP")
    assert "Traceback" not in server.log_text()
