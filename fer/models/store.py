"""Model folders: where they are, what belongs into one, and proof that the weights are whole.

A folder holds ``model.tflite``, ``card.json``, ``history.csv`` and ``metrics.json``. This module
reads them with the standard library and pydantic only: no deep-learning framework is imported.
"""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fer.errors import ModelError
from fer.models.card import ModelCard

DEFAULT_MODEL = "xs"
ENVIRONMENT = "FER_MODELS"
CHOICE = "FER_MODEL"
"""Environment variable that names the model of the dashboard and of commands without --model."""

WEIGHTS = "model.tflite"
KERAS_FILE = "model.keras"
CARD = "card.json"
HISTORY = "history.csv"
METRICS = "metrics.json"
AFFECT = "affect.npz"
LITERATURE = "literature"
"""Folder of the literature's systems in ``models/``; their weights are not in the repository."""

_RECALLS = {
    "fer2013": "perceived_by_fer2013",
    "ferplus": "ferplus_majority",
}
"""Label set -> the report on how it reads what people see, where that has another name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model folder whose files exist and whose weights match the card."""

    path: Path
    card: ModelCard

    @property
    def weights(self) -> Path:
        """The LiteRT file."""
        return self.path / WEIGHTS

    @property
    def affect(self) -> Path | None:
        """The head for valence and arousal, when the model has one."""
        return self.path / AFFECT if self.card.affect is not None else None

    def history(self) -> list[dict[str, float]]:
        """One row per epoch of the training run; NaN where a value was not recorded.

        Raises:
            ModelError: If the table cannot be read.
        """
        path = self.path / HISTORY
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            return [
                {key: math.nan if value == "" else float(value) for key, value in row.items()}
                for row in rows
            ]
        except (OSError, ValueError, TypeError, AttributeError, csv.Error) as fault:
            raise ModelError(
                f"{path}: expected a table of numbers with a header, got: {fault}; "
                "publish the model again"
            ) from fault

    def recalls(self, labels: str) -> dict[str, float]:
        """Label -> share of the faces that most of ten people call so which are read so.

        On the test split, where it was opened; empty where this was not recorded.
        """
        metrics = self.metrics()
        report = metrics.get("PrivateTest", metrics.get("PublicTest", {})).get(
            _RECALLS.get(labels, labels), {}
        )
        each = report.get("per_class", {})
        return {name: entry["recall"] for name, entry in each.items() if entry["n"]}

    def neutral_reading(self, labels: str) -> dict[str, float]:
        """Label -> share of the faces that most of ten people call neutral which are read so.

        One face of each reading is added, so that no share is 0; empty where this was not recorded.
        """
        report = self.metrics().get("PublicTest", {}).get(_RECALLS.get(labels, labels))
        if not report or "neutral" not in report["labels"]:
            return {}
        names = report["labels"]
        counts = [count + 1 for count in report["confusion"][names.index("neutral")]]
        return {name: n / sum(counts) for name, n in zip(names, counts, strict=True)}

    def metrics(self) -> dict[str, Any]:
        """Confusion matrices, per-class scores, reliability bins and data statistics.

        Raises:
            ModelError: If the file is not a JSON object.
        """
        return read_json(self.path / METRICS)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a model folder.

    Raises:
        ModelError: If the file is missing or damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ModelError(
            f"{path}: expected JSON, got: {fault}; publish the model again or copy it anew"
        ) from fault
    if not isinstance(content, dict):
        raise ModelError(
            f"{path}: expected a JSON object, got {type(content).__name__}; publish the model again"
        )
    return content


def models_dir() -> Path:
    """``FER_MODELS`` when it is set, else ``own_models()``."""
    chosen = os.environ.get(ENVIRONMENT)
    return Path(chosen) if chosen else own_models()


def own_models() -> Path:
    """The models inside an installed package, else the project's.

    Another project's ``models/`` may lie beside an installed package: what is inside comes first.
    """
    package = Path(__file__).resolve().parents[1]
    inside = package / "_models"
    return inside if inside.is_dir() else package.parent / "models"


