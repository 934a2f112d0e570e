"""One, two, three viewers of the webcam page, and the next: frame rates, latency, server CPU.

Run ``python -m benchmarks.bench_viewers``. One viewer is a real Chromium with a fake camera of
640 x 480 at 30 fps, in which decoded frames and latency are measured; the others are light clients
(``benchmarks.light_viewer``) in processes of their own, so that browsers do not eat the cores that
the server needs. Each joins while those before it go on. *Fixed work* is what the same small task
takes beside all this: rows compare only where it is alike.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import av
from rich.console import Console
from rich.table import Table

from benchmarks.machine_speed import fixed_work_ms

PROJECT = Path(__file__).parents[1]
# Joining takes a moment, and the server needs some seconds to judge a newcomer.
SETTLE_S = 14.0
# Bits a second of the light viewers; Chromium, whose camera shows the same clip, sends fewer
# (0.75 million, as its getStats says).
RATE = 1_200_000


def write_webm(clip: Path, path: Path) -> None:
    """The frames of an MJPEG file as VP8, once, so that no client has to encode."""
    with av.open(clip, format="mjpeg") as source, av.open(path, "w") as target:
        stream = target.add_stream("libvpx", rate=30)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        stream.bit_rate, stream.gop_size = RATE, 30
        stream.options = {
            "deadline": "realtime",
            "cpu-used": "4",
            **dict.fromkeys(("minrate", "maxrate", "bufsize"), str(RATE)),
        }
        for index, frame in enumerate(source.decode(video=0)):
            # A new frame: with what the old one says of its length, twice the rate comes out.
            picture = av.VideoFrame.from_ndarray(frame.to_ndarray(format="bgr24"), format="bgr24")
            picture.pts, picture.time_base = index, Fraction(1, 30)
            target.mux(stream.encode(picture.reformat(format="yuv420p")))
        target.mux(stream.encode(None))


class Light:
    """A light viewer's process and the last line that it printed."""

    def __init__(self, url: str, clip: Path, log: Path) -> None:
        self._log = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.light_viewer", url, str(clip)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=PROJECT,
        )
        self.frames, self.place, self.gone = 0, 0, False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            state = json.loads(line)
            self.frames, self.place = state["frames"], state["place"]
            self.gone = state["gone"]

    def end(self) -> None:
        """Close the tab, so to speak."""
        self.process.terminate()
        self.process.wait(10)
        self._log.close()


@contextmanager
def light_viewer(url: str, clip: Path, log: Path) -> Iterator[Light]:
    """A light viewer that leaves at the end."""
    viewer = Light(url, clip, log)
    try:
        yield viewer
    finally:
        viewer.end()


def _busy_cores() -> float:
    """CPU seconds of the whole machine since it started (Linux)."""
    fields = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def measure(console: Console, viewers: int, seconds: float) -> None:
    """Let viewers join one after the other, and print a row for each number of them."""
    from playwright.sync_api import sync_playwright

    from benchmarks import soak

    table = Table(title=f"Viewers at once, {seconds:g} s each", title_justify="left")
    for heading in (
        "viewers",
        "Chromium, decoded fps",
        "latency, frames",
        "the others, fps",
        "place in line",
        "server, cores",
        "machine, cores",
        "server MB",
        "fixed work, ms",
    ):
        table.add_column(heading, justify="right")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        playwright = stack.enter_context(sync_playwright())
        clip, webm = folder / "clip.mjpeg", folder / "clip.webm"
        soak.write_counted_clip(clip)
        write_webm(clip, webm)
        server = stack.enter_context(soak.support.running_server(folder))
        browser = soak.support.launch(playwright, *soak.support.camera_flags(clip))
        stack.callback(browser.close)
        page = soak.open_stream(browser, server.url)
        others: list[Light] = []
        for count in range(1, viewers + 1):
            if count > 1:
                log = folder / f"viewer-{count}.log"
                others.append(stack.enter_context(light_viewer(server.url, webm, log)))
            time.sleep(SETTLE_S)
            before = soak.usage(server.process.pid)
            machine, began = _busy_cores(), time.monotonic()
            decoded = int(str(soak.evaluate_in_stream(page, soak.COUNT)))
            frames = [one.frames for one in others]
            late = soak.latency(page)
            works = [fixed_work_ms(1)]
            while time.monotonic() - began < seconds:
                time.sleep(1.0)
                works.append(fixed_work_ms(1))
            took = time.monotonic() - began
            decoded = int(str(soak.evaluate_in_stream(page, soak.COUNT))) - decoded
            after = soak.usage(server.process.pid)
            rates = [(one.frames - first) / took for one, first in zip(others, frames, strict=True)]
            if any(one.process.poll() is not None for one in others):
                raise RuntimeError(f"a light viewer ended: {log.read_text(errors='replace')}")
            table.add_row(
                str(count),
                f"{decoded / took:.1f}",
                f"{late:.0f}",
                " ".join(f"{rate:.1f}" for rate in rates) or "-",
                " ".join("lost" if one.gone else str(one.place or "-") for one in others) or "-",
                f"{(after.cpu_s - before.cpu_s) / took:.2f}",
                f"{(_busy_cores() - machine) / took:.2f} of {os.cpu_count()}",
                f"{after.memory_mb:.0f}",
                f"{statistics.median(works):.1f}",
            )
        written = server.log_text()
    console.print(table)
    faults = written.count("Traceback")
    console.print(f"The server's log holds {faults} tracebacks.")
    if faults:
        console.print(written[written.index("Traceback") :], markup=False, highlight=False)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table.

    Args:
        arguments: Command line; default none, the short form of ``python -m benchmarks``.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--viewers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0, help="measured with each number")
    options = parser.parse_args(arguments or [])
    console = Console(width=120)
    names = ("chromium", "chromium-browser", "google-chrome")
    if sys.platform != "linux" or not (
        os.environ.get("FER_CHROMIUM") or any(map(shutil.which, names))
    ):
        console.print("Viewers at once: not measured, this needs Linux and a Chromium.")
        return
    measure(console, options.viewers, options.seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
