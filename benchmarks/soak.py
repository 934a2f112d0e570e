"""The webcam page over a long time: frame rate, latency, memory, threads, and many open/close.

Run ``python -m benchmarks.soak --minutes 30``; not part of ``make bench``. A real server, a real
Chromium whose camera shows NASA's public-domain portrait with a frame counter in it. Latency is
the counter of the camera's own picture less that of the returned one at the same moment, in frames
of 33 ms. ``--viewers 3`` opens more pages of the same browser, which then shares the machine's
cores with the server: a lower bound. ``--cycles 100`` opens and closes the page so many times.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "e2e"))

import support  # noqa: E402
from live import button, evaluate_in_stream, press, wait_for_new_frames  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from benchmarks.machine_speed import fixed_work_ms, stolen_s  # noqa: E402

FRAMES, BITS, CELL = 120, 7, 20

# Reads the counters of the camera's picture and of the returned one, which is mirrored.
LATENCY = """async ([bits, cell, frames]) => {
  const read = (video, mirrored) => {
    const canvas = document.createElement('canvas');
    canvas.width = 640; canvas.height = 480;
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.drawImage(video, 0, 0, 640, 480);
    let value = 0;
    for (let bit = 0; bit < bits; bit++) {
      const x = (bit + 0.5) * cell;
      const pixel = context.getImageData(mirrored ? 639 - x : x, 480 - cell / 2, 1, 1).data;
      value += (pixel[1] > 127 ? 1 : 0) << bit;
    }
    return value;
  };
  // The camera's picture as the page never shows it; for the time of the measurement only, since
  // one more video costs the machine as much as a small part of a viewer.
  const own = document.createElement('video');
  own.muted = true;
  own.srcObject = await navigator.mediaDevices.getUserMedia({video: true});
  await own.play();
  const returned = document.querySelector('video');
  const late = [];
  for (let i = 0; i < 15; i++) {
    await new Promise((done) => setTimeout(done, 61));
    late.push((read(own, false) - read(returned, true) + frames) % frames);
  }
  own.srcObject.getTracks().forEach((track) => track.stop());
  return late;
}"""

COUNT = "() => document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames"


class Usage(NamedTuple):
    """What a process uses."""

    memory_mb: float
    threads: int
    cpu_s: float


def usage(pid: int) -> Usage:
    """Resident memory, threads and CPU time of a process (Linux)."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Usage(int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), ticks)


def write_counted_clip(path: Path) -> None:
    """The portrait, panned, with the number of the frame as black and white cells at the bottom."""
    plain = path.with_suffix(".plain")
    support.write_clip(plain)
    start = b"\xff\xd8\xff"
    pictures = [start + rest for rest in plain.read_bytes().split(start)[1:]]
    if len(pictures) != FRAMES:
        raise RuntimeError(f"{plain}: expected {FRAMES} frames, got {len(pictures)}")
    with path.open("wb") as file:
        for index, picture in enumerate(pictures):
            frame = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
            for bit in range(BITS):
                cells = frame[480 - CELL :, bit * CELL : (bit + 1) * CELL]
                cells[:] = 255 if index >> bit & 1 else 0
            file.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())


def open_stream(browser: Browser, url: str) -> Page:
    """A page with the stream running."""
    page = browser.new_context(viewport={"width": 1100, "height": 800}).new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{url}/Webcam")
    page.get_by_role("heading", name="Webcam").wait_for()
    press(page, "START")
    wait_for_new_frames(page, seconds=90)
    return page


def watch(pages: list[Page], server: support.Server, minutes: float, step_s: float) -> Table:
    """One row a step; the frame rates and latencies are those of each page."""
    table = Table(title=f"{len(pages)} viewer(s), {minutes:g} minutes", title_justify="left")
    headings = ("minute", "decoded fps", "latency, frames", "MB", "threads", "CPU, cores")
    for heading in (*headings, "fixed work, ms", "stolen, s"):
        table.add_column(heading, justify="right")
    began = time.monotonic()
    while (at := time.monotonic()) - began < minutes * 60:
        counts = [int(str(evaluate_in_stream(page, COUNT))) for page in pages]
        before, stolen = usage(server.process.pid), stolen_s()
        late = [latency(page) for page in pages]
        time.sleep(max(0.0, step_s - (time.monotonic() - at)))
        now = time.monotonic()
        fps = [
            (int(str(evaluate_in_stream(page, COUNT))) - count) / (now - at)
            for page, count in zip(pages, counts, strict=True)
        ]
        after = usage(server.process.pid)
        cells = [
            f"{(now - began) / 60:.1f}",
            " ".join(f"{value:.1f}" for value in fps),
            " ".join(f"{value:.0f}" for value in late),
            f"{after.memory_mb:.0f}",
            str(after.threads),
            f"{(after.cpu_s - before.cpu_s) / (now - at):.2f}",
            f"{fixed_work_ms():.1f}",
            f"{stolen_s() - stolen:.1f}",
        ]
        table.add_row(*cells)
        print("  ".join(cells), file=sys.stderr, flush=True)
    return table


def latency(page: Page) -> float:
    """Frames of 33 ms from the camera to the returned picture, median."""
    for frame in page.frames:
        if "streamlit_webrtc" in frame.url:
            return statistics.median(frame.evaluate(LATENCY, [BITS, CELL, FRAMES]))
    raise RuntimeError("the stream's frame is not on the page")


def open_and_close(browser: Browser, server: support.Server, cycles: int) -> Table:
    """Memory and threads before, during and after many sessions."""
    table = Table(title=f"{cycles} times opened and closed", title_justify="left")
    for heading in ("sessions", "MB", "threads"):
        table.add_column(heading, justify="right")
    for done in range(1, cycles + 1):
        page = open_stream(browser, server.url)
        press(page, "STOP")
        button(page, "START").wait_for()
        page.context.close()
        if done in {1, cycles} or done % max(1, cycles // 10) == 0:
            now = usage(server.process.pid)
            table.add_row(str(done), f"{now.memory_mb:.0f}", str(now.threads))
    # aiortc notices a closed tab after half a minute.
    time.sleep(40)
    now = usage(server.process.pid)
    table.add_row("40 s later", f"{now.memory_mb:.0f}", str(now.threads))
    return table


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--step", type=float, default=60.0, help="seconds from row to row")
    parser.add_argument("--viewers", type=int, default=1)
    parser.add_argument("--cycles", type=int, default=0)
    options = parser.parse_args(arguments)
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        clip = Path(scratch) / "clip.mjpeg"
        write_counted_clip(clip)
        with support.running_server(Path(scratch)) as server:
            browser = support.launch(playwright, *support.camera_flags(clip))
            try:
                if options.minutes:
                    pages = [open_stream(browser, server.url) for _ in range(options.viewers)]
                    console.print(watch(pages, server, options.minutes, options.step))
                    for page in pages:
                        page.context.close()
                if options.cycles:
                    console.print(open_and_close(browser, server, options.cycles))
            finally:
                browser.close()
            lines = [
                line for line in server.log_text().splitlines() if re.search("Error|Trace", line)
            ]
            console.print("\n".join(lines) or "The server's log holds no error.")


if __name__ == "__main__":
    main(sys.argv[1:])
