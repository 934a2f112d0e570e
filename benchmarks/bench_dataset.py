"""How long FER-2013 takes to open, against the usual way of splitting each row in Python.

Run ``python benchmarks/bench_dataset.py``. The data is found as everywhere (``FER_DATA``,
``data/``); without it a synthetic file of 2,000 rows is timed, and the output says so.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from fer.datasets import FaceDataset, find_data, image_digests, open_dataset

SYNTHETIC_ROWS = 2_000
CHEAP_RUNS = 9

T = TypeVar("T")


def write_synthetic(path: Path) -> None:
    """Write random faces in the form of ``fer2013.csv.gz``."""
    generator = np.random.default_rng(0)
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write("emotion,pixels,Usage\n")
        for row in range(SYNTHETIC_ROWS):
            pixels = " ".join(map(str, generator.integers(0, 256, 48 * 48)))
            file.write(f"{row % 7},{pixels},Training\n")


def read_per_row(path: Path) -> npt.NDArray[np.uint8]:
    """The usual way: pandas, then one Python integer per pixel."""
    table = pd.read_csv(path)
    rows = [np.array([int(p) for p in row.split()], np.uint8) for row in table["pixels"]]
    return np.stack(rows).reshape(-1, 48, 48)


def timed(function: Callable[[], T], runs: int) -> tuple[T, float, float, int]:
    """Call a function some times.

    Returns:
        Its last result, the median wall-clock and CPU seconds of a call, and the runs.
    """
    wall, cpu = [], []
    for _ in range(runs):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        result = function()
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - wall_start)
    return result, statistics.median(wall), statistics.median(cpu), runs


def touch_all(dataset: FaceDataset) -> int:
    """Read every pixel, so that a memory map cannot hide its cost."""
    return int(dataset.images.sum(dtype=np.int64))


def measure(path: Path) -> None:
    """Time each way on one file and print the table."""
    usual, *usual_times = timed(lambda: read_per_row(path), 1)
    dataset, *first_times = timed(lambda: open_dataset(path), 1)
    if not np.array_equal(dataset.images, usual):
        raise SystemExit("the two ways disagree: expected equal images")
    _, *later_times = timed(lambda: open_dataset(path), CHEAP_RUNS)
    _, *touched_times = timed(lambda: touch_all(open_dataset(path)), CHEAP_RUNS)
    _, *digest_times = timed(lambda: image_digests(dataset.images), CHEAP_RUNS)
    print(f"{path.name}: {len(dataset):,} rows; every pixel equal between the two ways")
    print(
        "All ways use one thread; the ratio is of CPU seconds, which busy neighbours leave alone."
    )
    print(f"{'':44}{'wall s':>9}{'CPU s':>9}{'ratio':>10}{'runs':>6}")
    for name, (wall, cpu, runs) in (
        ("usual: pandas, int() per pixel", usual_times),
        ("fer, first read (rows checked, cache written)", first_times),
        ("fer, later read (memory map)", later_times),
        ("fer, later read and a pass over all pixels", touched_times),
    ):
        print(f"{name:45}{wall:8.4f}{cpu:9.4f}{usual_times[1] / cpu:9.1f}x{runs:6}")
    wall, cpu, runs = digest_times
    print(f"{'digests of all images (copies, audit)':45}{wall:8.4f}{cpu:9.4f}{'':10}{runs:6}")


def main() -> None:
    """Find or make a file, and time it with a cache of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="fer2013.csv(.gz), instead of the one found")
    arguments = parser.parse_args()
    path = find_data(arguments.data)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FER_CACHE"] = folder
        if path is None or not path.is_file():
            path = Path(folder) / "synthetic.csv.gz"
            print(f"No fer2013.csv found: timing {SYNTHETIC_ROWS:,} synthetic rows instead.")
            write_synthetic(path)
        measure(path)


if __name__ == "__main__":
    main()
