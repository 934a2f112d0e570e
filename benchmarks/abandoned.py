"""Jobs whose viewers close the tab in the middle: what is left of them.

``python -m benchmarks.abandoned`` begins 200 jobs of pictures, archives and videos, each of a
viewer of its own who is not heard of again once it is under way, and lets the leases end them. It
prints the processes and files that are left, and the memory after a tenth of the jobs and after
all; the exit code is 1 when something is left, or memory grew by more than 15 %.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image as PilImage

from benchmarks.bench_media import write_video
from fer import EmotionRecognizer
from fer.decoding import decoders, long_decoders
from fer.leases import LEASE_S, Leases
from fer.live.memory import share_heaps
from fer.media.photo import Upload
from fer.media.photo_task import PhotoTask
from fer.task import Task
from fer.temporary import keep_private, own_folder
from fer.video import VideoOptions
from fer.video.video_task import VideoTask

_MOST_GROWTH = 0.15


def _picture() -> bytes:
    """A JPEG that takes a second or two: as many scans as one may have."""
    buffer = io.BytesIO()
    PilImage.new("RGB", (2000, 2000)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    scan = data.rfind(b"\xff\xda")
    return data[:-2] + data[scan:-2] * 80 + data[-2:]


def _archive(picture: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}.jpg", picture)
    return buffer.getvalue()


def _memory_mib() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def _children() -> list[int]:
    found: list[int] = []
    for thread in Path("/proc/self/task").iterdir():
        found += map(int, (thread / "children").read_text().split())
    return found


def _under_way(work: Task) -> bool:
    if isinstance(work, VideoTask):
        return work.progress is not None or not work.active
    return bool(decoders._busy) or not work.active


def abandon(count: int, say: Callable[[str], None]) -> tuple[list[str], float]:
    """Begin and abandon jobs.

    Args:
        count: How many.
        say: Called with a line now and then.

    Returns:
        What is left, a line each; growth of memory, 0.15 for 15 %.
    """
    # As the dashboard does when it starts.
    keep_private()
    share_heaps()
    before = set(_children())
    recognizer = EmotionRecognizer.load()
    recognizer.analyze(np.zeros((480, 640, 3), np.uint8))
    now = [0.0]
    leases = Leases(clock=lambda: now[0])
    picture = _picture()
    uploads = [Upload("a", "a.jpg", picture), Upload("z", "z.zip", _archive(picture))]
    memory: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "a.mp4")
        write_video(path, 20)
        for number in range(count):
            work: Task
            if number % 2:
                work = PhotoTask(recognizer)
                leases.enter(f"{number}", work)
                work.add([uploads[number // 2 % 2]])
            else:
                folder = VideoTask.new_folder()
                work = VideoTask(
                    path, folder, recognizer, options=VideoOptions(), annotate=True, name="a"
                )
                leases.enter(f"{number}", work)
                work.start()
            while not _under_way(work):
                time.sleep(0.005)
            now[0] += LEASE_S + 1
            leases.step()
            if work.active or not work.closed:
                return [f"job {number} goes on"], 0.0
            del work
            if (number + 1) % max(1, count // 10) == 0:
                memory.append(_memory_mib())
                say(f"{number + 1} jobs: {memory[-1]:.0f} MiB")
    for line in (decoders, long_decoders):
        # The thread of a cancelled picture gives its decoder back when it hears of it.
        while line._busy:
            time.sleep(0.05)
        line.close()
    left = [f"process {pid}" for pid in set(_children()) - before]
    left += [str(place) for place in own_folder().rglob("*")]
    left += [f"descriptor {one}" for one in os.listdir("/proc/self/fd") if _deleted(one)]
    return left, memory[-1] / memory[0] - 1


def _deleted(descriptor: str) -> bool:
    try:
        return "(deleted)" in os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return False


def main() -> int:
    """Print what is left; 1 when it is too much."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=200)
    left, growth = abandon(parser.parse_args().jobs, print)
    print("\n".join(left) or "nothing is left", f"memory {growth:+.1%}", sep="\n")
    return 1 if left or growth > _MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
