"""How long each step takes on this machine: what ``fer benchmark`` prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from fer.detection.alignment import cut_face
from fer.overlay import draw_faces
from fer.preprocessing import Image, check_frame, to_grey
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import Box, Detection

WARM_UP = 3
"""Calls that are not counted: the first ones fill caches and allocate."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """One step, timed.

    Attributes:
        stage: What was done.
        repeats: How often.
        median_ms: Half of the times were below.
        p90_ms: Nine of ten times were below.
    """

    stage: str
    repeats: int
    median_ms: float
    p90_ms: float


def time_stage(stage: str, call: Callable[[], object], repeats: int) -> StageTime:
    """Call repeatedly and note the median, which a busy moment does not move."""
    for _ in range(WARM_UP):
        call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return StageTime(stage, repeats, float(np.median(times)), float(np.percentile(times, 90)))


def clutter(width: int = 640, height: int = 480, seed: int = 0) -> Image:
    """A picture ``(height, width, 3)`` BGR without a face, for those who have none at hand.

    Soft blobs of several sizes: a plain one would let the cascade give up at once.
    """
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(
            rng.integers(0, 255, (height // size, width // size, 3), np.uint8).astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        for size in (8, 24, 60)
    ]
    return np.asarray(np.clip(np.mean(layers, axis=0), 0, 255), np.uint8)


def measure(recognizer: EmotionRecognizer, picture: Image, repeats: int = 30) -> list[StageTime]:
    """Time the steps of the pipeline on one thread.

    Args:
        recognizer: A recogniser for pictures.
        picture: ``(h, w, 3)`` BGR, ``(h, w, 4)`` BGRA or ``(h, w)`` grey, uint8.
        repeats: How often each step is timed.

    Returns:
        The steps in their order, then a whole picture, and a frame of a stream.

    Raises:
        InputError: If the array is not a picture.
    """
    frame = check_frame(picture)
    grey = to_grey(frame)
    faces = recognizer.analyze(frame)
    height, width = grey.shape
    side = min(height, width) // 2
    # Without a face, a square in the middle costs the same to read.
    middle = Detection(Box((width - side) // 2, (height - side) // 2, side, side), 1.0)
    face = faces[0] if faces else middle
    crops = cut_face(grey, face)[None]
    stream = recognizer.for_stream()
    return [
        time_stage("search the whole picture", lambda: recognizer.detector.detect(grey), repeats),
        time_stage("crop a face", lambda: cut_face(grey, face), repeats),
        time_stage("read a face", lambda: recognizer.classifier.predict(crops), repeats),
        time_stage("draw the faces", lambda: draw_faces(frame, faces), repeats),
        time_stage("a picture, all of it", lambda: recognizer.analyze(frame), repeats),
        time_stage("a frame of a stream", lambda: stream.analyze(frame), repeats),
    ]
