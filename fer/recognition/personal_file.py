"""The file of a personal model, which a user takes away and brings back: checked as hostile."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fer.errors import InputError
from fer.models.store import ModelFolder
from fer.recognition.personal import PersonalModel

_LARGEST_FILE = 2**20
# What the file holds as the model does.
_SAME = ("counts", "scale", "trust", "own_accuracy", "general_accuracy")


class _File(BaseModel):
    """What is written: numbers and names as JSON, nothing that could be executed."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    format: str = Field("fer personal model 1", pattern="^fer personal model 1$")
    model: str
    sha256: str
    head: str
    taught: list[str] = Field(min_length=2)
    counts: tuple[int, ...]
    mean: list[float]
    scale: float = Field(gt=0)
    weights: list[list[float]]
    bias: list[float]
    trust: float
    own_accuracy: float = Field(ge=0, le=1)
    general_accuracy: float = Field(ge=0, le=1)


def to_json(personal: PersonalModel, folder: ModelFolder, head: str) -> str:
    """The file that a user takes away; it belongs to the weights of one general model."""
    return _File(
        format="fer personal model 1",
        model=folder.card.name,
        sha256=folder.card.sha256,
        head=head,
        taught=[personal.labels[k] for k in personal.taught],
        **{name: getattr(personal, name) for name in _SAME},
        mean=personal.mean.tolist(),
        weights=personal.weights.tolist(),
        bias=personal.bias.tolist(),
    ).model_dump_json()


def from_json(content: bytes, folder: ModelFolder) -> tuple[PersonalModel, str]:
    """Read a file of ``to_json``, which may come from anyone.

    Returns:
        The model, and the head that it refines.

    Raises:
        InputError: If it is no such file, or belongs to other weights.
    """
    wanted = "personal model: expected the JSON file that the webcam page gave you"
    if len(content) > _LARGEST_FILE:
        raise InputError(f"{wanted}, got {len(content):,} bytes; choose that file")
    try:
        file = _File.model_validate_json(content)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(
            f"{wanted}, got a fault in {place} ({first['msg']}); choose that file"
        ) from fault
    card = folder.card
    if file.sha256 != card.sha256 or file.head not in card.labels:
        raise InputError(
            f"personal model: expected one for the weights of {card.name} {card.version}, got one "
            f"for another {file.model}; teach it again"
        )
    labels = tuple(card.labels[file.head])
    rows = {len(row) for row in file.weights}
    classes = len(file.taught)
    fits = (
        set(file.taught) <= set(labels)
        and len(set(file.taught)) == classes == len(file.counts) == len(file.bias)
        and rows == {classes}
        and len(file.weights) == len(file.mean)
    )
    if not fits:
        raise InputError(f"{wanted}, got parts that do not fit together; choose that file")
    personal = PersonalModel(
        labels=labels,
        taught=tuple(labels.index(name) for name in file.taught),
        **{name: getattr(file, name) for name in _SAME},
        mean=np.asarray(file.mean, np.float32),
        weights=np.asarray(file.weights, np.float32),
        bias=np.asarray(file.bias, np.float32),
    )
    return personal, file.head
