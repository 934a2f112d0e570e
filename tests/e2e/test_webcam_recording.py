"""Recording a live session: started on request, survives a page switch, and can be taken away."""

import base64
import csv
import io
import json
import re

import av
import pandas as pd
import pytest
from live import button, open_webcam, play_on, press, wait_for_new_frames
from playwright.sync_api import Page, expect
from support import Server

from fer.pictures.reading import decode_image

pytestmark = pytest.mark.browser

# A video element of this page plays the file, as a user's browser would.
PLAY = """async (data) => {
  const video = document.createElement('video');
  video.muted = true;
  video.src = 'data:video/webm;base64,' + data;
  await video.play();
  await new Promise((done) => { video.ontimeupdate = () => video.currentTime > 0.3 && done(); });
  return [video.videoWidth, video.videoHeight, video.getVideoPlaybackQuality().totalVideoFrames];
}"""


def prepared(page: Page, name: str, suffix: str) -> bytes:
    page.get_by_role("button", name=name, exact=True).click()
    return downloaded(page, re.compile(rf"Save webcam-.*\.{suffix}, "))


def downloaded(page: Page, name: str | re.Pattern[str]) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return download.value.path().read_bytes()


def test_a_recording_and_its_stream_survive_a_page_switch(page: Page, server: Server) -> None:
    open_webcam(page, server)
    # Nothing is recorded unless asked, and nothing can be before there is a picture.
    expect(page.get_by_role("button", name="Record", exact=True)).to_be_disabled()
    press(page, "START")
    wait_for_new_frames(page)
    expect(page.locator(".fer-card b").first).to_have_text("happy")
    page.get_by_role("button", name="Snapshot", exact=True).click()
    snapshot = decode_image(downloaded(page, "Save the picture")).image_bgr
    assert snapshot.shape == (480, 640, 3)

    page.get_by_role("button", name="Record", exact=True).click()
    mark = page.locator(".fer-rec")
    expect(mark).to_contain_text("REC")
    expect(mark).to_contain_text("of 15:00")
    expect(mark).not_to_contain_text("0:00 of")

    page.get_by_role("link", name="Photos").first.click()
    expect(page.get_by_role("heading", name="Photos")).to_be_visible()
    page.get_by_role("link", name="Webcam").first.click()
    expect(page.locator(".fer-rec")).to_contain_text("REC")
    play_on(page)
    expect(page.locator(".fer-card b").first).to_have_text("happy")
    page.get_by_role("button", name="End the recording").click()
    expect(page.get_by_text("Recording of")).to_be_visible()
    # Each download by itself: while the stream plays, and after it has ended.
    video = prepared(page, "Video", "webm")
    press(page, "STOP")
    expect(button(page, "START")).to_be_visible()
    rows = list(csv.DictReader(io.StringIO(prepared(page, "CSV", "csv").decode())))
    records = json.loads(prepared(page, "JSON", "json"))
    table = pd.read_parquet(io.BytesIO(prepared(page, "Parquet", "parquet")))
    assert len(rows) == len(records) == len(table) > 5
    times = [record["time_s"] for record in records]
    assert times == sorted(times) and times[0] == 0
    assert sum(record["emotion"] == "happy" for record in records) > len(records) / 2
    with av.open(io.BytesIO(video)) as container:
        shown = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
    # What the encoder had no time for is in the table all the same.
    assert 5 < len(shown) <= len(set(times))
    assert all(min(abs(one - time_s) for time_s in times) < 2e-3 for one in shown)
    width, height, frames = page.evaluate(PLAY, base64.b64encode(video).decode())
    assert (width, height) == (640, 480) and frames > 0

    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Recording of")).to_have_count(0)
    assert "Traceback" not in server.log_text()
