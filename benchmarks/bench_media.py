"""Videos at multiples of real time with their memory; pictures per second, here and on Ray.

Run ``python -m benchmarks.bench_media``. The video is 640 x 480 at 30 frames a second with one
face, a public-domain portrait (NASA, from scikit-image) that moves; the usual loop reads the video
with OpenCV, searches every frame with Haar and asks Keras (see ``bench_pipeline``). Every row has a
process of its own, so that its memory is its own: MiB is its peak above what it held
with the model loaded, before the first frame. The row of a longer video shows that memory does not
grow with length. Pictures are counted once the model is loaded and the cluster is up; what that
takes is the last column. On a busy machine, look at CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import skimage.data
from rich.console import Console
from rich.table import Table

from benchmarks.bench_pipeline import FPS, HEIGHT, WIDTH, scene, usual_loop

_HERE = "benchmarks.bench_media"
_LOOP_S = 4
_USUAL, _OURS = "usual loop", "fer"
_BATCHES = ("local, 1 thread", "local, 2 threads", "ray, 1 worker", "ray, 2 workers")
_UNIT = 4


def write_video(path: Path, seconds: int) -> None:
    """An H.264 file: four seconds of the scene, there and back, again and again.

    They are encoded once; their packets are repeated with later times.
    """
    frames = scene(_LOOP_S * FPS // 2)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        # Without B-frames the packets are in the order of time, and a repeat fits on.
        stream.codec_context.max_b_frames = 0
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        packets: list[Any] = []
        for index, picture in enumerate([*frames, *frames[::-1]]):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            packets += stream.encode(frame)
        packets += stream.encode()
        step = packets[1].pts - packets[0].pts
        content = [(bytes(packet), packet.is_keyframe, packet.time_base) for packet in packets]
        for index in range(seconds * FPS):
            data, key, clock = content[index % len(content)]
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = stream, clock, key
            packet.pts = packet.dts = index * step
            packet.duration = step
            container.mux(packet)


def write_pictures(folder: Path, count: int, width: int, height: int) -> None:
    """JPEGs of one face each; no two are equal."""
    portrait: Any = skimage.data.astronaut()[..., ::-1]  # type: ignore[no-untyped-call]
    rng = np.random.default_rng(0)
    for index in range(count):
        side = int(height * rng.uniform(0.5, 0.95))
        small = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
        frame = np.full((height, width, 3), 90 + index % 32, np.uint8)
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        frame[top : top + side, left : left + side] = small[:, :: 1 if index % 2 else -1]
        cv2.imwrite(str(folder / f"{index:06}.jpg"), frame)


def _status_mib(field: str) -> float:
    """``VmRSS`` or ``VmHWM`` of this process; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), 0.0)


def _usual(path: Path, folder: Path, *, annotated: bool) -> Callable[[], None]:
    from fer.architectures import build

    step = usual_loop(build("cnn4-4.5m"))
    # Keras compiles at the first face.
    for frame in scene(2):
        step(frame)

    def work() -> None:
        video = cv2.VideoCapture(str(path))
        code = cv2.VideoWriter.fourcc(*"mp4v")
        size = (WIDTH, HEIGHT)
        writer = cv2.VideoWriter(str(folder / "out.mp4"), code, FPS, size) if annotated else None
        while True:
            found, frame = video.read()
            if not found:
                break
            step(frame)
            if writer is not None:
                writer.write(frame)
        if writer is not None:
            writer.release()

    return work


def _ours(path: Path, folder: Path, *, annotated: bool, rate: float | None) -> Callable[[], None]:
    from fer import EmotionRecognizer
    from fer.video import VideoJob, VideoOptions

    recognizer = EmotionRecognizer.load()
    recognizer.analyze(scene(1)[0])
    options = VideoOptions(rate=rate)
    job = VideoJob(path, folder / "job", recognizer, options=options, annotate=annotated)

    def work() -> None:
        outcome = job.run()
        if outcome.reason or next(iter(job.results()), None) is None:
            raise RuntimeError(f"expected every frame to be read, got: {outcome.reason}")

    return work


def measure_video(row: str, path: Path) -> dict[str, float]:
    """Seconds, CPU seconds and memory of one row."""
    annotated = "annotated" in row
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if row.startswith(_USUAL):
            work = _usual(path, folder, annotated=annotated)
        else:
            work = _ours(path, folder, annotated=annotated, rate=10.0 if "10 f" in row else None)
        idle = _status_mib("VmRSS")
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        return {
            "wall": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "mib": max(0.0, _status_mib("VmHWM") - idle),
        }


