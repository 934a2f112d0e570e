"""Trains a network jointly: classes, and valence and arousal, from one embedding.

Keras 3 operations only, so that ``KERAS_BACKEND=jax`` trains the same code.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.architectures import SINGLE_OUTPUT, build
from fer.datasets.base import SPLITS, FaceDataset
from fer.datasets.protocol import training_rows
from fer.errors import DatasetError, InputError, TrainingError
from fer.evaluation.affect import measure_affect
from fer.evaluation.evaluate import label_indices
from fer.evaluation.metrics import accuracy
from fer.labels import FER2013
from fer.literature.inputs import ArraySource, epoch_batches, fitted, model_input
from fer.literature.recipes import Recipe
from fer.literature.runs import BEST, finished_epochs, load_weights, start
from fer.training.affect.fit import known_affect
from fer.training.finalize import reestimate_statistics
from fer.training.run import Reporter, StepReport
from fer.training.run_folder import (
    CHECKPOINT,
    HISTORY,
    append_history,
    load_checkpoint,
    read_history,
    save_checkpoint,
)
from fer.training.seeds import set_seed

if TYPE_CHECKING:
    import keras

AFFECT_WEIGHT = 2.0
"""Weight of the squared error of valence and arousal; the cross-entropy has weight 1."""

_CHUNK = 256
_STATISTICS_BATCHES = 10


@dataclass(frozen=True, slots=True)
class JointData:
    """What a joint run learns from: rows of Training, and rows of PublicTest that choose.

    Attributes:
        training: Faces ``(n, 48, 48)`` uint8.
        labels: ``(n,)`` class index, -1 for a class that the network lacks.
        affect: ``(n, 2)`` float32, NaN where unknown.
        validation: The same of PublicTest.
        validation_labels: The same.
        validation_affect: The same.
    """

    training: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.intp]
    affect: npt.NDArray[np.float32]
    validation: npt.NDArray[np.uint8]
    validation_labels: npt.NDArray[np.intp]
    validation_affect: npt.NDArray[np.float32]


def joint_data(dataset: FaceDataset) -> JointData:
    """The rows of a joint run; copies of pictures of other splits are left out of Training.

    Raises:
        DatasetError: If Training or PublicTest has too few rows with valence and arousal.
    """
    known = known_affect(dataset)
    validation = dataset.split_mask(SPLITS[1])
    if not (known & validation).any():
        raise DatasetError(
            f"{dataset.source or 'data set'}: expected rows of PublicTest with valence and "
            "arousal, got none; add a validation split"
        )
    training = training_rows(dataset)
    labels = label_indices(dataset, FER2013)
    assert dataset.affect is not None
    return JointData(
        dataset.images[training],
        labels[training],
        dataset.affect[training],
        dataset.images[validation],
        labels[validation],
        dataset.affect[validation],
    )


def joint_recipe(
    architecture: str, *, epochs: int | None = None, seed: int | None = None
) -> Recipe:
    """Adam with a cosine to zero, flips; 20 epochs unless told otherwise.

    Raises:
        InputError: If the network is unknown or its classes are others.
    """
    from fer.architectures import ARCHITECTURES

    if architecture not in ARCHITECTURES or architecture == "cnn5-224":
        known = ", ".join(name for name in ARCHITECTURES if name != "cnn5-224")
        raise InputError(
            f"architecture: expected one of {known}, got {architecture!r}; choose one of them"
        )
    return Recipe(
        architecture,
        epochs=20 if epochs is None else epochs,
        batch_size=64,
        flip=0.5,
        precision="float32",
        seed=seed or 0,
    )


def build_joint(recipe: Recipe) -> keras.Model:
    """A network of ``fer.architectures`` with a second output, compiled.

    Returns:
        A model from pixels to ``{"fer2013": (n, 7), "affect": (n, 2)}``: what the network has for
        its classes, and valence and arousal through a tanh.
    """
    import keras
    from keras import layers

    set_seed(recipe.seed)
    base = build(recipe.architecture)
    single = recipe.architecture in SINGLE_OUTPUT
    classes = base.output if single else base.output["fer2013"]
    pooled = layers.GlobalAveragePooling2D(name="affect_pool")(base.get_layer("features").output)
    affect = layers.Dense(2, activation="tanh", name="affect", dtype="float32")(pooled)
    model = keras.Model(base.input, {"fer2013": classes, "affect": affect}, name=base.name)
    model.compile(
        keras.optimizers.Adam(recipe.learning_rate),
        loss={
            "fer2013": keras.losses.SparseCategoricalCrossentropy(from_logits=not single),
            "affect": keras.losses.MeanSquaredError(),
        },
        loss_weights={"fer2013": 1.0, "affect": AFFECT_WEIGHT},
    )
    model.optimizer.build(model.trainable_variables)
    return model


def read_joint(
    model: keras.Model, images: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Classes ``(n,)``, and valence and arousal ``(n, 2)`` float32, of faces."""
    shape = model_input(model)
    outputs = [
        model.predict_on_batch(fitted(np.asarray(images[start : start + _CHUNK]), *shape))
        for start in range(0, len(images), _CHUNK)
    ]
    classes = np.concatenate([np.asarray(one["fer2013"]).argmax(axis=1) for one in outputs])
    return classes, np.concatenate([np.asarray(one["affect"]) for one in outputs])


