"""The processor time of a published model, measured once and kept with its figures."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from fer.datasets.base import IMAGE_SIZE
from fer.literature.comparison import read_json
from fer.literature.neighbours import Neighbours
from fer.models.store import METRICS, WEIGHTS
from fer.training.convert import SIGNATURE
from fer.training.run_folder import write_json

LATENCY = "latency_ms"

_TIMED_FACES = 200
_TIMED_NEIGHBOURS = 10


def latency_ms(content: bytes) -> float:
    """Median processor time of one face on one thread of the LiteRT runtime, in milliseconds."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content, num_threads=1).get_signature_runner(SIGNATURE)
    faces = np.random.default_rng(0).integers(
        0, 256, (_TIMED_FACES, 1, IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8
    )
    times = []
    for face in faces:
        started = time.process_time()
        runner(pixels=face)
        times.append(time.process_time() - started)
    return float(np.median(times)) * 1000


def neighbours_ms(model: Neighbours) -> float:
    """Median processor time of one face, all threads together: other work does not count."""
    faces = np.random.default_rng(0).integers(
        0, 256, (_TIMED_NEIGHBOURS + 1, 1, IMAGE_SIZE, IMAGE_SIZE), np.uint8
    )
    model.predict_heads(faces[0])
    times = []
    for face in faces[1:]:
        started = time.process_time()
        model.predict_heads(face)
        times.append(time.process_time() - started)
    return float(np.median(times)) * 1000


def record_time(folder: Path) -> float | None:
    """Time a published model that has no time yet, and write it into its ``metrics.json``.

    Args:
        folder: The model folder; one without figures, or without weights on this machine, stays
            as it is.

    Returns:
        The time in milliseconds, or None when there is nothing to time.

    Raises:
        ModelError: If the figures are damaged.
        TrainingError: If the disk refuses.
    """
    figures, weights = read_json(folder / METRICS), folder / WEIGHTS
    if figures is None or not weights.is_file():
        return None
    if LATENCY not in figures:
        figures[LATENCY] = latency_ms(weights.read_bytes())
        write_json(folder / METRICS, figures)
    return float(figures[LATENCY])
