"""The webcam page where browser and server reach each other through a TURN server only."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from live import (
    COUNT_FRAMES,
    button,
    evaluate_in_stream,
    open_webcam,
    press,
    wait_for_new_frames,
)
from playwright.sync_api import Browser, Page, expect
from support import Server, running_server, turn_server

pytestmark = pytest.mark.browser

# Keeps every connection that a page makes, so that a test can ask which way it took.
KEEP_PEERS = """(() => {
  const Native = window.RTCPeerConnection;
  window.peers = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...options) { super(...options); window.peers.push(this); }
  };
})()"""

WAYS = """async () => {
  const ways = [];
  for (const peer of window.peers) {
    const stats = await peer.getStats();
    for (const entry of stats.values()) {
      if (entry.type === 'transport' && entry.selectedCandidatePairId) {
        const pair = stats.get(entry.selectedCandidatePairId);
        ways.push(stats.get(pair.localCandidateId).candidateType);
      }
    }
  }
  return ways;
}"""


@contextmanager
def relayed_server(folder: Path, url: str, secret: str) -> Iterator[Server]:
    servers = json.dumps([{"urls": url, "secret": secret, "lifetime_s": 600}])
    variables = {"FER_ICE_SERVERS": servers, "FER_ICE_RELAY_ONLY": "1"}
    with running_server(folder, **variables) as server:
        yield server


def take_picture_of_face(tab: Page) -> None:
    """Take single pictures until one shows a face: a camera that just began gives black ones."""
    card = tab.locator(".fer-card b").first
    none = tab.get_by_text("No face found.")
    for _ in range(10):
        tab.get_by_role("button", name="Take Photo").click()
        expect(card.or_(none)).to_be_visible()
        if card.is_visible():
            return
        tab.get_by_role("button", name="Clear photo").click()
        expect(none).to_be_hidden()
    raise AssertionError("ten pictures of the camera show no face")


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(KEEP_PEERS)
    page = context.new_page()
    page.set_default_timeout(45_000)
    yield page
    context.close()


def test_frames_come_through_the_relay_alone_and_go_on_after_five_silent_seconds(
    tab: Page, tmp_path: Path
) -> None:
    with (
        turn_server(tmp_path, "north") as url,
        relayed_server(tmp_path, url, "north") as server,
    ):
        open_webcam(tab, server)
        press(tab, "START")
        wait_for_new_frames(tab)
        expect(tab.locator(".fer-card b").first).to_have_text("happy")
        assert evaluate_in_stream(tab, WAYS) == ["relay"]
        tab.get_by_text("The camera does not start?").click()
        tab.get_by_role("button", name="Check the connection").click()
        expect(tab.get_by_text(f"The TURN server {url} answers.")).to_be_visible()
        expect(tab.get_by_text("The stream works")).to_be_visible()
        # Every packet passes through the relay, and nothing else does: the page stays connected.
        relay = int((tmp_path / "turnserver.pid").read_text())
        os.kill(relay, signal.SIGSTOP)
        try:
            time.sleep(1)
            before = int(str(evaluate_in_stream(tab, COUNT_FRAMES)))
            time.sleep(4)
            assert int(str(evaluate_in_stream(tab, COUNT_FRAMES))) - before < 3
        finally:
            os.kill(relay, signal.SIGCONT)
        # Nobody presses anything.
        tab.get_by_role("heading", name="Webcam").scroll_into_view_if_needed()
        wait_for_new_frames(tab, more=60)
        expect(tab.locator(".fer-card b").first).to_have_text("happy")
        assert evaluate_in_stream(tab, WAYS) == ["relay"]
        press(tab, "STOP")
        expect(button(tab, "START")).to_be_visible()
        assert "Traceback" not in server.log_text()


def test_without_a_way_single_pictures_take_over_and_the_check_says_why(
    tab: Page, tmp_path: Path
) -> None:
    with (
        turn_server(tmp_path, "north") as url,
        relayed_server(tmp_path, url, "south") as server,
    ):
        open_webcam(tab, server)
        press(tab, "START")
        hint = tab.get_by_test_id("stAlert").filter(has_text="do not find a way to each other")
        expect(hint).to_be_visible(timeout=90_000)
        take_picture_of_face(tab)
        expect(tab.locator(".fer-card b").first).to_have_text("happy")
        tab.get_by_text("The camera does not start?").click()
        tab.get_by_role("button", name="Check the connection").click()
        refused = tab.get_by_text(f"The TURN server {url} refuses the user name or password")
        expect(refused).to_be_visible()
        expect(tab.get_by_text("static-auth-secret").first).to_be_visible()
        assert "Traceback" not in server.log_text()
