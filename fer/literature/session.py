"""What ``fer literature train`` and ``fer evaluate`` do for the systems of the literature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fer.datasets.base import FaceDataset, Progress
from fer.datasets.resplit import OFFICIAL
from fer.datasets.splits import as_recorded, same_faces
from fer.errors import InputError
from fer.evaluation.cross import ALL_ROWS, usual_split
from fer.evaluation.evaluate import evaluate_classifier
from fer.evaluation.readings import evaluate_model
from fer.literature.neighbours import FILE, NAMES, Neighbours, fit_run
from fer.literature.recipes import HEADLINES, recipe_for, split_record
from fer.models.card import ModelCard
from fer.models.store import METRICS, check_name, published_folder, read_card, read_json
from fer.recognition.classifier import EmotionClassifier
from fer.training.run_data import check_target
from fer.training.trainer import Reporter

NO_VOTES = (
    "These faces have no FER+ votes: what people see in them is not known, and perceived_labels "
    "measures against the data set's own labels."
)


def _split_of(architecture: str, split: str) -> str:
    """A split by its name; that of the system's source where its own is asked for."""
    return HEADLINES[architecture].split or OFFICIAL if split == "own" else split


def train_system(
    dataset: FaceDataset,
    run_dir: Path,
    architecture: str,
    *,
    split: str = OFFICIAL,
    resume: bool = False,
    report: Reporter | None = None,
    **options: Any,
) -> None:
    """Train a system of the literature in a folder.

    Raises:
        InputError: If an option does not fit the system.
        TrainingError: If the folder cannot be used.
    """
    if architecture in NAMES:
        if any(one is not None for one in options.values()):
            raise InputError(
                f"{architecture}: expected no --epochs, --seed, --weights, --image-size "
                "or --precision, nothing is trained there; leave them out"
            )
        fit_run(dataset, run_dir, architecture, _split_of(architecture, split))
        return
    from fer.literature.run import train, training_data

    recipe = recipe_for(architecture, split=split, **options)
    train(recipe, training_data(dataset, recipe), run_dir, resume=resume, report=report)


def check_system(
    folder: Path,
    run_dir: Path,
    architecture: str,
    *,
    split: str = OFFICIAL,
    replace: bool = False,
    **options: Any,
) -> None:
    """Refuse what ``publish_system`` would refuse after the training.

    Raises:
        InputError: If an option does not fit the system.
        ModelError: If the folder's name cannot be that of a model, or another run has published
            there.
    """
    from fer.literature.publish import record_name

    check_name(folder.name)
    if architecture in NAMES:
        split = _split_of(architecture, split)
        record = METRICS if split == OFFICIAL else split_record(architecture, split)
    else:
        record = record_name(recipe_for(architecture, split=split, **options))
    check_target(folder, run_dir, replace=replace, record=record)


def publish_system(
    run_dir: Path, dataset: FaceDataset, folder: Path, *, version: str, replace: bool = False
) -> Path:
    """Write a run into its model folder: as a model, or as the record of its source's split.

    Returns:
        The folder, or the record in it.
    """
    from fer.literature.publish import publish_neighbours, publish_network

    publish = publish_neighbours if (run_dir / FILE).exists() else publish_network
    return publish(run_dir, dataset, folder, version=version, replace=replace)


def published_card(name: str | None) -> ModelCard:
    """The card of any published model; default is the one that is read with.

    Raises:
        ModelError: If there is none, or it is damaged.
    """
    return read_card(published_folder(name))


def evaluate_published(
    name: str | None,
    dataset: FaceDataset,
    split: str | None,
    *,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Evaluate any published model on one split: a network, or stored neighbours.

    Returns:
        What ``evaluate_classifier`` returns for a split, or "all", or None for the usual one; with
        ``model``, ``version`` and ``notes``.

    Raises:
        ModelError: If there is no such model.
        DatasetError: If the split does not exist, or holds no row of the model's classes.
    """
    folder = published_folder(name)
    card = read_card(folder)
    record = read_json(folder / METRICS).get("dataset", {}) if (folder / METRICS).is_file() else {}
    dataset = as_recorded(dataset, record)
    split = split or usual_split(dataset)
    if card.architecture in NAMES:
        predict = Neighbours.load(folder / FILE).predict_heads
        report = {
            "model": card.name,
            "version": card.version,
            **evaluate_classifier(predict, dataset, split),
        }
    else:
        report = evaluate_model(EmotionClassifier.load(name), dataset, split, progress=progress)
    notes = list(dataset.notes)
    if split in (ALL_ROWS, "Training") and same_faces(dataset, record):
        notes.append(f"The model was trained on {record['trained_on']:,} of these faces.")
    if "perceived_labels" in report:
        notes.append(NO_VOTES)
    return {**report, "notes": notes}
