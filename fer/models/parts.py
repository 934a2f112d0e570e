"""Puts what was fitted to a published model into its folder: whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from fer.errors import TrainingError
from fer.models.card import AffectRecord
from fer.models.store import CARD, ModelFolder, file_digest, open_model


def put_part(
    folder: ModelFolder,
    file: str,
    save: Callable[[Path], None],
    record: AffectRecord,
    what: str,
) -> ModelFolder:
    """Write a file into a model folder and its record, with the file's digest, on the card.

    Args:
        folder: The model.
        file: Name of the file, which ends in ``.npz``.
        save: Writes the file to a path.
        record: Its figures.
        what: What it is, for messages.

    Returns:
        The folder, opened anew.

    Raises:
        TrainingError: If the disk refuses; the model is as it was.
    """
    path, card_path = folder.path / file, folder.path / CARD
    partial, partial_card = path.with_suffix(".partial.npz"), card_path.with_suffix(".partial")
    try:
        save(partial)
        signed = record.model_copy(update={"sha256": file_digest(partial)})
        card = folder.card.model_copy(update={"affect": signed})
        text = json.dumps(card.model_dump(mode="json"), indent=2, allow_nan=False) + "\n"
        partial_card.write_text(text, encoding="utf-8")
        os.replace(partial, path)
        os.replace(partial_card, card_path)
    except OSError as fault:
        raise TrainingError(
            f"{folder.path}: could not write the {what} ({fault.strerror or fault}); free some "
            "disk, the model itself is intact"
        ) from fault
    finally:
        partial.unlink(missing_ok=True)
        partial_card.unlink(missing_ok=True)
    return open_model(folder.path.name, directory=folder.path.parent)