def measure_local(folder: Path, threads: int) -> dict[str, float]:
    """Seconds for a folder, and seconds until the first picture could begin."""
    started = time.perf_counter()
    from fer import EmotionRecognizer
    from fer.media.batch import analyze_pictures
    from fer.media.sources import find_sources

    recognizer = EmotionRecognizer.load()
    begun = time.perf_counter()
    for _source, done in analyze_pictures(find_sources([folder]), recognizer, workers=threads):
        if not done.result.faces:
            raise RuntimeError(f"{done.result.source}: expected a face, got {done.result}")
    return {"wall": time.perf_counter() - begun, "start": begun - started}


def measure_ray(folder: Path, workers: int) -> dict[str, float]:
    """Likewise on a cluster on this machine; timed from the first unit that is done."""
    started = time.perf_counter()
    import ray

    from fer.media.ray_engine import run
    from fer.media.unit_work import WorkSettings
    from fer.media.units import cut

    ray.init(num_cpus=workers, include_dashboard=False, logging_level="ERROR")
    seen: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        units = list(cut([folder], size=_UNIT))
        run(
            units,
            Path(scratch, "out"),
            WorkSettings(Path(scratch, ".job")),
            workers=workers,
            report=lambda _done, _all: seen.append(time.perf_counter()),
        )
    ray.shutdown()
    # The call before any work, then one for each unit.
    each = (seen[-1] - seen[1]) / (len(seen) - 2)
    return {"wall": each * len(units), "start": seen[1] - each - started}


def _in_own_process(kind: str, row: str, path: Path) -> dict[str, float]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    # Ray's workers give way to everything else unless told not to.
    environment |= {"RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "-m", _HERE, "--measure", kind, row, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(f"{row}: {done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(kind: str, row: str, path: Path) -> dict[str, float]:
    """One row, in this process."""
    if kind == "video":
        return measure_video(row, path)
    count = int(row.split(", ")[1].split()[0])
    return measure_local(path, count) if row.startswith("local") else measure_ray(path, count)


@contextmanager
def _videos(lengths: set[int]) -> Iterator[dict[int, Path]]:
    with tempfile.TemporaryDirectory() as scratch:
        paths = {length: Path(scratch, f"{length}.mp4") for length in lengths}
        for length, path in paths.items():
            write_video(path, length)
        yield paths


def show_videos(console: Console, seconds: int) -> None:
    """Time and memory of a video, ours beside the usual loop, and of one four times as long."""
    brief, long = max(4, seconds // 5), 4 * seconds
    rows = [
        (_USUAL, brief),
        (_OURS, seconds),
        (f"{_OURS}, 10 frames a second", seconds),
        (f"{_USUAL}, annotated", brief),
        (f"{_OURS}, annotated", seconds),
        (f"{_OURS}, annotated", long),
    ]
    table = Table(
        title=f"{WIDTH} x {HEIGHT}, {FPS} frames a second, one face", title_justify="left"
    )
    for name in ("", "length", "x real time", "x usual", "CPU s/s", "MiB"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    usual: dict[bool, float] = {}
    with _videos({length for _row, length in rows}) as paths:
        for row, length in rows:
            taken = _in_own_process("video", row, paths[length])
            speed = length / taken["wall"]
            base = usual.setdefault("annotated" in row, speed)
            cells = (length, speed, speed / base, taken["cpu"] / length, taken["mib"])
            table.add_row(row, *map("{:.{}f}".format, cells, (0, 1, 1, 2, 0)))
    console.print(table)


def show_batches(console: Console, pictures: int, size: tuple[int, int]) -> None:
    """Pictures per second with one and two threads, and with one and two workers on Ray."""
    width, height = size
    title = f"{pictures} JPEGs of {width} x {height}, one face"
    table = Table(title=title, title_justify="left")
    for name in ("", "pictures a second", "x one", "start s"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    base: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_pictures(folder, pictures, width, height)
        for row in _BATCHES:
            taken = _in_own_process("batch", row, folder)
            speed = pictures / taken["wall"]
            one = base.setdefault(row.split(",")[0], speed)
            table.add_row(row, f"{speed:.1f}", f"{speed / one:.2f}", f"{taken['start']:.1f}")
    console.print(table)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the tables.

    Args:
        arguments: Command line; default none, as ``python -m benchmarks`` calls it.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=20, help="length of the video")
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--size", type=int, nargs=2, default=(640, 480), metavar=("W", "H"))
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments or [])
    if options.measure:
        kind, row, path = options.measure
        print(json.dumps(measure(kind, row, Path(path))))
        return
    console = Console()
    show_videos(console, options.seconds)
    show_batches(console, options.pictures, tuple(options.size))


if __name__ == "__main__":
    main(sys.argv[1:])
