"""One seed for a whole run."""

from __future__ import annotations

import random

import numpy as np


def set_seed(seed: int) -> None:
    """Seed Python, NumPy and the backend, so that a network starts with the same weights again.

    Layers draw their seeds from Python's generator. ``keras.utils.set_random_seed`` would also
    import TensorFlow under every other backend, which takes longer than to build the network.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        keras.utils.set_random_seed(seed)
        return
    random.seed(seed)
    np.random.seed(seed)
