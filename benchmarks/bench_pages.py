"""How fast pages open, and turn with a full session; and the server's memory.

``python -m benchmarks.bench_pages [--data FILE] [--sessions N] [--photos N]`` starts the server
and a Chromium. In each session it opens every page once, reads photos and the sample clip, then
turns from page to page. Dataset and Model are to open within 2 s (the data set in its cache), every
other section within 5 s, a turn within 0.5 s, the server within 700 MB. On a busy machine look at
the CPU seconds of the server: that is what an idle one would need. The first session of a server
also pays for its imports.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from benchmarks.portraits import portrait
from fer.datasets import find_data, find_ferplus, open_dataset

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "e2e"))

import support  # noqa: E402
from playwright.sync_api import Page, expect, sync_playwright  # noqa: E402

# Page -> a text that is there when all of it is drawn.
OPENED = {
    "Dataset": "Pictures per class and split",
    "Model": "On whom it fails",
    "Photos": "Drop pictures here",
    "Video": "Drop a video here",
    "Webcam": "Press START",
}
SECTIONS = {
    "Pictures": "48 x 48 pixel originals",
    "What is wrong with it": "pictures are distinct",
    "Structure": "places them just before",
}
# With a full session.
TURNS = {
    "Photos": "Faces per emotion",
    "Model": "On whom it fails",
    "Dataset": "Pictures per class and split",
    "Video": "Everybody",
    "Home": "It cannot",
}
MOST_MB = 700


def memory_mb(process: int) -> tuple[float, float]:
    """Resident memory of a Linux process now, and at its highest, in MB (10^6 bytes)."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith("Vm")}
    return kib["VmRSS"] * 1024 / 1e6, kib["VmHWM"] * 1024 / 1e6


def cpu_s(process: int) -> float:
    """CPU seconds that a Linux process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def visit(
    page: Page, server: support.Server, photos: list[Path], *, data: bool
) -> dict[str, tuple[float, float]]:
    """One session, in a browser without a cache.

    Returns:
        What was opened -> wall-clock and server CPU seconds until it was drawn.
    """
    taken = {}

    def timed(name: str, act: Callable[[], object], text: str) -> None:
        start, cpu = time.perf_counter(), cpu_s(server.process.pid)
        act()
        page.get_by_text(text).locator("visible=true").first.wait_for()
        taken[name] = (time.perf_counter() - start, cpu_s(server.process.pid) - cpu)

    def link(name: str) -> Callable[[], object]:
        return page.get_by_role("link", name=name).first.click

    timed("Home", lambda: page.goto(server.url), "It cannot")
    for name, text in OPENED.items():
        timed(name, link(name), text)
        if name == "Dataset" and data:
            for section, drawn in SECTIONS.items():
                timed(f"- {section}", lambda chosen=section: support.choose(page, chosen), drawn)
            # A page stays in the section that was chosen.
            support.choose(page, "What is in it")
    link("Photos")()
    page.get_by_text(OPENED["Photos"]).wait_for()
    page.locator('input[type="file"]').set_input_files(photos)
    page.get_by_text(f"in {len(photos)} pictures").wait_for()
    page.get_by_role("button", name="Stop").wait_for(state="detached")
    link("Video")()
    page.get_by_text(OPENED["Video"]).wait_for()
    page.get_by_role("button", name="Try a sample clip").click()
    page.locator("video").first.wait_for()
    for name, text in TURNS.items():
        timed(f"{name}, full session", link(name), text)
    return taken


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="fer2013.csv(.gz), instead of the one found")
    parser.add_argument("--sessions", type=int, default=3)
    parser.add_argument("--photos", type=int, default=60)
    arguments = parser.parse_args([] if sys.argv[0].endswith("__main__.py") else None)
    if not Path("/proc/self/status").exists():
        print("The pages are measured on Linux; left out.")
        return
    path = find_data(arguments.data)
    if path is not None:
        dataset = open_dataset(path, ferplus=find_ferplus(None, path))  # fills the cache
        print(f"{dataset.source}: {len(dataset):,} pictures, read once before")
    rows, memory = [], []
    with (
        tempfile.TemporaryDirectory() as scratch,
        support.running_server(Path(scratch), data=str(path or "none")) as server,
        sync_playwright() as playwright,
    ):
        photos = [Path(scratch) / f"{number:03}.jpg" for number in range(arguments.photos)]
        for number, photo in enumerate(photos):
            light = 0.7 + 0.6 * number / len(photos)
            cv2.imwrite(str(photo), cv2.convertScaleAbs(portrait("collins"), alpha=light))
        expect.set_options(timeout=60_000)
        browser = support.launch(playwright)
        idle = memory_mb(server.process.pid)[0]
        for _ in range(arguments.sessions):
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.set_default_timeout(60_000)
            rows.append(visit(page, server, photos, data=path is not None))
            memory.append(memory_mb(server.process.pid))
        browser.close()
    others = rows[1:] or rows
    print(f"{'':26}{'first session':>24}{'median of the others':>26}")
    print(f"{'':26}{'wall s':>12}{'CPU s':>12}{'wall s':>14}{'CPU s':>12}")
    for name, first in rows[0].items():
        wall, cpu = (statistics.median(row[name][i] for row in others) for i in (0, 1))
        print(f"{name:26}{first[0]:12.2f}{first[1]:12.2f}{wall:14.2f}{cpu:12.2f}")
    print(f"server memory before any session: {idle:.0f} MB")
    for number, (now, highest) in enumerate(memory, start=1):
        print(f"with {number} sessions open: {now:.0f} MB, highest so far {highest:.0f} MB")
    print(f"{'within' if memory[-1][1] < MOST_MB else 'ABOVE'} the limit of {MOST_MB} MB")


if __name__ == "__main__":
    main()
