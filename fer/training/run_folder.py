"""The folder of a run: its recipe, one checkpoint, and one history row an epoch."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.errors import TrainingError
from fer.training.config import TrainingConfig

if TYPE_CHECKING:
    import keras

CHECKPOINT = "checkpoint.npz"
HISTORY = "history.csv"
CONFIG = "config.json"


def read_config(run_dir: Path) -> TrainingConfig:
    """The recipe that a run folder was started with.

    Raises:
        TrainingError: If the folder holds no run, or its recipe cannot be read.
    """
    path = run_dir / CONFIG
    try:
        return TrainingConfig.from_dict(json.loads(path.read_text()))
    except FileNotFoundError:
        raise TrainingError(
            f"{run_dir}: expected the folder of a run, found no {CONFIG}; check the path"
        ) from None
    except (OSError, ValueError, AttributeError) as fault:
        raise TrainingError(
            f"{path}: expected the JSON of a recipe, got: {fault}; start a new run"
        ) from fault


def read_history(run_dir: Path) -> list[dict[str, str]]:
    """The history table as text, one row per finished epoch; empty before the first."""
    path = run_dir / HISTORY
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def minutes_of(rows: list[dict[str, str]]) -> float:
    """Minutes of all epochs of a history."""
    return round(sum(float(row["seconds"]) for row in rows) / 60, 1)


def start_run(run_dir: Path, config: TrainingConfig, *, resume: bool) -> None:
    """Make the folder and write the recipe, unless that would spoil another run."""
    if (run_dir / CHECKPOINT).exists():
        if not resume:
            raise TrainingError(
                f"{run_dir}: expected an empty folder, found a run; continue it with --resume or "
                "choose another --run-dir"
            )
        stored, wanted = read_config(run_dir).to_dict(), config.to_dict()
        changed = [name for name in wanted if stored[name] != wanted[name]]
        if changed:
            raise TrainingError(
                f"{run_dir}: expected the recipe that this run was started with, got another "
                f"{', '.join(changed)}; resume with the same options or choose another --run-dir"
            )
        return
    if not (run_dir / CONFIG).exists() or read_config(run_dir) != config:
        # Left by a run that ended before its first checkpoint: answers to other pictures.
        for stale in run_dir.glob("view-*.npz"):
            stale.unlink()
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / CONFIG).write_text(json.dumps(config.to_dict(), indent=2) + "\n")
    except OSError as fault:
        raise TrainingError(
            f"{run_dir}: expected a folder to write to, got: {fault.strerror or fault}; choose "
            "another --run-dir"
        ) from fault


def _state(model: keras.Model) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def save_checkpoint(model: keras.Model, path: Path, epoch: int) -> None:
    """Write weights, BN statistics, optimizer, EMA and RNG state; atomic, so never half a file.

    Raises:
        TrainingError: If the disk refuses; the previous checkpoint stays as it was.
    """
    from keras import ops

    arrays = {f"v{i}": ops.convert_to_numpy(v) for i, v in enumerate(_state(model))}
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, epoch=np.int64(epoch), **arrays)
            # Renaming alone could leave an empty file behind after a power cut.
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as fault:
        partial.unlink(missing_ok=True)
        raise TrainingError(
            f"{path}: could not save the checkpoint ({fault.strerror or fault}); free some disk "
            "and continue with --resume, the last checkpoint is intact"
        ) from fault


def load_checkpoint(model: keras.Model, path: Path) -> int:
    """Restore what ``save_checkpoint`` wrote; returns the number of finished epochs.

    Raises:
        TrainingError: If the file does not belong to this network.
    """
    try:
        # Opened here: on a damaged file, np.load would leave its own handle open.
        with path.open("rb") as file, np.load(file) as stored:
            state = _state(model)
            names = [f"v{i}" for i in range(len(state))]
            if set(stored.files) != {"epoch", *names}:
                raise ValueError(f"{len(stored.files) - 1} arrays instead of {len(state)}")
            for variable, name in zip(state, names, strict=True):
                variable.assign(stored[name])
            return int(stored["epoch"])
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as fault:
        raise TrainingError(
            f"{path}: expected a checkpoint of this architecture, got: {fault}; "
            "start a new run in another folder"
        ) from fault


def view_path(run_dir: Path, epoch: int) -> Path:
    """Where the teachers' answers to one epoch's views are kept."""
    return run_dir / f"view-{epoch}.npz"


def save_view(path: Path, answers: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Keep the teachers' probabilities for epochs that show the same pictures again.

    Raises:
        TrainingError: If the disk refuses.
    """
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **answers)
        os.replace(partial, path)
    except OSError as fault:
        partial.unlink(missing_ok=True)
        raise TrainingError(
            f"{path}: could not save the teacher's answers ({fault.strerror or fault}); free some "
            "disk and continue with --resume, the last checkpoint is intact"
        ) from fault


def load_view(path: Path, rows: int) -> dict[str, npt.NDArray[np.float32]]:
    """Read what ``save_view`` wrote.

    Raises:
        TrainingError: If the file is missing or belongs to other rows.
    """
    try:
        with path.open("rb") as file, np.load(file) as stored:
            answers = {head: stored[head].astype(np.float32) for head in ("fer2013", "ferplus")}
        found = {len(one) for one in answers.values()}
        if found != {rows}:
            raise ValueError(f"answers for {sorted(found)} rows")
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as fault:
        raise TrainingError(
            f"{path}: expected a teacher's answers for {rows} pictures, got: {fault}; copy "
            "the whole folder of the run, or start a new one"
        ) from fault
    return answers


def append_history(path: Path, row: Mapping[str, float]) -> None:
    """Rewrite the history with one more row; rows of a repeated epoch are replaced."""
    rows: list[Mapping[str, Any]] = []
    if path.exists():
        with path.open(newline="") as file:
            rows = [old for old in csv.DictReader(file) if int(old["epoch"]) < row["epoch"]]
    partial = path.with_suffix(".partial")
    try:
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            writer.writeheader()
            writer.writerows([*rows, row])
        os.replace(partial, path)
    except OSError as fault:
        partial.unlink(missing_ok=True)
        raise TrainingError(
            f"{path}: could not save the history ({fault.strerror or fault}); free some disk and "
            "continue with --resume, the last checkpoint is intact"
        ) from fault
