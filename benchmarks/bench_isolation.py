"""What it costs to decode pictures in a process that can be killed, in the same run.

``python -m benchmarks.bench_isolation`` reads the same JPEGs of one face again and again, in turns
decoded here and apart, with a thread per core, and prints pictures a second and the ratio of the
medians. The processor seconds of both processes say what a busy machine hides.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bench_media import write_pictures
from fer import EmotionRecognizer
from fer.decoding import decoders
from fer.media import batch
from fer.media.sources import Source, find_sources
from fer.pictures.reading import Picture, decode_image

_SIZES = ((640, 480), (1920, 1080), (4000, 3000))
_APART = batch.decode


def _here(source: Source, _session: object, **_options: object) -> tuple[str, Iterator[Picture]]:
    data = source.read()
    return hashlib.sha256(data).hexdigest(), iter([decode_image(data, source.name)])


def _cpu_s() -> float:
    """Of this process and of its decoders, also of those that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    total = sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)
    for child in decoders._idle:
        fields = Path(f"/proc/{child._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / 100
    return total


def measure(folder: Path, recognizer: EmotionRecognizer, rounds: int) -> dict[str, list[Any]]:
    """Seconds and processor seconds of every round, here and apart."""
    sources = list(find_sources([folder]))
    taken: dict[str, list[Any]] = {"here": [], "apart": []}
    for index in range(2 * rounds + 2):
        name = ("apart", "here")[index % 2]
        batch.decode = _here if name == "here" else _APART
        begun, cpu = time.perf_counter(), _cpu_s()
        for _source, done in batch.analyze_pictures(sources, recognizer):
            if not done.result.faces:
                raise RuntimeError(f"{done.result.source}: expected a face, got {done.result}")
        # The first of each begins processes and threads.
        if index >= 2:
            taken[name].append((time.perf_counter() - begun, _cpu_s() - cpu))
    batch.decode = _APART
    return taken


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table.

    Args:
        arguments: Command line; default none, as ``python -m benchmarks`` calls it.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments or [])
    table = Table(title="Pictures decoded here and apart", title_justify="left")
    for heading in ("pixels", "here, a second", "apart, a second", "costs", "CPU costs"):
        table.add_column(heading, justify="right")
    recognizer = EmotionRecognizer.load()
    for width, height in _SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            write_pictures(Path(scratch), options.pictures, width, height)
            taken = measure(Path(scratch), recognizer, options.rounds)
        wall, cpu = (
            [statistics.median(one[place] for one in taken[name]) for name in ("here", "apart")]
            for place in (0, 1)
        )
        speeds = [f"{options.pictures / seconds:.1f}" for seconds in wall]
        costs = [f"{100 * (apart / here - 1):+.0f} %" for here, apart in (wall, cpu)]
        table.add_row(f"{width} x {height}", *speeds, *costs)
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
