"""How fast the machine is now: a virtual machine's processor may be slow, or away, for a while."""

from __future__ import annotations

import os
import statistics
import time
from functools import cache
from pathlib import Path

import cv2
import cv2.data
import numpy as np

from fer.detection.cascade import CASCADE_FILE

_LOOPS = 40_000


@cache
def _work() -> tuple[cv2.CascadeClassifier, np.ndarray]:
    noise = np.random.default_rng(0).integers(0, 255, (480, 640), np.uint8)
    cascade = cv2.CascadeClassifier(f"{cv2.data.haarcascades}{CASCADE_FILE}")
    return cascade, cv2.GaussianBlur(noise, (0, 0), 3)


def stolen_s() -> float:
    """Processor time that the host gave to others since the start, in seconds (Linux)."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


def fixed_work_ms(times: int = 3) -> float:
    """Median processor time of the same plain Haar search and loop in Python, in milliseconds.

    Python slows down most when a processor is shared. Figures of two runs compare only where this
    is alike; beside other work on two threads of one core it rises too.
    """
    cascade, picture = _work()
    taken = []
    for _ in range(times):
        began = time.thread_time()
        cascade.detectMultiScale(picture, 1.2, 3, minSize=(40, 40))
        counts: dict[int, int] = {}
        for index in range(_LOOPS):
            counts[index % 997] = index
        taken.append(time.thread_time() - began)
    return statistics.median(taken) * 1000
