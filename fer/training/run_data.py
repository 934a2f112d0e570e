"""What a run learns from, recorded in its folder, and whose models it may replace."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer.errors import ModelError, TrainingError
from fer.models.store import CARD, METRICS, read_json
from fer.training.run_folder import CHECKPOINT, CONFIG, read_recipe, write_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DATA = "data.json"
RUN = "run"
"""Key of a run's own name, in its ``data.json`` and in what was published from it."""

_PARTS = {
    "faces": "other pictures or labels",
    "splits": "another split",
    "votes": "other FER+ votes",
}


def read_data(run_dir: Path) -> dict[str, Any]:
    """The record of a run's rows; empty of a run that was begun before there was one.

    Raises:
        TrainingError: If it is damaged.
    """
    path = run_dir / DATA
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as fault:
        raise TrainingError(
            f"{path}: expected the record of a run's rows, got: {fault}; copy the whole folder of "
            "the run, or start a new one"
        ) from None


def write_data(run_dir: Path, rows: Mapping[str, Any]) -> None:
    """Record what a run learns from: its ``fer.datasets.protocol.fingerprint``."""
    write_json(run_dir / DATA, {RUN: read_data(run_dir).get(RUN, uuid.uuid4().hex), **rows})


def check_data(run_dir: Path, rows: Mapping[str, Any]) -> None:
    """Refuse other rows than those that a run was started with.

    A run that was begun before they were recorded goes on with what it is given.

    Raises:
        TrainingError: If pictures, labels, split or votes are not the same.
    """
    stored = read_data(run_dir)
    other = [said for part, said in _PARTS.items() if stored and stored.get(part) != rows[part]]
    if other:
        raise TrainingError(
            f"{run_dir}: expected the rows that this run was started with ({_text(stored)}), got "
            f"{' and '.join(other)} ({_text(rows)}); give the same --data, --ferplus, "
            "--class-names, --drop, --split and --seed, or choose another --run-dir"
        )


def _text(rows: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in rows.get("counts", {}).items())
    division = rows.get("division")
    return f"{counts}; {division[0]}, seed {division[1]}" if division else counts


def start_run(
    run_dir: Path, recipe: DataclassInstance, rows: Mapping[str, Any], *, resume: bool
) -> None:
    """Make the folder and write the recipe and its rows, unless that would spoil another run.

    ``rows`` are the ``fer.datasets.protocol.fingerprint`` of what it learns from.

    Raises:
        TrainingError: If the folder holds another run, or one of other rows, or the disk refuses.
    """
    path = run_dir / CONFIG
    if (run_dir / CHECKPOINT).exists():
        if not resume:
            raise TrainingError(
                f"{run_dir}: expected an empty folder, found a run; continue it with --resume or "
                "choose another --run-dir"
            )
        stored, wanted = asdict(read_recipe(path, type(recipe))), asdict(recipe)
        changed = [name for name in wanted if stored[name] != wanted[name]]
        if changed:
            raise TrainingError(
                f"{run_dir}: expected the recipe that this run was started with, got another "
                f"{', '.join(changed)}; resume with the same options or choose another --run-dir"
            )
        check_data(run_dir, rows)
        return
    before = read_data(run_dir)
    same = all(before.get(part) == value for part, value in rows.items())
    if not same or not path.exists() or read_recipe(path, type(recipe)) != recipe:
        # Left by a run that ended before its first checkpoint: answers to other pictures.
        for stale in run_dir.glob("view-*.npz"):
            stale.unlink()
    write_data(run_dir, rows)
    write_json(path, asdict(recipe))


def check_target(
    folder: Path, run_dir: Path, *, replace: bool = False, record: str = METRICS
) -> None:
    """Refuse to write over what another run has published.

    Args:
        folder: Of the model that would be written.
        run_dir: Whose own model may be replaced.
        replace: Replace any.
        record: The file of the folder that says which run it is of.

    Raises:
        ModelError: If there is another run's, or nobody knows whose.
    """
    there = (folder / record).is_file() or (record == METRICS and (folder / CARD).is_file())
    if replace or not there:
        return
    run = read_data(run_dir).get(RUN)
    if run is None or read_json(folder / record).get(RUN) != run:
        what = "a model" if record == METRICS else record
        raise ModelError(
            f"{folder}: expected a name that is free, found {what} that the run in {run_dir} did "
            "not publish; choose another --name, or say --replace to replace it"
        )
