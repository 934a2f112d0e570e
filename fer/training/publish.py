"""A finished run, or a published network, -> a model folder with every figure computed here."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.architectures import build
from fer.datasets.base import FaceDataset
from fer.datasets.protocol import fingerprint
from fer.datasets.splits import as_recorded
from fer.errors import TrainingError
from fer.evaluation.evaluate import evaluate_classifier
from fer.evaluation.readings import LATENCY
from fer.evaluation.robustness import robustness
from fer.models.card import ModelCard
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
from fer.training.card import dataset_record, deployed_fields, make_card
from fer.training.config import TrainingConfig, recipe_of
from fer.training.convert import network_ms, run_converted
from fer.training.deployment import Deployment, deploy
from fer.training.finalize import finalize
from fer.training.keras_file import save_small
from fer.training.run import open_run
from fer.training.run_data import RUN, check_data, check_target, read_data
from fer.training.run_folder import read_history, write_history, write_json
from fer.training.teachers import load_network

if TYPE_CHECKING:
    import keras


def _save_keras(model: keras.Model, config: TrainingConfig, path: Path) -> None:
    """Save the network for training on: any input size, no optimizer; left out when large."""
    plain = build(
        config.architecture,
        dropout=config.dropout,
        input_size=None,
        classes=len(config.classes),
    )
    plain.set_weights(model.get_weights())
    save_small(plain, path)


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
    replace: bool = False,
) -> Path:
    """Finalise, calibrate, convert, evaluate and write a model folder.

    Everything is chosen on PublicTest; PrivateTest is opened once, at the end, by the file that
    will run. Data without a test part is measured on PublicTest alone. What the same run has
    published under that name, or with ``replace`` anything, is replaced in one step, after the new
    folder is complete and has been opened.

    Raises:
        ModelError: If the name cannot be that of a folder, or is that of another model.
        DatasetError: If the data lacks one of the splits.
        TrainingError: If the run has no finished epoch, cannot be read, learned from other rows,
            or the disk refuses.
    """
    check_target(models_dir / check_name(name), run_dir, replace=replace)
    splits: tuple[str, ...] = ("PublicTest", "PrivateTest") if test else ("PublicTest",)
    for split in splits:
        dataset.split_mask(split)  # fails now rather than after minutes of work
    model, config, epochs = open_run(run_dir)
    check_data(run_dir, fingerprint(dataset))
    splits = tuple(split for split in splits if dataset.split_mask(split).any())
    history = read_history(run_dir, before=epochs + 1)
    if not history:
        raise TrainingError(
            f"{run_dir}: expected a history of {epochs} epochs, got none; copy the whole folder"
        )
    run = {key: value for key, value in read_data(run_dir).items() if key == RUN}
    model, choice = finalize(model, config, dataset)
    deployment = deploy(model, config, dataset.split("PublicTest"))
    reports, metrics = _measured(deployment, dataset, splits, config.classes)

    def fill(folder: Path) -> ModelCard:
        _save_keras(model, config, folder / KERAS_FILE)
        write_history(folder / HISTORY, history)
        write_json(folder / METRICS, {**metrics, **run, "candidates": asdict(choice)})
        return make_card(
            name=name,
            version=version,
            config=config,
            deployment=deployment,
            choice=choice,
            history=history,
            record=metrics["dataset"],
            reports=reports,
            weights_file=folder / WEIGHTS,
        )

    return _replace_folder(models_dir / name, deployment.content, fill)


def remake(before: ModelFolder, dataset: FaceDataset, *, version: str, test: bool = True) -> Path:
    """Calibrate, convert and measure a published network anew, without training.

    Its head for valence and arousal stays: the network is the same.

    Raises:
        DatasetError: If the data lacks one of the splits.
        TrainingError: If the network is not there or has other heads, or the disk refuses.
    """
    dataset = as_recorded(dataset, before.metrics().get("dataset", {}))
    splits = ("PublicTest", "PrivateTest") if test else ("PublicTest",)
    for split in splits:
        dataset.split_mask(split)
    model = load_network(before.path / KERAS_FILE)
    config = recipe_of(before.card.recipe, TrainingConfig)
    deployment = deploy(model, config, dataset.split("PublicTest"))
    reports, metrics = _measured(deployment, dataset, splits)

    def fill(folder: Path) -> ModelCard:
        for file in before.path.iterdir():
            if file.name not in (CARD, METRICS, WEIGHTS):
                shutil.copy2(file, folder)
        candidates = before.metrics().get("candidates")
        kept = {} if candidates is None else {"candidates": candidates}
        write_json(folder / METRICS, {**metrics, **kept})
        fields = deployed_fields(deployment, reports, folder / WEIGHTS, config.classes)
        return before.card.model_copy(update={**fields, "version": version})

    return _replace_folder(before.path, deployment.content, fill)


def _measured(
    deployment: Deployment,
    dataset: FaceDataset,
    splits: Sequence[str],
    own: Sequence[str] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The reports by split, and everything for ``metrics.json``, of the file that will run."""

    def predict(images: npt.NDArray[np.uint8]) -> Mapping[str, npt.NDArray[np.float32]]:
        return run_converted(deployment.content, images)

    thresholds = {name: one.threshold for name, one in deployment.abstain.items()}
    reports = {
        split: evaluate_classifier(
            predict,
            dataset,
            split,
            calibrators=deployment.calibrators,
            thresholds=thresholds,
            own=own,
        )
        for split in splits
    }
    metrics: dict[str, Any] = {
        **reports,
        "robustness": robustness(predict, dataset, own=own),
        "calibration": deployment.calibration,
        "conversion": deployment.checks,
        "dataset": dataset_record(dataset),
        LATENCY: network_ms(deployment.content),
    }
    return reports, metrics


def _replace_folder(target: Path, content: bytes, fill: Callable[[Path], ModelCard]) -> Path:
    """Make a model folder beside its place, open it, and put it there in one step.

    Raises:
        TrainingError: If the disk refuses; what was there is intact.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # On the same disk as its destination, so that a rename is enough; the dot hides it.
        with tempfile.TemporaryDirectory(prefix=".publish-", dir=target.parent) as scratch:
            folder = Path(scratch) / target.name
            folder.mkdir()
            (folder / WEIGHTS).write_bytes(content)
            write_json(folder / CARD, fill(folder).model_dump(mode="json"))
            open_model(target.name, directory=Path(scratch))
            _swap_in(folder, target)
    except OSError as fault:
        raise TrainingError(
            f"{target}: could not write the model folder ({fault.strerror or fault}); free some "
            "disk or choose another folder, what was there is intact"
        ) from fault
    return target
