"""Random and mutated bytes against everything that reads files of unknown origin.

``python -m benchmarks.fuzz_decoders --cases 10000`` mutates small pictures, archives and videos of
every format, hands each to its decoder in a process of its own, and prints what came of them. A
case is a number: the same one always is the same bytes (``--first N --cases 1`` repeats it). Found
are crashes of the process, errors that are not ``FerError``, cases of more than five seconds, and
memory that grows. The exit code is 1 when anything is found.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image as PilImage

from fer.errors import FerError
from fer.media import decode_image
from fer.media.sources import archive_sources
from fer.video import VideoReader

LIMIT_S = 5.0
# After this long without a word a process is taken for hung, however busy the machine is.
_HUNG_S = 60.0
_FRAMES = 40
_PICTURES = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")
_VIDEOS = {".mp4": "libx264", ".mkv": "ffv1", ".webm": "libvpx", ".avi": "mpeg4"}
_EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


@dataclass
class Report:
    """What came of some cases."""

    cases: int = 0
    read: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    slowest: int = -1
    faults: list[str] = field(default_factory=list)
    slow: list[int] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)

    @property
    def growth_mib(self) -> float:
        """From the end of the first quarter to the end; 0 where that is not known."""
        taken = self.memory_mib
        return taken[-1] - taken[len(taken) // 4] if len(taken) >= 4 else 0.0


def _video(suffix: str, codec: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"seed{suffix}")
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for index in range(8):
                picture = np.full((48, 64, 3), 20 * index, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        return path.read_bytes()


def seeds() -> list[tuple[str, bytes]]:
    """A small whole file of every kind: what reads it, and its bytes."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    rng = np.random.default_rng(0)
    image = PilImage.fromarray(rng.integers(0, 256, (40, 48, 3), np.uint8))
    found = []
    for kind in _PICTURES:
        buffer = io.BytesIO()
        image.save(buffer, kind)
        found.append(("picture", buffer.getvalue()))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", found[1][1])
        archive.writestr("b/c.jpg", found[0][1])
    found.append(("archive", packed.getvalue()))
    found += [("video", _video(suffix, codec)) for suffix, codec in _VIDEOS.items()]
    return found


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """One to four changes: bytes, numbers, cuts, repeats, insertions."""
    content = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if not content:
            break
        at = int(rng.integers(len(content)))
        match int(rng.integers(6)):
            case 0:
                for place in rng.integers(len(content), size=int(rng.integers(1, 17))):
                    content[int(place)] = int(rng.integers(256))
            case 1:
                content[at] ^= 1 << int(rng.integers(8))
            case 2:
                number = _EXTREMES[int(rng.integers(len(_EXTREMES)))]
                order = "big" if rng.integers(2) else "little"
                content[at : at + 4] = number.to_bytes(4, order)  # type: ignore[arg-type]
            case 3:
                del content[at:]
            case 4:
                part = content[at : at + int(rng.integers(1, 200))]
                content[at:at] = part * int(rng.integers(1, 4))
            case _:
                content[at:at] = rng.bytes(int(rng.integers(1, 64)))
    return bytes(content)


def case(number: int, files: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """What reads the case of a number, and its bytes."""
    rng = np.random.default_rng(number)
    kind, data = files[int(rng.integers(len(files)))]
    if number % 8 == 0:
        head = data[: int(rng.integers(0, 33))]
        return kind, head + rng.bytes(int(rng.integers(0, 2000)))
    return kind, mutated(data, rng)


def _read(kind: str, data: bytes, scratch: Path) -> bool:
    """Hand bytes to what reads them; whether anything could be read."""
    if kind == "picture":
        return decode_image(data).image_bgr.size > 0
    if kind == "archive":
        read = False
        for source in archive_sources("case.zip", data=data):
            try:
                read |= decode_image(source.read()).image_bgr.size > 0
            except FerError:
                continue
        return read
    scratch.write_bytes(data)
    with VideoReader(scratch) as reader:
        for index, frame in enumerate(reader.frames()):
            frame.image_bgr()
            if index >= _FRAMES:
                break
        return reader.frames_read > 0


def _memory_mib() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError, AttributeError):
        return 0.0


