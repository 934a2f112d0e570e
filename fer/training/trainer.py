"""The loop that trains every network of this project; what differs between them is a ``Task``.

Keras 3 operations only, so that ``KERAS_BACKEND=jax`` trains the same code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fer.errors import TrainingError
from fer.training.batches import Batch
from fer.training.run_folder import CHECKPOINT, HISTORY, append_history, save_checkpoint

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class StepReport:
    """Where a run stands after a step; for progress bars.

    Attributes:
        epoch: Counted from 0.
        step: Counted from 1.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float


Reporter = Callable[[StepReport], None]


class Task(Protocol):
    """What is trained, epoch by epoch; all epochs are counted from 0."""

    @property
    def epochs(self) -> int:
        """The most that a run has."""
        ...

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        ...

    def before_epoch(self, epoch: int) -> Mapping[str, float]:
        """Prepare an epoch; returns what stands first in its history row."""
        ...

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch."""
        ...

    def learning_rate_at(self, moment: float) -> float:
        """The rate at a moment counted in epochs."""
        ...

    def validate(self, epoch: int) -> Mapping[str, float]:
        """Figures on the validation rows after an epoch."""
        ...

    def after_epoch(self, row: Mapping[str, float]) -> bool:
        """Look at an epoch's row; returns whether the run goes on."""
        ...


def train_epochs(
    model: keras.Model,
    task: Task,
    run_dir: Path,
    *,
    first: int = 0,
    report: Reporter | None = None,
) -> None:
    """Train, and after every epoch write a history row and a checkpoint.

    Raises:
        TrainingError: If the disk refuses, or the loss is not finite.
    """
    for epoch in range(first, task.epochs):
        started = time.perf_counter()
        row = {
            "epoch": epoch + 1,
            **task.before_epoch(epoch),
            **_train_epoch(model, task, epoch, report),
            **task.validate(epoch),
            "seconds": round(time.perf_counter() - started, 1),
        }
        # The row first: a kill between the two repeats the epoch, which replaces its row. The
        # other way round the row would be lost.
        append_history(run_dir / HISTORY, row)
        goes_on = task.after_epoch(row)
        save_checkpoint(model, run_dir / CHECKPOINT, epoch + 1)
        if not goes_on:
            return


def _train_epoch(
    model: keras.Model, task: Task, epoch: int, report: Reporter | None
) -> dict[str, float]:
    """The mean over the pictures of what each step reports."""
    totals: dict[str, float] = {}
    seen = 0
    for step, batch in enumerate(task.batches(epoch)):
        model.optimizer.learning_rate.assign(task.learning_rate_at(epoch + step / task.steps))
        # Each step reports itself only.
        model.reset_metrics()
        logs = model.train_on_batch(
            batch.pixels, batch.targets, sample_weight=batch.weights, return_dict=True
        )
        loss = float(logs["loss"])
        if not np.isfinite(loss):
            raise TrainingError(
                f"epoch {epoch + 1}, step {step + 1}: the loss is {loss}; lower the learning rate "
                "and start a new run, or continue from the last checkpoint with --resume"
            )
        seen += len(batch.pixels)
        for name, value in logs.items():
            totals[name] = totals.get(name, 0.0) + float(value) * len(batch.pixels)
        if report is not None:
            report(StepReport(epoch, task.epochs, step + 1, task.steps, loss))
    return {
        "accuracy" if name.endswith("accuracy") else name: total / seen
        for name, total in totals.items()
    }
