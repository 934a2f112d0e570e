"""What ``fer literature train`` and ``fer evaluate`` do for the systems of the literature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fer.datasets.base import FaceDataset, Progress
from fer.datasets.resplit import OFFICIAL
from fer.errors import InputError
from fer.evaluation.cross import cross_report
from fer.evaluation.evaluate import PredictHeads, evaluate_classifier
from fer.evaluation.readings import evaluate_model, heads_reader
from fer.literature.neighbours import FILE, NAMES, Neighbours, fit_run
from fer.literature.recipes import HEADLINES, RECIPES, recipe_for
from fer.models.store import LITERATURE, ModelCard, chosen_model, find_folder, models_dir, read_card
from fer.recognition.classifier import EmotionClassifier
from fer.training.trainer import Reporter

SYSTEMS: tuple[str, ...] = (*RECIPES, *NAMES)
"""Every system of the literature, by the name that ``--architecture`` takes."""


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

    Args:
        dataset: FER-2013 with its official splits.
        run_dir: Folder of the run.
        architecture: One of ``SYSTEMS``.
        split: A key of ``fer.datasets.resplit.SCHEMES``, or "own".
        resume: Go on from the checkpoint when there is one.
        report: Called after every step.
        options: As ``fer.literature.recipes.recipe_for`` takes them; networks only.

    Raises:
        InputError: If an option does not fit the system.
        TrainingError: If the folder cannot be used.
    """
    if architecture in NAMES:
        if any(one is not None for one in options.values()):
            raise InputError(
                f"{architecture}: expected no --epochs, --seed, --weights, --image-size, "
                "--augment or --precision, nothing is trained there; leave them out"
            )
        own = HEADLINES[architecture].split or OFFICIAL
        fit_run(dataset, run_dir, architecture, own if split == "own" else split)
        return
    from fer.literature.run import train, training_data

    recipe = recipe_for(architecture, split=split, **options)
    train(recipe, training_data(dataset, recipe), run_dir, resume=resume, report=report)


def publish_system(run_dir: Path, dataset: FaceDataset, folder: Path, *, version: str) -> Path:
    """Write a run into its model folder: as a model, or as the record of its source's split.

    Args:
        run_dir: A run of ``train_system``.
        dataset: The data that it was trained on.
        folder: The model folder, see ``fer.literature.publish``.
        version: Version of the weights, for the card.

    Returns:
        The folder.
    """
    from fer.literature.publish import publish_neighbours, publish_network

    stored = (run_dir / FILE).exists()
    (publish_neighbours if stored else publish_network)(run_dir, dataset, folder, version=version)
    return folder


def literature_folder(name: str) -> Path:
    """Where a system of the literature is published: ``models/literature/NAME``."""
    return models_dir() / LITERATURE / name


def published_card(name: str | None) -> ModelCard:
    """The card of any published model; default is the one that is read with.

    Raises:
        ModelError: If there is none, or it is damaged.
    """
    return read_card(find_folder(name or chosen_model()))


def evaluate_published(
    name: str | None, dataset: FaceDataset, split: str, *, progress: Progress | None = None
) -> dict[str, Any]:
    """Evaluate any published model on one split: a network, or stored neighbours.

    Args:
        name: Folder of a published model; default is the shipped one.
        dataset: Faces of any reader.
        split: Name of the split.
        progress: Called with the share done.

    Returns:
        As ``fer.evaluation.readings.evaluate_model``.

    Raises:
        ModelError: If there is no such model.
        DatasetError: If the split does not exist, or holds no row of the model's classes.
    """
    folder = find_folder(name or chosen_model())
    if not (folder / FILE).exists():
        return evaluate_model(EmotionClassifier.load(name), dataset, split, progress=progress)
    card, model = read_card(folder), Neighbours.load(folder / FILE)
    report = evaluate_classifier(model.predict_heads, dataset, split)
    return {"model": card.name, "version": card.version, **report}


def cross_published(
    name: str | None,
    dataset: FaceDataset,
    split: str | None = None,
    *,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure any published model on a data set of any classes.

    Args:
        name: Folder of a published model; default is the shipped one.
        dataset: Faces of any reader.
        split: A split, or "all"; default is the test, else the validation, else all.
        progress: Called with the share done.

    Returns:
        As ``fer.evaluation.cross.cross_report``, with ``model`` and ``version`` in front.

    Raises:
        ModelError: If there is no such model.
        DatasetError: If the split does not exist, or holds no row of the model's classes.
    """
    folder = find_folder(name or chosen_model())
    card = read_card(folder)
    predict: PredictHeads
    if (folder / FILE).exists():
        predict = Neighbours.load(folder / FILE).predict_heads
    else:
        predict = heads_reader(EmotionClassifier.load(name), progress=progress)
    report = cross_report(predict, card.labels, dataset, split)
    return {"model": card.name, "version": card.version, **report}
