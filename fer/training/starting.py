"""What a network begins a run with, other than random weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fer.errors import TrainingError
from fer.training.config import TrainingConfig
from fer.training.dlib_start import DLIB, SUFFIX, find_dlib, start_from_dlib
from fer.training.teachers import load_network

if TYPE_CHECKING:
    import keras


def start(model: keras.Model, config: TrainingConfig, faces: npt.NDArray[np.uint8]) -> None:
    """Give a network the weights that its recipe names, if it names any.

    Args:
        model: The untrained network.
        config: The recipe; its ``start`` is a run, a ``.keras`` file or dlib's ``.dat`` file.
        faces: ``(n, h, h)`` uint8 training images.

    Raises:
        TrainingError: If the file cannot be read, or is that of another network.
    """
    if not config.start:
        return
    path = find_dlib() if config.start == DLIB else Path(config.start)
    if path.suffix == SUFFIX:
        start_from_dlib(model, path, faces)
        return
    weights = load_network(path).get_weights()
    if config.classes:
        # Each head is two arrays at the end; one of one's own begins with random ones.
        weights = [*weights[:-4], *model.get_weights()[-2:]]
    shapes = [tuple(one.shape) for one in weights]
    if shapes != [tuple(one.shape) for one in model.weights]:
        raise TrainingError(
            f"{path}: expected the weights of {model.name}, got those of another network; start "
            "from one of the same architecture"
        )
    model.set_weights(weights)


def start_weights(config: TrainingConfig) -> list[npt.NDArray[np.float32]] | None:
    """The weights of the network that a run began with; None for random ones, also of a head.

    Raises:
        TrainingError: If that network cannot be read any more.
    """
    others = config.start == DLIB or Path(config.start).suffix == SUFFIX
    if not config.start or others or config.classes:
        return None
    return list(load_network(Path(config.start)).get_weights())
