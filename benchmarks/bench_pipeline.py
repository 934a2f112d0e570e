"""How long one webcam frame takes, against the usual loop of detector, Keras and text.

Run ``python -m benchmarks.bench_pipeline``. The scene is one face: a public-domain portrait (NASA,
from scikit-image), letterboxed on 640 x 480 and panned by a few pixels a frame.

The usual loop is OpenCV's Haar cascade over the whole frame (``detectMultiScale(grey, 1.3, 5)``),
a resize to 48 x 48, ``model.predict`` of the 4.5 M-parameter CNN that FER-2013 tutorials train
(untrained here: the time is the same), a rectangle and a text. Both sides get the same frames, in
turn, in the same process; each number of threads has a process of its own. Following a stream
costs little in most frames and a slice of a search in every fourth: look at its mean too.
On a busy machine, CPU time is what to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import skimage.data
from rich.console import Console
from rich.table import Table

from fer import EmotionRecognizer
from fer.detection.cascade import CASCADE_FILE
from fer.overlay import draw_faces
from fer.preprocessing import Image, crop_face, to_grey
from fer.tracking.tracker import FaceTracker

WIDTH, HEIGHT, FPS = 640, 480, 30
WARM_UP = 12

# Name -> (wall-clock, CPU) milliseconds of each call.
Timings = dict[str, list[tuple[float, float]]]


def scene(frames: int) -> list[Image]:
    """A letterboxed portrait that moves to and fro, three pixels a frame."""
    astronaut: Image = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    portrait = np.asarray(
        cv2.resize(astronaut[..., ::-1], (HEIGHT, HEIGHT), interpolation=cv2.INTER_AREA)
    )
    span = WIDTH - HEIGHT
    result = []
    for index in range(frames):
        offset = abs((3 * index) % (2 * span) - span)
        frame = np.full((HEIGHT, WIDTH, 3), 114, np.uint8)
        frame[:, offset : offset + HEIGHT] = portrait
        result.append(frame)
    return result


@contextmanager
def stopwatch(timings: Timings, name: str) -> Iterator[None]:
    """Append the milliseconds of a block: on the wall, and of all cores together."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    cpu_ms, wall_ms = (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000
    timings.setdefault(name, []).append((wall_ms, cpu_ms))


def usual_loop(model: Any) -> Callable[[Image], int]:
    """The loop of the tutorials, as they write it; returns the number of faces."""
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + CASCADE_FILE)

    def step(frame: Image) -> int:
        frame = frame.copy()
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        faces = cascade.detectMultiScale(grey, 1.3, 5)
        for x, y, width, height in faces:
            crop = cv2.resize(grey[y : y + height, x : x + width], (48, 48))
            row = model.predict(crop[None, ..., None].astype(np.float32), verbose=0)
            cv2.rectangle(frame, (x, y), (x + width, y + height), (255, 0, 0), 2)
            cv2.putText(
                frame, str(row[0].argmax()), (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 255, 0)
            )
        return len(faces)

    return step


def our_loop(recognizer: EmotionRecognizer) -> Callable[[Image], int]:
    """Detect, crop, classify, track and draw; returns the number of faces."""
    tracker = FaceTracker(recognizer.threshold)
    ticks = iter(range(10**9))

    def step(frame: Image) -> int:
        result = recognizer.analyze_frame(frame, next(ticks) / FPS)
        faces = tracker.update(result.faces, result.timestamp_s)
        draw_faces(frame, faces)
        return len(faces)

    return step


def time_stages(recognizer: EmotionRecognizer, frames: list[Image]) -> Timings:
    """Our loop taken apart, with the detector of a stream."""
    stream = recognizer.for_stream()
    tracker = FaceTracker(recognizer.threshold)
    timings: Timings = {}
    for index, frame in enumerate(frames):
        taken: Timings = {} if index < WARM_UP else timings
        with stopwatch(taken, "grey"):
            grey = to_grey(frame)
        with stopwatch(taken, "detect"):
            found = stream.detector.detect(grey)
        if not found:
            continue  # the first frame of a stream
        with stopwatch(taken, "crop"):
            crops = np.stack([crop_face(grey, face.box) for face in found])
        with stopwatch(taken, "classify"):
            recognizer.classifier.predict(crops)
        faces = recognizer.analyze(frame)
        with stopwatch(taken, "track"):
            shown = tracker.update(faces, index / FPS)
        with stopwatch(taken, "draw"):
            draw_faces(frame, shown)
    return timings


