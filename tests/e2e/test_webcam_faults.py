"""What goes wrong around a stream: it goes on or starts again, and others notice nothing."""

import os
import signal
import time

import pytest
from live import button, open_webcam, play_on, press, wait_for_new_frames
from playwright.sync_api import Browser, Page, expect
from support import Server

pytestmark = pytest.mark.browser


def test_start_pressed_twice_gives_one_stream(page: Page, server: Server) -> None:
    open_webcam(page, server)
    button(page, "START").dblclick()
    # The second press may have met STOP: then the first START is taken back, which takes a while.
    play_on(page)
    expect(page.locator(".fer-card b").first).to_have_text("happy")
    press(page, "STOP")
    expect(button(page, "START")).to_be_visible()
    assert "Traceback" not in server.log_text()


def test_a_second_tab_that_closes_leaves_the_first_alone(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    try:
        first, second = context.new_page(), context.new_page()
        for tab in (first, second):
            tab.set_default_timeout(45_000)
            open_webcam(tab, server)
            press(tab, "START")
            wait_for_new_frames(tab)
        second.close()
        wait_for_new_frames(first, more=60)
        expect(first.locator(".fer-card b").first).to_have_text("happy")
        press(first, "STOP")
    finally:
        context.close()
    assert "Traceback" not in server.log_text()


def test_after_five_seconds_of_silence_the_stream_goes_on_or_starts_again(
    page: Page, server: Server
) -> None:
    open_webcam(page, server)
    press(page, "START")
    wait_for_new_frames(page)
    # Neither packets nor messages: for the browser, the network is cut.
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        time.sleep(5)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    play_on(page)
    expect(page.locator(".fer-card b").first).to_have_text("happy")
    assert "Traceback" not in server.log_text()
