"""Random, mutated and overgrown files against everything that reads files of unknown origin.

``python -m benchmarks.fuzz_decoders --cases 20000`` hands cases (``fuzz_cases``) to the decoders of
the product, as the pages do, and prints what came of them. A case is a number: ``--first N --cases
1`` repeats it. Found are errors that are not one clear line, cases over the deadline of what reads
them, and memory that grows; then the exit code is 1. ``ended`` are those whose process the limits
or a crash of a library have ended, which a viewer is told in one line.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.fuzz_cases import case
from fer.datasets.archive import HandedIn, open_handed_in
from fer.decoding import Session, decoders, long_decoders
from fer.decoding.job import DEADLINE_S
from fer.errors import FerError
from fer.media.decoded import decode
from fer.media.sources import Source, archive_sources
from fer.video import VideoOptions
from fer.video.decoded import DecodedVideo
from fer.video.state import JobState

# What begins a process, waits for its turn and hears of the end.
_GRACE_S = 5.0
_WORKERS = 2
_MEMBERS = 3


@dataclass
class Report:
    """What came of some cases."""

    cases: int = 0
    read: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    slowest: int = -1
    faults: list[str] = field(default_factory=list)
    over_deadline: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)

    @property
    def growth_mib(self) -> float:
        """From the second quarter to the last; 0 where that is not known.

        Medians: a decoder keeps for the next picture what the one before took, more or less.
        """
        quarter = len(self.memory_mib) // 4
        if not quarter:
            return 0.0
        second, last = self.memory_mib[quarter : 2 * quarter], self.memory_mib[-quarter:]
        return statistics.median(last) - statistics.median(second)


def _pixels(source: Source, every_frame: bool) -> int:
    _digest, pictures = decode(source, Session(), every_frame=every_frame)
    return sum(picture.image_bgr.size for picture in pictures)


def _read(kind: str, data: bytes, place: Path, every_frame: bool) -> bool:
    """Hand bytes to what reads them; whether anything could be read."""
    if kind == "picture":
        return _pixels(Source("case", data=data), every_frame) > 0
    if kind.startswith("data"):
        return len(open_handed_in([HandedIn(kind, io.BytesIO(data))])) > 0
    place.write_bytes(data)
    if kind == "archive":
        read = 0
        for source in itertools.islice(archive_sources("case.zip", place), _MEMBERS):
            try:
                read += _pixels(source, every_frame)
            except FerError:
                continue
        return read > 0
    with DecodedVideo(
        place, "case", Session(), JobState(), VideoOptions(), every_frame=True
    ) as video:
        return [step.frames for step in video.steps()][-1] > 0


def _memory_mib() -> float:
    """Of this process and of the decoders that are idle."""
    pids = [child._process.pid for line in (decoders, long_decoders) for child in line._idle]
    try:
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in ("self", *pids)]
    except OSError:
        return 0.0
    return sum(pages) * 4096 / 2**20


def _attempt(report: Report, number: int, folder: Path) -> None:
    kind, data = case(number)
    place = folder / f"{number}"
    begun, outcome = time.perf_counter(), "refused"
    try:
        outcome = "read" if _read(kind, data, place, number % 2 == 0) else "refused"
    except FerError as refusal:
        said = str(refusal)
        if "\n" in said or "expected" not in said:
            report.faults.append(f"case {number}, {kind}: not one clear line: {refusal!r}")
        if "than it may" in said or "takes longer" in said:
            report.ended.append(number)
    except Exception as error:
        report.faults.append(f"case {number}, {kind}: {type(error).__name__}: {error}")
    took = time.perf_counter() - begun
    place.unlink(missing_ok=True)
    report.cases += 1
    report.read += outcome == "read"
    report.refused += outcome == "refused"
    if took > report.slowest_s:
        report.slowest_s, report.slowest = took, number
    # An archive's members have a deadline each.
    if took > (_MEMBERS + 1 if kind == "archive" else 1) * DEADLINE_S + _GRACE_S:
        report.over_deadline.append(number)


def fuzz(
    cases: int, first: int = 0, say: Callable[[Report], None] = lambda _report: None
) -> Report:
    """Run cases.

    Args:
        cases: How many.
        first: Number of the first.
        say: Called now and then.
    """
    report = Report()
    with (
        closing(decoders),
        closing(long_decoders),
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(_WORKERS) as pool,
    ):
        for number in range(first, first + cases, 250):
            numbers = range(number, min(number + 250, first + cases))
            list(pool.map(lambda one: _attempt(report, one, Path(folder)), numbers))
            report.memory_mib.append(_memory_mib())
            say(report)
    return report


def main() -> int:
    """Fuzz and print the report; 1 when anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    report = fuzz(
        options.cases,
        options.first,
        lambda so_far: print(f"{so_far.cases:,} cases", file=sys.stderr, flush=True),
    )
    facts = asdict(report)
    del facts["memory_mib"]
    print(json.dumps({**facts, "growth_mib": round(report.growth_mib, 1)}, indent=2))
    return 1 if report.faults or report.over_deadline or report.growth_mib > 64 else 0


if __name__ == "__main__":
    sys.exit(main())