def measure(threads: int, frames: int) -> dict[str, Timings]:
    """Everything, in this process, with ``threads`` threads for OpenCV and TensorFlow."""
    import tensorflow as tf

    from fer.architectures import build

    cv2.setNumThreads(threads)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = build("cnn4-4.5m")
    recognizer = EmotionRecognizer.load()
    steps = {
        "usual loop": usual_loop(model),
        "fer, every frame alone": our_loop(recognizer),
        "fer, following a stream": our_loop(recognizer.for_stream()),
    }
    loops: Timings = {}
    pictures = scene(frames + WARM_UP)
    for index, frame in enumerate(pictures):
        for name, step in steps.items():
            with stopwatch({} if index < WARM_UP else loops, name):
                seen = step(frame)
            # A stream shows a face that is not beyond doubt from its second frame on.
            if seen != 1 and name != "usual loop" and index >= WARM_UP:
                raise RuntimeError(f"{name}: expected one face in frame {index}, got {seen}")
    classifiers: Timings = {}
    ours = f"{recognizer.classifier.folder.card.name}, LiteRT"
    crop = crop_face(to_grey(pictures[0]), recognizer.analyze(pictures[0])[0].box)
    floats = crop[None, ..., None].astype(np.float32)
    for index in range(frames + WARM_UP):
        taken: Timings = {} if index < WARM_UP else classifiers
        with stopwatch(taken, "cnn4-4.5m, model.predict"):
            model.predict(floats, verbose=0)
        with stopwatch(taken, ours):
            recognizer.classifier.predict(crop[None])
    return {
        "loops": loops,
        "stages": time_stages(recognizer, pictures),
        "classifiers": classifiers,
    }


def in_own_process(threads: int, frames: int) -> dict[str, Timings]:
    """``measure`` in a fresh interpreter: TensorFlow takes its threads only once."""
    command = [sys.executable, "-m", "benchmarks.bench_pipeline", "--measure", str(threads)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    run = subprocess.run(
        [*command, "--frames", str(frames)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=environment,
    )
    result: dict[str, Timings] = json.loads(run.stdout.splitlines()[-1])
    return result


def show(console: Console, title: str, timings: Timings, *, ratio_to: str | None = None) -> None:
    """One table: wall-clock and mean CPU milliseconds, and how often faster than ``ratio_to``."""
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    ratios = ["x median", "x CPU"] if ratio_to else []
    for heading in ("median ms", "p95 ms", "mean ms", "CPU ms", *ratios):
        table.add_column(heading, justify="right")
    base = np.array(timings[ratio_to]) if ratio_to else None
    for name, values in timings.items():
        wall, cpu = np.array(values).T
        cells = [np.median(wall), np.percentile(wall, 95), wall.mean(), cpu.mean()]
        if base is not None:
            cells += [np.median(base[:, 0]) / np.median(wall), base[:, 1].mean() / cpu.mean()]
        table.add_row(name, *(f"{value:.2f}" for value in cells))
    console.print(table)


def main(arguments: list[str] | None = None) -> None:
    """Measure with one and with two threads, and print the tables.

    Args:
        arguments: Command line; default none, as ``python -m benchmarks`` calls it.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=120, help="timed frames per loop")
    parser.add_argument("--measure", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments or [])
    if options.measure:
        print(json.dumps(measure(options.measure, options.frames)))
        return
    console = Console()
    for threads in (1, 2):
        result = in_own_process(threads, options.frames)
        setting = f"{threads} thread{'s' if threads > 1 else ''}, {options.frames} frames"
        title = f"One face on {WIDTH} x {HEIGHT}, {setting}"
        show(console, title, result["loops"], ratio_to="usual loop")
        show(console, f"Stages of fer, following a stream, {setting}", result["stages"])
        show(
            console,
            f"One face crop, {setting}",
            result["classifiers"],
            ratio_to="cnn4-4.5m, model.predict",
        )


if __name__ == "__main__":
    main(sys.argv[1:])