def _attempt(number: int, kind: str, data: bytes, scratch: Path) -> tuple[str, str, float]:
    """What came of a case, what is wrong with that or nothing, and seconds."""
    started, outcome, fault = time.perf_counter(), "refused", ""
    try:
        outcome = "read" if _read(kind, data, scratch) else "refused"
    except FerError as refusal:
        if "\n" in str(refusal) or "expected" not in str(refusal):
            fault = f"case {number}, {kind}: not one clear line: {refusal!r}"
    except Exception as error:
        fault = f"case {number}, {kind}: {type(error).__name__}: {error}"
    return outcome, fault, time.perf_counter() - started


def child(first: int, cases: int) -> None:
    """Do cases one after the other and report each on standard output."""
    files = seeds()
    av.logging.set_level(av.logging.PANIC)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + cases):
            print(json.dumps({"begins": number}), flush=True)
            kind, data = case(number, files)
            outcome, fault, took = _attempt(number, kind, data, Path(folder, "case"))
            if took > LIMIT_S:
                # A busy machine stops a process for seconds: only what is slow twice is slow.
                took = min(took, _attempt(number, kind, data, Path(folder, "case"))[2])
            memory = _memory_mib() if number % 250 == 0 else None
            record = {"done": outcome, "took": took, "fault": fault, "memory": memory}
            print(json.dumps(record), flush=True)


def _take(report: Report, record: dict[str, Any], number: int) -> None:
    report.cases += 1
    report.read += record["done"] == "read"
    report.refused += record["done"] == "refused"
    if record["fault"]:
        report.faults.append(record["fault"])
    if record["took"] > report.slowest_s:
        report.slowest_s, report.slowest = record["took"], number
    if record["took"] > LIMIT_S:
        report.slow.append(number)
    if record["memory"] is not None:
        report.memory_mib.append(record["memory"])


def fuzz(
    cases: int, first: int = 0, say: Callable[[Report], None] = lambda _report: None
) -> Report:
    """Run cases in a process that may die.

    Args:
        cases: How many.
        first: Number of the first.
        say: Called now and then.
    """
    report, number = Report(), first
    while number < first + cases:
        command = [sys.executable, "-m", "benchmarks.fuzz_decoders", "--child"]
        command += ["--first", str(number), "--cases", str(first + cases - number)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        lines: queue.Queue[bytes | None] = queue.Queue()

        def pump(source: Any, into: queue.Queue[bytes | None]) -> None:
            for line in source:
                into.put(line)
            into.put(None)

        threading.Thread(target=pump, args=(process.stdout, lines), daemon=True).start()
        fault = ""
        while True:
            try:
                line = lines.get(timeout=_HUNG_S)
            except queue.Empty:
                process.kill()
                fault = f"hung for {_HUNG_S:.0f} s"
                break
            if line is None:
                if process.wait() != 0:
                    fault = f"the process ended with {process.returncode}"
                break
            record = json.loads(line)
            if "begins" in record:
                number = record["begins"]
            else:
                _take(report, record, number)
                if report.cases % 1000 == 0:
                    say(report)
        process.wait()
        process.stdout.close()
        if fault:
            report.cases += 1
            report.faults.append(f"case {number}: {fault}")
        number += 1
    return report


def main() -> int:
    """Fuzz and print the report; 1 when anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.first, options.cases)
        return 0
    report = fuzz(
        options.cases,
        options.first,
        lambda so_far: print(f"{so_far.cases:,} cases", file=sys.stderr),
    )
    facts = asdict(report)
    del facts["memory_mib"]
    print(json.dumps({**facts, "growth_mib": round(report.growth_mib, 1)}, indent=2))
    return 1 if report.faults or report.slow or report.growth_mib > 64 else 0


if __name__ == "__main__":
    sys.exit(main())
