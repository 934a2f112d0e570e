"""A network as two files, architecture JSON and weights, as tutorials save and load them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fer.errors import ModelError

if TYPE_CHECKING:
    import keras

ARCHITECTURE = "model.json"
WEIGHTS = "model.weights.h5"


def save_json_weights(model: keras.Model, folder: Path) -> None:
    """Write ``model.json`` and ``model.weights.h5`` into a folder, which is made.

    Raises:
        ModelError: If the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ARCHITECTURE).write_text(model.to_json(indent=2) + "\n", encoding="utf-8")
        model.save_weights(folder / WEIGHTS)
    except OSError as fault:
        raise ModelError(
            f"{folder}: could not write the network ({fault.strerror or fault}); free some disk "
            "or choose another folder"
        ) from fault


def load_json_weights(folder: Path) -> keras.Model:
    """Load what ``save_json_weights`` wrote; no code of the files is run.

    Raises:
        ModelError: If a file is missing, damaged or does not belong to the other.
    """
    import keras

    # The layers of this package have to be known by name before the JSON can mention them.
    import fer.architectures.layers  # noqa: F401

    try:
        text = (folder / ARCHITECTURE).read_text(encoding="utf-8")
        model = keras.models.model_from_json(text)
        model.load_weights(folder / WEIGHTS)
    except (OSError, ValueError, TypeError, KeyError) as fault:
        raise ModelError(
            f"{folder}: expected {ARCHITECTURE} and {WEIGHTS} of one network, got: "
            f"{' '.join(str(fault).split())[:160]}; save the network again"
        ) from fault
    return model
