"""What ``fer literature train`` and ``fer evaluate`` do for the systems of the literature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer.datasets.base import FaceDataset, Progress
from fer.datasets.resplit import OFFICIAL
from fer.errors import InputError
from fer.evaluation.cross import cross_report
from fer.evaluation.evaluate import PredictHeads, evaluate_classifier
from fer.evaluation.readings import evaluate_model, heads_reader
from fer.literature.headlines import HEADLINES
from fer.literature.neighbours import FILE, NAMES, Neighbours
from fer.literature.recipes import RECIPES, Recipe, recipe_for
from fer.models.store import LITERATURE, ModelCard, chosen_model, find_folder, models_dir, read_card
from fer.recognition.classifier import EmotionClassifier
from fer.training.run_folder import CONFIG, read_recipe

SYSTEMS: tuple[str, ...] = (*RECIPES, *NAMES)
"""Every system of the literature, by the name that ``--architecture`` takes."""


def train_system(
    dataset: FaceDataset,
    run_dir: Path,
    architecture: str,
    *,
    split: str = OFFICIAL,
    epochs: int | None = None,
    seed: int | None = None,
    weights: str | None = None,
    image_size: int | None = None,
    augmentations: Sequence[str] | None = None,
    plateau_patience: int | None = None,
    precision: str | None = None,
    resume: bool = False,
    report: Any = None,
) -> None:
    """Train a system of the literature in a folder.

    Args:
        dataset: FER-2013 with its official splits.
        run_dir: Folder of the run.
        architecture: One of ``SYSTEMS``.
        split: A key of ``fer.datasets.resplit.SCHEMES``, or "own".
        epochs: Most epochs; networks only.
        seed: Networks only.
        weights: Initial weights of a ``transfer:`` network.
        image_size: Side in pixels that a ``transfer:`` backbone sees.
        augmentations: Names of ``fer.training.augmentations``, instead of the recipe's own.
        plateau_patience: Epochs without a lower validation loss before the rate shrinks; 0 never.
        precision: One of ``fer.training.precision.POLICIES``; networks only.
        resume: Go on from the checkpoint when there is one.
        report: Called after every step, see ``fer.training.trainer.StepReport``.

    Raises:
        InputError: If an option does not fit the system.
        TrainingError: If the folder cannot be used.
    """
    if architecture in NAMES:
        from fer.literature.publish_neighbours import fit_run

        options = (epochs, seed, weights, image_size, augmentations, plateau_patience, precision)
        if any(one is not None for one in options):
            raise InputError(
                f"{architecture}: expected no --epochs, --seed, --weights, --image-size, "
                "--augment, --plateau-patience or --precision, nothing is trained there; leave "
                "them out"
            )
        own = HEADLINES[architecture].split or OFFICIAL
        fit_run(dataset, run_dir, architecture, own if split == "own" else split)
        return
    from fer.literature.run import train, training_data

    recipe = recipe_for(
        architecture,
        split=split,
        epochs=epochs,
        seed=seed,
        weights=weights,
        image_size=image_size,
        augmentations=augmentations,
        plateau_patience=plateau_patience,
        precision=precision,
    )
    train(recipe, training_data(dataset, recipe), run_dir, resume=resume, report=report)


def publish_system(run_dir: Path, dataset: FaceDataset, folder: Path, *, version: str) -> Path:
    """Write a run into its model folder: as a model, or as the record of its source's split.

    Args:
        run_dir: A run of ``train_system``.
        dataset: The data that it was trained on.
        folder: The model folder; a run under the official split fills it, one under another split
            adds ``own_split.json`` to it.
        version: Version of the weights, for the card.

    Returns:
        The folder.
    """
    if (run_dir / FILE).exists():
        from fer.literature.publish_neighbours import publish_neighbours

        return publish_neighbours(run_dir, dataset, folder, version=version)
    from fer.literature.publish import publish, record_own_split

    if read_recipe(run_dir / CONFIG, Recipe).split == OFFICIAL:
        return publish(run_dir, dataset, folder, version=version)
    record_own_split(run_dir, dataset, folder)
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