def check_name(name: str) -> str:
    """Return a folder name that cannot lead out of its directory.

    Raises:
        ModelError: If it could, or is hidden.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(
            "model: expected a name of letters, digits, dots, dashes and underscores, got "
            f"{name!r}; choose another"
        )
    return name


def _place(name: str | Path, directory: str | Path | None) -> tuple[Path, str]:
    """The directory and the name of a model's folder; text with a separator is a path."""
    if isinstance(name, Path) or (directory is None and {"/", os.sep} & set(name)):
        path = Path(name).expanduser().resolve()
        return path.parent, check_name(path.name)
    return models_dir() if directory is None else Path(directory), check_name(name)


def find_folder(name: str | Path, directory: str | Path | None = None) -> Path:
    """Where a model's folder is, or would be: in ``models/``, else in ``models/literature/``.

    Raises:
        ModelError: If the name cannot be that of a folder.
    """
    root, name = _place(name, directory)
    path, other = root / name, root / LITERATURE / name
    return other if not path.is_dir() and other.is_dir() else path


def published_folder(name: str | Path | None = None, directory: str | Path | None = None) -> Path:
    """The folder of a published model, by name or path; default is ``chosen_model()``.

    Raises:
        ModelError: If there is none, naming those that there are.
    """
    wanted = chosen_model() if name is None else name
    path = find_folder(wanted, directory)
    if not path.is_dir():
        root, name = _place(wanted, directory)
        found = ", ".join(card.name for card in list_models(root)) or "none"
        raise ModelError(
            f"model: expected the name of a folder in {root}, got {name!r}; found there: {found}; "
            f"choose one of them, or set {ENVIRONMENT} to the folder that holds your models"
        )
    if not (path / CARD).is_file() and (records := sorted(path.glob("*split*.json"))):
        raise ModelError(
            f"{path}: expected a published model, found only the record of another split "
            f"({', '.join(one.name for one in records)}); publish one with fer literature train "
            f"--split official --name {path.name}"
        )
    return path


def read_card(folder: Path) -> ModelCard:
    """The card of a folder, without a look at its weights.

    Raises:
        ModelError: If there is none, or it is damaged.
    """
    path = folder / CARD
    content = read_json(path)
    try:
        return ModelCard.model_validate(content)
    except ValidationError as fault:
        first = fault.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"{path}: expected a model card, got a fault in {field!r} ({first['msg']}); "
            "publish the model again with this version of fer"
        ) from fault


def list_models(directory: Path | None = None) -> list[ModelCard]:
    """Cards of all models, by name; a folder with a damaged card is logged and left out."""
    root = models_dir() if directory is None else directory
    cards = []
    for path in sorted(root.glob(f"*/{CARD}")):
        if _NAME.fullmatch(path.parent.name):
            try:
                cards.append(read_card(path.parent))
            except ModelError as fault:
                _log.warning("%s", fault)
    return cards


def file_digest(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def chosen_model() -> str:
    """Name of the model that is opened when none is named: ``FER_MODEL``, else the default."""
    return os.environ.get(CHOICE) or DEFAULT_MODEL


def open_model(
    name: str | Path | None = None, *, directory: str | Path | None = None
) -> ModelFolder:
    """Open a model folder, by name or path, and verify it: complete, with the weights of its card.

    Text with a path separator is a path, unless a directory is given.

    Raises:
        ModelError: If the folder is missing, incomplete or damaged.
    """
    path = published_folder(name, directory)
    missing = [file for file in (CARD, WEIGHTS, HISTORY, METRICS) if not (path / file).is_file()]
    if missing == [WEIGHTS] and path.parent.name == LITERATURE:
        raise ModelError(
            f"{path}: expected {WEIGHTS}, found only its records, weights of the literature's "
            f"networks are not in the repository; make them with fer literature train "
            f"--architecture {read_card(path).architecture} --name {path.name} --replace"
        )
    if missing:
        raise ModelError(
            f"{path}: expected a model folder, missing {', '.join(missing)}; "
            "copy the folder again or publish the model again"
        )
    card = read_card(path)
    signed = {WEIGHTS: card.sha256}
    if card.affect is not None:
        signed[AFFECT] = card.affect.sha256
    for file, wanted in signed.items():
        if not (path / file).is_file():
            raise ModelError(
                f"{path}: expected a model folder, missing {file}; copy the folder again"
            )
        digest = file_digest(path / file)
        if digest != wanted:
            raise ModelError(
                f"{path / file}: expected SHA-256 {wanted[:12]}..., got {digest[:12]}...; it is "
                "damaged or of another card: copy the folder again"
            )
    return ModelFolder(path, card)
