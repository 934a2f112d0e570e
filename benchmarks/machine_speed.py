"""How fast the machine is now: a virtual machine's processor may slow down by half for minutes."""

from __future__ import annotations

import statistics
import time
from functools import cache

import cv2
import cv2.data
import numpy as np

from fer.detection import CASCADE_FILE


@cache
def _work() -> tuple[cv2.CascadeClassifier, np.ndarray]:
    noise = np.random.default_rng(0).integers(0, 255, (480, 640), np.uint8)
    cascade = cv2.CascadeClassifier(f"{cv2.data.haarcascades}{CASCADE_FILE}")
    return cascade, cv2.GaussianBlur(noise, (0, 0), 3)


def fixed_work_ms(times: int = 3) -> float:
    """Median processor time of the same plain Haar search, in milliseconds.

    Figures of two runs compare only where this is alike; beside other work on two threads of one
    core it rises too.
    """
    cascade, picture = _work()
    taken = []
    for _ in range(times):
        began = time.thread_time()
        cascade.detectMultiScale(picture, 1.2, 3, minSize=(40, 40))
        taken.append(time.thread_time() - began)
    return statistics.median(taken) * 1000
