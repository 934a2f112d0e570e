"""The folder of a run: its recipe, one checkpoint, and one history row an epoch."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.errors import TrainingError
from fer.training.config import Kind, recipe_of

if TYPE_CHECKING:
    import keras

CHECKPOINT = "checkpoint.npz"
HISTORY = "history.csv"
CONFIG = "config.json"
NEW_RUN = "start a new run in another folder"


def read_recipe(path: Path, kind: type[Kind]) -> Kind:
    """A recipe from a JSON file: a run's ``config.json``, or the ``card.json`` of a model.

    Raises:
        TrainingError: If it cannot be read as one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return recipe_of(content.get("recipe", content), kind)
    except (OSError, ValueError, AttributeError) as fault:
        reason = (fault.strerror if isinstance(fault, OSError) else None) or fault
        raise TrainingError(
            f"{path}: expected the JSON of a recipe, got: {reason}; name the folder of a run, or a "
            "file like its config.json"
        ) from fault


def read_history(run_dir: Path, *, before: float = math.inf) -> list[dict[str, str]]:
    """The history table as text, one row per finished epoch ``before`` that one."""
    path = run_dir / HISTORY
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["epoch"]) < before]


def minutes_of(rows: list[dict[str, str]]) -> float:
    """Minutes of all epochs of a history."""
    return round(sum(float(row["seconds"]) for row in rows) / 60, 1)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a reader, also after a power cut, sees all of it or the one before.

    Raises:
        TrainingError: If the disk refuses; the file before stays as it was.
    """
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            # Renaming alone could leave an empty file behind after a power cut.
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as fault:
        partial.unlink(missing_ok=True)
        raise TrainingError(
            f"{path}: could not write ({fault.strerror or fault}); free some disk or choose "
            "another folder; a run goes on from its last checkpoint with --resume"
        ) from fault


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON as ``write_bytes`` does."""
    write_bytes(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write an ``.npz`` file as ``write_bytes`` does."""
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    write_bytes(path, content.getvalue())


def save_checkpoint(model: keras.Model, path: Path, epoch: int) -> None:
    """Write weights, BN statistics, optimizer, EMA and RNG state; atomic, so never half a file.

    Raises:
        TrainingError: If the disk refuses; the previous checkpoint stays as it was.
    """
    from keras import ops

    state = [*model.variables, *model.optimizer.variables]
    arrays = {f"v{i}": ops.convert_to_numpy(v) for i, v in enumerate(state)}
    write_arrays(path, {"epoch": np.asarray(epoch, np.int64), **arrays})


@contextlib.contextmanager
def read_arrays(path: Path, what: str, remedy: str) -> Iterator[Mapping[str, npt.NDArray[Any]]]:
    """What ``write_arrays`` wrote, by name, for a block that says by ``ValueError`` what is wrong.

    Raises:
        TrainingError: If the file or what the block does with it fails: expected ``what``.
    """
    try:
        # Opened here: on a damaged file, np.load would leave its own handle open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            yield stored
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as fault:
        raise TrainingError(f"{path}: expected {what}, got: {fault}; {remedy}") from fault


def load_checkpoint(model: keras.Model, path: Path, *, optimizer: bool = True) -> int:
    """Restore what ``save_checkpoint`` wrote; returns the number of finished epochs.

    Raises:
        TrainingError: If there is no such file, or it does not belong to this network.
    """
    if not path.exists():
        raise TrainingError(
            f"{path.parent}: expected a run with a finished epoch, found no {path.name}; train "
            "first"
        )
    state = [*model.variables, *(model.optimizer.variables if optimizer else ())]
    with read_arrays(path, "a checkpoint of this architecture", NEW_RUN) as stored:
        if optimizer and len(stored) != 1 + len(state):
            raise ValueError(f"{len(stored) - 1} arrays instead of {len(state)}")
        for index, variable in enumerate(state):
            variable.assign(stored[f"v{index}"])
        return int(stored["epoch"])


def finished_epochs(run_dir: Path) -> int:
    """Epochs that a run's checkpoint has behind it; 0 without one.

    Raises:
        TrainingError: If it cannot be read.
    """
    path = run_dir / CHECKPOINT
    if not path.exists():
        return 0
    with read_arrays(path, "a checkpoint", NEW_RUN) as stored:
        return int(stored["epoch"])


def view_path(run_dir: Path, epoch: int) -> Path:
    """Where the teachers' answers to one epoch's views are kept."""
    return run_dir / f"view-{epoch}.npz"


def load_view(path: Path, rows: int) -> dict[str, npt.NDArray[np.float32]]:
    """The teachers' probabilities ``(rows, classes)`` that are kept in a file, by head.

    Raises:
        TrainingError: If the file is missing or belongs to other rows.
    """
    what = f"a teacher's answers for {rows} pictures"
    with read_arrays(path, what, "copy the whole folder of the run, or start a new one") as stored:
        answers = {head: stored[head].astype(np.float32) for head in stored}
        found = {len(one) for one in answers.values()}
        if found != {rows}:
            raise ValueError(f"answers for {sorted(found)} rows")
        return answers


def append_history(path: Path, row: Mapping[str, float]) -> None:
    """Rewrite the history with one more row; rows of a repeated epoch are replaced."""
    write_history(path, [*read_history(path.parent, before=row["epoch"]), row])


def write_history(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the columns of them all, as ``write_bytes`` does."""
    text = io.StringIO(newline="")
    # A run that was begun before its data was recorded may go on with votes, or without.
    writer = csv.DictWriter(text, fieldnames=list(dict.fromkeys(n for row in rows for n in row)))
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())