def _validation(model: keras.Model, data: JointData) -> dict[str, float]:
    classes, affect = read_joint(model, data.validation)
    report = measure_affect(data.validation_affect, affect)
    known = data.validation_labels >= 0
    right = accuracy(data.validation_labels[known], classes[known]) if known.any() else math.nan
    return {
        "val_accuracy": right,
        **{
            f"val_{figure}_{name}": report[name][figure]
            for name in ("valence", "arousal")
            for figure in ("ccc", "rmse", "sign_agreement")
        },
    }


def agreement(row: dict[str, Any]) -> float:
    """What chooses the epoch: the mean concordance of valence and arousal."""
    return (float(row["val_ccc_valence"]) + float(row["val_ccc_arousal"])) / 2


def train_joint(
    recipe: Recipe,
    data: JointData,
    run_dir: Path,
    *,
    resume: bool = False,
    report: Reporter | None = None,
) -> keras.Model:
    """Train jointly; the folder holds all that is needed to go on after a kill.

    Rows without a class, or without valence and arousal, teach the other output only.

    Returns:
        The network with the weights of its best epoch on PublicTest.

    Raises:
        TrainingError: If the folder holds another run, the disk refuses, or the loss is not finite.
    """
    start(run_dir, recipe, resume=resume)
    model = build_joint(recipe)
    checkpoint = run_dir / CHECKPOINT
    first = 0
    if checkpoint.exists():
        first = finished_epochs(checkpoint)
        load_checkpoint(model, checkpoint)
    best = max(
        (agreement(row) for row in read_history(run_dir) if int(row["epoch"]) <= first),
        default=-math.inf,
    )
    for epoch in range(first, recipe.epochs):
        started = time.perf_counter()
        rate = recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * epoch / recipe.epochs))
        model.optimizer.learning_rate.assign(rate)
        loss = _train_epoch(model, data, recipe, epoch, report)
        # Small data takes too few steps for running means; they are taken anew, unaugmented.
        reestimate_statistics(model, _plain_batches(model, data, recipe))
        row = {
            "epoch": epoch + 1,
            "learning_rate": rate,
            "loss": loss,
            **_validation(model, data),
            "seconds": round(time.perf_counter() - started, 1),
        }
        append_history(run_dir / HISTORY, row)
        if agreement(row) > best:
            best = agreement(row)
            save_checkpoint(model, run_dir / BEST, epoch + 1)
        save_checkpoint(model, checkpoint, epoch + 1)
    load_weights(model, run_dir / BEST)
    return model


def _plain_batches(
    model: keras.Model, data: JointData, recipe: Recipe
) -> Iterator[npt.NDArray[np.float32]]:
    order = np.random.default_rng(recipe.seed).permutation(len(data.training))
    for first in range(
        0, min(len(order), _STATISTICS_BATCHES * recipe.batch_size), recipe.batch_size
    ):
        rows = np.sort(order[first : first + recipe.batch_size])
        yield fitted(np.asarray(data.training[rows]), *model_input(model))


def _train_epoch(
    model: keras.Model, data: JointData, recipe: Recipe, epoch: int, report: Reporter | None
) -> float:
    steps = -(-len(data.training) // recipe.batch_size)
    total, rows = 0.0, np.arange(len(data.training))
    batches = epoch_batches(ArraySource(data.training), rows, recipe, epoch, model_input(model))
    for step, (pixels, chosen) in enumerate(batches):
        labels, affect = data.labels[chosen], data.affect[chosen]
        felt = np.asarray(np.isfinite(affect).all(axis=1))
        loss = model.train_on_batch(
            pixels,
            {
                "fer2013": np.maximum(labels, 0),
                "affect": np.where(felt[:, None], affect, 0).astype(np.float32),
            },
            sample_weight={
                "fer2013": (labels >= 0).astype(np.float32),
                "affect": felt.astype(np.float32),
            },
            return_dict=True,
        )["loss"]
        if not np.isfinite(loss):
            raise TrainingError(
                f"epoch {epoch + 1}, step {step + 1}: the loss is {loss}; start a new run with "
                "another seed"
            )
        model.reset_metrics()
        total += float(loss) * len(chosen)
        if report is not None:
            report(StepReport(epoch, recipe.epochs, step + 1, steps, float(loss)))
    return total / len(data.training)
