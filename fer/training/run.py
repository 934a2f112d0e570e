"""A resumable training run in a folder: one checkpoint and one history row an epoch.

The loop uses Keras 3 operations only, so that ``KERAS_BACKEND=jax`` trains the same code.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fer.architectures import SINGLE_OUTPUT, TWO_HEADS, build
from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.protocol import training_rows
from fer.errors import TrainingError
from fer.labels import FER2013
from fer.training.batches import epoch_batches, steps_per_epoch
from fer.training.config import TrainingConfig
from fer.training.mixing import mixed
from fer.training.network_pass import resized, validate
from fer.training.precision import dtype_policy
from fer.training.run_folder import (
    CHECKPOINT,
    CONFIG,
    HISTORY,
    append_history,
    load_checkpoint,
    read_config,
    save_checkpoint,
    start_run,
)
from fer.training.seeds import set_seed
from fer.training.starting import start
from fer.training.targets import Targets, make_targets
from fer.training.teachers import Teachers, load_teachers

if TYPE_CHECKING:
    import keras

__all__ = [
    "CHECKPOINT",
    "CONFIG",
    "HISTORY",
    "Reporter",
    "StepReport",
    "compile_model",
    "load_checkpoint",
    "open_run",
    "read_config",
    "resized",
    "save_checkpoint",
    "train",
    "usable_rows",
    "validate",
]


@dataclass(frozen=True, slots=True)
class StepReport:
    """Where a run stands after a step; for progress bars.

    Attributes:
        epoch: Counted from 0.
        epochs: Of the run.
        step: Counted from 1.
        steps: Of an epoch.
        loss: Of the step.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float


Reporter = Callable[[StepReport], None]


