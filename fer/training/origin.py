"""What a network learned from besides the data: its start and its teachers."""

from __future__ import annotations

from pathlib import Path

from fer.models.store import CARD, KERAS_FILE, read_card
from fer.training.config import TrainingConfig, network_name
from fer.training.run_folder import CONFIG, minutes_of, read_history, read_recipe

_DLIB = (
    "It began with the weights of dlib's face recognition network (Davis King, CC0), "
    "which was trained on about three million faces of 7,485 people without labels of expression."
)
_STARTS = {"dlib27": _DLIB, "dlib27-144": _DLIB}
"""Architecture -> what a network knows that did not begin with random weights."""


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
