"""How fast the Dataset page opens, and how much memory three sessions of it take.

``python -m benchmarks.bench_dataset_page [--data FILE] [--sessions N]`` starts the real server with
the data set in its cache and a Chromium, opens the page in several sessions one after the other,
and visits each tab. The limits: the first tab within 2 s, every tab within 5 s, 700 MB. On a busy
machine look at the CPU seconds of the server: that is what an idle one would need. The first
session of a server also pays for its imports; "Home page" is what a new browser takes to load the
app itself and the script that draws charts; the first tab is a click on the page's link from there.
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

from fer.datasets import find_data, find_ferplus, open_dataset

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "e2e"))

import support  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

FIRST = "Distribution"
HOME = "Home page"
# Tab -> a text that is there when all of it is drawn.
TABS = {
    "Pictures": "48 x 48 pixel originals",
    "Audit": "pictures are distinct",
    "Structure": "places them just before",
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


def visit(page: Page, server: support.Server) -> dict[str, tuple[float, float]]:
    """Open the page and each of its tabs once, in a browser without a cache.

    Returns:
        Tab -> wall-clock and server CPU seconds until it was drawn.
    """
    taken = {}

    def timed(name: str, act: Callable[[], object], text: str) -> None:
        start, cpu = time.perf_counter(), cpu_s(server.process.pid)
        act()
        page.get_by_text(text).locator("visible=true").first.wait_for()
        taken[name] = (time.perf_counter() - start, cpu_s(server.process.pid) - cpu)

    timed(HOME, lambda: page.goto(server.url), "Precision, recall and F1")
    timed(
        FIRST, page.get_by_role("link", name="Dataset").first.click, "Pictures per class and split"
    )
    for name, text in TABS.items():
        timed(name, page.get_by_role("tab", name=name).click, text)
    return taken


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="fer2013.csv(.gz), instead of the one found")
    parser.add_argument("--sessions", type=int, default=3)
    arguments = parser.parse_args([] if sys.argv[0].endswith("__main__.py") else None)
    path = find_data(arguments.data)
    if path is None or not Path("/proc/self/status").exists():
        print("The Dataset page is measured on Linux, with fer2013.csv in FER_DATA; left out.")
        return
    dataset = open_dataset(path, ferplus=find_ferplus(None, path))  # fills the cache
    print(f"Dataset page, {dataset.source}: {len(dataset):,} pictures, read once before")
    rows, memory = [], []
    with (
        tempfile.TemporaryDirectory() as scratch,
        support.running_server(Path(scratch), data=str(path)) as server,
        sync_playwright() as playwright,
    ):
        browser = support.launch(playwright)
        idle = memory_mb(server.process.pid)[0]
        for _ in range(arguments.sessions):
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.set_default_timeout(300_000)
            rows.append(visit(page, server))
            memory.append(memory_mb(server.process.pid))
        browser.close()
    others = rows[1:] or rows
    print(f"{'':16}{'first session':>24}{'median of the others':>26}")
    print(f"{'':16}{'wall s':>12}{'CPU s':>12}{'wall s':>14}{'CPU s':>12}")
    for name in (HOME, FIRST, *TABS):
        wall, cpu = (statistics.median(row[name][i] for row in others) for i in (0, 1))
        first = rows[0][name]
        print(f"{name:16}{first[0]:12.2f}{first[1]:12.2f}{wall:14.2f}{cpu:12.2f}")
    print(f"server memory before any session: {idle:.0f} MB")
    for number, (now, highest) in enumerate(memory, start=1):
        print(f"with {number} sessions open: {now:.0f} MB, highest so far {highest:.0f} MB")
    within = "within" if memory[-1][1] < MOST_MB else "ABOVE"
    print(f"{within} the limit of {MOST_MB} MB")


if __name__ == "__main__":
    main()
