"""A real server and a real Chromium, for the browser tests."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from aioice.ice import get_host_addresses
from playwright.sync_api import Browser, Page, Playwright, expect
from skimage import data

PROJECT = Path(__file__).parents[2]

# The face in scikit-image's astronaut(), by hand, as (x, y, width, height) of 512 x 512 pixels.
ASTRONAUT_FACE = (164, 58, 120, 130)
PAN = 40  # the clip moves the picture this many pixels to either side
SIDE = 480
LEFT = (640 - SIDE) // 2


def chromium_path() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = os.environ.get("FER_CHROMIUM") or shutil.which(name)
        if found:
            return found
    if os.environ.get("CI"):
        pytest.fail("CI needs a Chromium: apt-get install chromium")
    pytest.skip("no Chromium on this machine: install one, or set FER_CHROMIUM to its path")


@dataclass
class Server:
    url: str
    process: subprocess.Popen[bytes]
    log: Path
    modules_file: Path

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def modules(self) -> set[str]:
        """What the running process has imported."""
        self.process.send_signal(signal.SIGUSR1)
        for _ in range(100):
            if self.modules_file.exists():
                return set(self.modules_file.read_text().splitlines())
            time.sleep(0.1)
        raise AssertionError("the server did not report its modules")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a server answers; its log is what is said when it does not."""
    for _ in range(1200):  # two minutes: a busy machine starts slowly
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
    raise AssertionError(f"the server did not come up: {log.read_text()}")


@contextmanager
def running_server(
    folder: Path, *, data: str = "none", headless: bool = True, **variables: str
) -> Iterator[Server]:
    """The dashboard; by default without a data set: what a user sees on a fresh machine."""
    port = free_port()
    log = folder / f"server-{port}.log"
    modules_file = folder / f"modules-{port}.txt"
    command = [
        sys.executable,
        str(Path(__file__).with_name("serve.py")),
        str(modules_file),
        "run",
        "streamlit_app.py",
        f"--server.headless={str(headless).lower()}",
        f"--server.port={port}",
        "--server.address=127.0.0.1",
    ]
    environment = {**os.environ, "FER_DATA": data, **variables}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(url, process, log)
        yield Server(url, process, log, modules_file)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def own_address() -> str:
    """An address of this machine that is not the loopback: TURN servers refuse to relay to that."""
    return str(get_host_addresses(use_ipv4=True, use_ipv6=False)[0])


@contextmanager
def turn_server(folder: Path, secret: str) -> Iterator[str]:
    """A coturn with time-limited credentials; gives its URL."""
    binary = shutil.which("turnserver")
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs coturn: apt-get install coturn")
        pytest.skip("no coturn on this machine: install the package coturn")
    address, port = own_address(), free_port()
    options = {
        "listening-ip": address,
        "relay-ip": address,
        "listening-port": port,
        "static-auth-secret": secret,
        "realm": "fer.example",
        "log-file": "stdout",
        "pidfile": folder / "turnserver.pid",
        "userdb": folder / "turndb",
    }
    command = [binary, "-n", "--use-auth-secret", "--no-tls", "--no-dtls", "--no-cli"]
    command += [f"--{name}={value}" for name, value in options.items()]
    log = folder / "turnserver.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex((address, port)) == 0:
                    break
            assert process.poll() is None, log.read_text(errors="replace")
            time.sleep(0.1)
        else:
            raise AssertionError(f"coturn did not come up: {log.read_text(errors='replace')}")
        yield f"turn:{address}:{port}"
    finally:
        process.terminate()
        process.wait(10)


STYLED = (
    "[...document.querySelectorAll('style')].some(one => one.textContent.includes('.fer-brand'))"
)


def at_rest(page: Page) -> None:
    """Until the page was drawn and its script has ended."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    # The pages' style sheet comes with Streamlit's part for HTML, which a browser loads late.
    page.wait_for_function(STYLED)


def opened(page: Page, server: Server, name: str) -> None:
    """A page of the dashboard, drawn whole."""
    page.goto(f"{server.url}/{name}")
    at_rest(page)


def choose(page: Page, *names: str) -> None:
    """Open a section of a page, and a part of it."""
    for name in names:
        page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()
        at_rest(page)


def all_read(page: Page) -> None:
    """Until every photo is read and the page has been drawn for it: it takes no press before."""
    expect(page.get_by_role("button", name="Download", exact=True)).to_be_enabled()
    at_rest(page)


def choose_data(page: Page) -> None:
    """Open the part of the page where data are chosen."""
    at_rest(page)
    page.get_by_text("Choose the data", exact=True).click()


def hand_in(page: Page, name: str, content: bytes) -> None:
    """Drop a file where the page takes one first."""
    # A page that is drawn anew meanwhile would lose it.
    at_rest(page)
    page.locator('input[type="file"]').first.set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


def launch(playwright: Playwright, *extra: str) -> Browser:
    return playwright.chromium.launch(
        executable_path=chromium_path(),
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            *extra,
        ],
    )


def camera_flags(clip: Path) -> tuple[str, ...]:
    """Flags of a Chromium whose camera is allowed and shows a clip."""
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    )


def astronaut_bgr() -> np.ndarray:
    """NASA's public-domain portrait of Eileen Collins, as scikit-image ships it."""
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)


def astronaut_png() -> bytes:
    return bytes(cv2.imencode(".png", astronaut_bgr())[1])


def write_camera(path: Path, draw: Callable[[np.ndarray, float], None]) -> None:
    """Four seconds of grey frames with something drawn on, as the MJPEG that Chromium takes."""
    with path.open("wb") as file:
        for index in range(120):
            frame = np.full((480, 640, 3), 96, np.uint8)
            draw(frame, np.sin(2 * np.pi * index / 120))
            file.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())


def write_clip(path: Path) -> None:
    """The portrait, panned."""
    portrait = cv2.resize(astronaut_bgr(), (SIDE, SIDE), interpolation=cv2.INTER_AREA)

    def draw(frame: np.ndarray, sway: float) -> None:
        left = LEFT + round(PAN * sway)
        frame[:, left : left + SIDE] = portrait

    write_camera(path, draw)


def write_two_face_clip(path: Path) -> None:
    """The portrait beside its darker mirror image, swaying against each other."""
    portrait = cv2.resize(astronaut_bgr(), (320, 320), interpolation=cv2.INTER_AREA)
    other = cv2.convertScaleAbs(portrait[:, ::-1], alpha=0.7)

    def draw(frame: np.ndarray, sway: float) -> None:
        down = round(24 * sway)
        frame[60 + down : 380 + down, :320] = portrait
        frame[80 - down : 400 - down, 320:] = other

    write_camera(path, draw)


def write_film(path: Path, seconds: int = 2) -> None:
    """A video: the portrait, then its darker mirror image, in turns of a second."""
    portrait = astronaut_bgr()[:480, :480]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=15)
        stream.width = stream.height = 480
        stream.pix_fmt = "yuv420p"
        for index in range(15 * seconds):
            picture = portrait if index // 15 % 2 == 0 else portrait[:, ::-1] // 2
            frame = av.VideoFrame.from_ndarray(picture.copy(), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
