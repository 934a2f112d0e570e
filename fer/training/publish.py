"""A finished run -> a model folder that the dashboard can open, with every figure computed here."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer.architectures import build
from fer.datasets.base import FaceDataset
from fer.errors import TrainingError
from fer.evaluation.evaluate import evaluate_classifier
from fer.evaluation.robustness import robustness, to_records
from fer.models.store import (
    CARD,
    HISTORY,
    KERAS_FILE,
    METRICS,
    WEIGHTS,
    ModelFolder,
    check_name,
    open_model,
)
from fer.recognition.classifier import EmotionClassifier
from fer.training.card import FER2013_TERMS, dataset_record, make_card
from fer.training.config import TrainingConfig
from fer.training.convert import run_converted
from fer.training.deployment import deploy
from fer.training.finalize import finalize
from fer.training.keras_file import save_small
from fer.training.run import open_run
from fer.training.run_folder import read_history

if TYPE_CHECKING:
    import keras


def _save_keras(model: keras.Model, config: TrainingConfig, path: Path) -> None:
    """Save the network for training on: any input size, no optimizer; left out when large."""
    plain = build(config.architecture, dropout=config.dropout, input_size=None)
    plain.set_weights(model.get_weights())
    save_small(plain, path)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _write_history(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _swap_in(finished: Path, target: Path) -> None:
    """Put a finished folder in place; the one it replaces comes back if that fails."""
    if not target.exists():
        os.rename(finished, target)
        return
    retired = finished.with_name(finished.name + ".old")
    os.rename(target, retired)
    try:
        os.rename(finished, target)
    except OSError:
        os.rename(retired, target)
        raise
    shutil.rmtree(retired)


def publish(
    run_dir: Path,
    dataset: FaceDataset,
    models_dir: Path,
    name: str = "xs",
    *,
    version: str,
    test: bool = True,
    terms: str = FER2013_TERMS,
    compare_with: ModelFolder | None = None,
) -> Path:
    """Finalise, calibrate, convert, evaluate and write a model folder.

    Everything is chosen on PublicTest; PrivateTest is opened once, at the end, by the file that
    will run. An older folder of that name is replaced in one step, after the new one is complete
    and has been opened.

    Args:
        run_dir: Folder of a run, finished or not.
        dataset: The data of the run, with the splits Training, PublicTest and PrivateTest.
        models_dir: Folder of model folders.
        name: Name of the new folder.
        version: Version of the weights, for the card.
        test: Whether to evaluate on PrivateTest; leave it closed for trials.
        terms: Terms of the data, for the card.
        compare_with: An earlier model, whose robustness goes beside that of this one.

    Returns:
        The folder.

    Raises:
        ModelError: If the name cannot be that of a folder.
        DatasetError: If the data lacks one of the splits.
        TrainingError: If the run has no finished epoch, cannot be read, or the disk refuses.
    """
    check_name(name)
    splits = ("PublicTest", "PrivateTest") if test else ("PublicTest",)
    for split in splits:
        dataset.split_mask(split)  # fails now rather than after minutes of work
    model, config, epochs = open_run(run_dir)
    history = [row for row in read_history(run_dir) if int(row["epoch"]) <= epochs]
    if not history:
        raise TrainingError(
            f"{run_dir}: expected a history of {epochs} epochs, got none; copy the whole folder"
        )
    model, choice = finalize(model, config, dataset)
    deployment = deploy(model, config, dataset.split("PublicTest"))
    reports = {
        split: evaluate_classifier(
            lambda images: run_converted(deployment.content, images),
            dataset,
            split,
            calibrators=deployment.calibrators,
        )
        for split in splits
    }
    record = dataset_record(dataset)
    curves = {
        "robustness": to_records(
            robustness(lambda images: run_converted(deployment.content, images), dataset)
        )
    }
    if compare_with is not None:
        earlier = EmotionClassifier(compare_with)
        curves["robustness_before"] = [
            {**row, "model": compare_with.card.name, "version": compare_with.card.version}
            for row in to_records(robustness(earlier.predict_heads, dataset))
        ]
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        # On the same disk as its destination, so that a rename is enough; the dot hides it.
        with tempfile.TemporaryDirectory(prefix=".publish-", dir=models_dir) as scratch:
            folder = Path(scratch) / name
            folder.mkdir()
            (folder / WEIGHTS).write_bytes(deployment.content)
            _save_keras(model, config, folder / KERAS_FILE)
            _write_history(folder / HISTORY, history)
            _write_json(
                folder / METRICS,
                {
                    **reports,
                    **curves,
                    "candidates": choice.to_dict(),
                    "calibration": deployment.calibration,
                    "conversion": [check.to_dict() for check in deployment.checks],
                    "dataset": record,
                },
            )
            card = make_card(
                name=name,
                version=version,
                config=config,
                deployment=deployment,
                choice=choice,
                epochs=epochs,
                history=history,
                record=record,
                reports=reports,
                weights_file=folder / WEIGHTS,
                terms=terms,
            )
            _write_json(folder / CARD, card.model_dump(mode="json"))
            open_model(name, directory=Path(scratch))
            _swap_in(folder, models_dir / name)
    except OSError as fault:
        raise TrainingError(
            f"{models_dir / name}: could not write the model folder ({fault.strerror or fault}); "
            "free some disk or choose another folder, what was there is intact"
        ) from fault
    return models_dir / name