def compile_model(config: TrainingConfig) -> keras.Model:
    """Build and compile the network of a recipe for inputs of any size.

    Raises:
        TrainingError: If the architecture has one output instead of the two heads.
        InputError: If it or the precision is unknown.
    """
    import keras

    if config.architecture in SINGLE_OUTPUT:
        raise TrainingError(
            f"architecture: expected one with the heads fer2013 and ferplus, got "
            f"{config.architecture!r}, which is a baseline with one output; train one of "
            f"{', '.join(TWO_HEADS)}"
        )
    set_seed(config.seed)
    with dtype_policy(config.precision):
        model = build(config.architecture, dropout=config.dropout, input_size=None)
    optimizer = keras.optimizers.SGD(
        config.learning_rate,
        momentum=config.momentum,
        nesterov=True,
        # Keras decays weights outside the momentum; dividing gives the strength of coupled L2.
        weight_decay=config.weight_decay / (1 - config.momentum),
        use_ema=config.ema > 0,
        ema_momentum=config.ema or 0.99,
        ema_overwrite_frequency=None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(
        optimizer,
        loss={
            head: keras.losses.CategoricalCrossentropy(from_logits=True)
            for head in ("fer2013", "ferplus")
        },
        loss_weights={"fer2013": 1.0, "ferplus": config.ferplus_weight},
        weighted_metrics={"fer2013": [keras.metrics.CategoricalAccuracy(name="accuracy")]},
    )
    optimizer.build(model.trainable_variables)
    return model


def open_run(run_dir: Path) -> tuple[keras.Model, TrainingConfig, int]:
    """The network of a run as its last finished epoch left it, its recipe, and that epoch.

    Raises:
        TrainingError: If no epoch is finished, or the folder cannot be read.
    """
    config = read_config(run_dir)
    if not (run_dir / CHECKPOINT).exists():
        raise TrainingError(
            f"{run_dir}: expected a run with a finished epoch, found no {CHECKPOINT}; train first"
        )
    # What is published, measured or taught with reads in full precision, however it learned.
    model = compile_model(replace(config, precision="float32"))
    return model, config, load_checkpoint(model, run_dir / CHECKPOINT)


def _make_metrics(model: keras.Model) -> None:
    """Let the metrics make their variables now.

    Made by the first step, they would have TensorFlow trace the whole step a second time.
    """
    pixels = np.zeros((1, 1, 1, 1), np.float32)
    answers = {
        head: np.ones((1, *output.shape[1:]), np.float32) for head, output in model.output.items()
    }
    weights = {head: np.ones(1, np.float32) for head in answers}
    model.compute_loss(pixels, answers, answers, weights)
    model.compute_metrics(pixels, answers, answers, weights)
    model.reset_metrics()


def _train_epoch(
    model: keras.Model,
    images: npt.NDArray[np.uint8],
    targets: Targets,
    epoch: int,
    config: TrainingConfig,
    teachers: Teachers | None,
    report: Reporter | None,
) -> dict[str, float]:
    steps = steps_per_epoch(len(images), config.batch_size)
    totals = dict.fromkeys(("loss", "fer2013_loss", "ferplus_loss", "fer2013_accuracy"), 0.0)
    taught = None if teachers is None else IMAGE_SIZE
    batches = epoch_batches(images, targets, epoch, config, size=taught)
    if teachers is not None:
        rows = steps * min(config.batch_size, len(images))
        batches = teachers.teach(batches, config.view_at(epoch), rows, config.size_at(epoch))
    for step, batch in enumerate(mixed(batches, epoch, config)):
        model.optimizer.learning_rate.assign(config.learning_rate_at(epoch + step / steps))
        # Each step reports itself only; the epoch's figures are the means of its steps.
        model.reset_metrics()
        logs = model.train_on_batch(
            batch.pixels, batch.targets, sample_weight=batch.weights, return_dict=True
        )
        if not np.isfinite(logs["loss"]):
            raise TrainingError(
                f"epoch {epoch + 1}, step {step + 1}: the loss is {logs['loss']}; lower the "
                "learning rate and continue from the last checkpoint with --resume"
            )
        for name in totals:
            totals[name] += float(logs[name]) / steps
        if report is not None:
            report(StepReport(epoch, config.epochs, step + 1, steps, float(logs["loss"])))
    totals["accuracy"] = totals.pop("fer2013_accuracy")
    return totals


def usable_rows(dataset: FaceDataset) -> tuple[FaceDataset, FaceDataset]:
    """The rows that a run learns from and the rows that it is validated on.

    Raises:
        TrainingError: If the data has other classes, or one of the two has no row.
        DatasetError: If it has no such split.
    """
    if dataset.label_names != FER2013:
        raise TrainingError(
            f"{dataset.source or 'data set'}: expected the classes {', '.join(FER2013)}, got "
            f"{', '.join(dataset.label_names)}; train on a data set with these seven"
        )
    chosen = dataset.select(training_rows(dataset))
    validation = dataset.split("PublicTest")
    if not len(chosen) or not len(validation):
        raise TrainingError(
            f"{dataset.source or 'data set'}: expected rows in Training and PublicTest, got "
            f"{len(chosen)} usable ones and {len(validation)}; add the missing split"
        )
    return chosen, validation


def train(
    config: TrainingConfig,
    dataset: FaceDataset,
    run_dir: Path,
    *,
    resume: bool = False,
    report: Reporter | None = None,
) -> keras.Model:
    """Train under the protocol; the folder holds all that is needed to go on after a kill.

    Args:
        config: The recipe.
        dataset: A data set with the splits Training and PublicTest.
        run_dir: Folder of this run: ``config.json``, ``checkpoint.npz``, ``history.csv``.
        resume: Go on from the checkpoint when there is one.
        report: Called after every step.

    Returns:
        The model after the last epoch, with its optimizer (and EMA) still attached.

    Raises:
        TrainingError: If the folder holds another run, a checkpoint or a teacher cannot be used,
            the data has other classes or lacks a split, the disk refuses, or the loss is not
            finite.
    """
    chosen, validation = usable_rows(dataset)
    checkpoint = run_dir / CHECKPOINT
    start_run(run_dir, config, resume=resume)
    targets = make_targets(
        chosen, label_smoothing=config.label_smoothing, vote_smoothing=config.vote_smoothing
    )
    model = compile_model(config)
    _make_metrics(model)
    first = 0
    if checkpoint.exists():
        first = load_checkpoint(model, checkpoint)
    else:
        start(model, config, chosen.images)
    teachers = load_teachers(config, run_dir) if first < config.epochs else None
    for epoch in range(first, config.epochs):
        started = time.perf_counter()
        size = config.size_at(epoch)
        logs = _train_epoch(model, chosen.images, targets, epoch, config, teachers, report)
        row = {
            "epoch": epoch + 1,
            "size": size,
            "learning_rate": config.learning_rate_at(epoch),
            **logs,
            **validate(model, validation, size),
            "seconds": round(time.perf_counter() - started, 1),
        }
        # The row first: a kill between the two repeats the epoch, which replaces its row. The
        # other way round the row would be lost.
        append_history(run_dir / HISTORY, row)
        save_checkpoint(model, checkpoint, epoch + 1)
    return model
