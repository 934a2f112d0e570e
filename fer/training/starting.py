"""What a network begins a run with, other than random weights, and what its card says of that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fer.errors import TrainingError
from fer.models.store import CARD, KERAS_FILE, read_card
from fer.training.config import TrainingConfig, network_name
from fer.training.dlib_start import DLIB, SUFFIX, find_dlib, start_from_dlib
from fer.training.run_folder import CONFIG, minutes_of, read_history, read_recipe
from fer.training.teachers import load_network

if TYPE_CHECKING:
    import keras


_DLIB = (
    "It began with the weights of dlib's face recognition network (Davis King, CC0), "
    "which was trained on about three million faces of 7,485 people without labels of expression."
)
_STARTS = {"dlib27": _DLIB, "dlib27-144": _DLIB}
"""Architecture -> what a network knows that did not begin with random weights."""


def start(model: keras.Model, config: TrainingConfig, faces: npt.NDArray[np.uint8]) -> None:
    """Give a network the weights that its recipe names, if it names any.

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


def origin_text(config: TrainingConfig) -> str:
    """One or two sentences for the card; empty for a network from random weights, untaught."""
    parts = []
    if config.start and config.architecture in _STARTS:
        parts.append(_STARTS[config.architecture])
    names = [network_name(Path(path)) for path in config.teachers]
    if names:
        parts.append(f"Its teachers, trained on the same rows: {', '.join(names)}.")
    return " ".join(parts)


def minutes_before(config: TrainingConfig) -> float:
    """Minutes that its start and its teachers took, theirs included, each counted once.

    A run counts with its history, a ``model.keras`` with the card beside it; other files count
    nothing.
    """
    known: dict[Path, float] = {}
    waiting = [config.start, *config.teachers]
    while waiting:
        name = waiting.pop()
        path = Path(name).resolve()
        if not name or path in known:
            continue
        known[path] = 0.0
        if (path / CONFIG).is_file():
            known[path] = minutes_of(read_history(path))
            recipe = read_recipe(path / CONFIG, TrainingConfig)
            waiting += [recipe.start, *recipe.teachers]
        elif path.name == KERAS_FILE and (path.parent / CARD).is_file():
            card = read_card(path.parent)
            known[path] = card.training_minutes + card.training_minutes_before
    return round(sum(known.values()), 1)
