"""Training of a literature network: by its own recipe, resumable in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.architectures.transfer import PREFIX, set_trainable
from fer.datasets.base import FaceDataset
from fer.datasets.protocol import fingerprint, training_rows
from fer.datasets.resplit import OFFICIAL, resplit
from fer.errors import TrainingError
from fer.evaluation.cross import label_indices
from fer.evaluation.metrics import accuracy, macro_f1
from fer.files import write_faults
from fer.labels import FER2013, FERPLUS
from fer.literature.inputs import (
    FileSource,
    PictureSource,
    epoch_batches,
    model_input,
)
from fer.literature.network import BEST, build_network, probabilities
from fer.literature.recipes import Recipe
from fer.literature.schedule import FINE_TUNING_RATE, stand
from fer.training.batches import Batch
from fer.training.run_data import start_run
from fer.training.run_folder import (
    CHECKPOINT,
    finished_epochs,
    load_checkpoint,
    read_history,
    save_checkpoint,
    write_bytes,
)
from fer.training.trainer import Reporter, train_epochs

if TYPE_CHECKING:
    import keras

MODEL_JSON, MODEL_WEIGHTS = "model.json", "model.weights.h5"

EIGHT_CLASSES = frozenset({"cnn5-224"})
"""Networks with contempt; the others have the seven classes of FER-2013."""

COLOUR_SIDES = {"cnn5-224": 224}
"""Side in pixels of the networks that take colour; read from the data set's files if it has any."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a run learns from and is validated on.

    Attributes:
        validation: Pictures that choose the epoch.
        rows: The ``fer.datasets.protocol.fingerprint`` of the whole data set.
    """

    training: PictureSource
    labels: npt.NDArray[np.intp]
    validation: PictureSource
    validation_labels: npt.NDArray[np.intp]
    classes: int
    rows: Mapping[str, Any]


def training_data(dataset: FaceDataset, recipe: Recipe) -> TrainingData:
    """The rows of a recipe's split.

    Under the official protocol, copies of test pictures and rows that are no face are left out of
    training; under a source's own split everything stays, as it did there. Rows of a class that
    the network lacks are left out.

    Raises:
        TrainingError: If training or validation has no row.
        DatasetError: If the data cannot be split so.
    """
    chosen = resplit(dataset, recipe.split)
    mask = training_rows(chosen) if recipe.split == OFFICIAL else chosen.split_mask("Training")
    names = FERPLUS if recipe.architecture in EIGHT_CLASSES else FER2013
    labels = label_indices(chosen, names)
    known = labels >= 0
    validated = chosen.split_mask("PublicTest") & known
    mask &= known
    training, validation = chosen.select(mask), chosen.select(validated)
    if not len(training) or not len(validation):
        raise TrainingError(
            f"{dataset.source or 'data set'}: expected rows in Training and PublicTest, got "
            f"{len(training)} and {len(validation)}; add the missing split"
        )
    return TrainingData(
        _source(training, recipe),
        labels[mask],
        _source(validation, recipe),
        labels[validated],
        len(names),
        fingerprint(dataset),
    )


def _source(rows: FaceDataset, recipe: Recipe) -> PictureSource:
    """The pictures themselves where a network takes colour and they are files, else the faces."""
    side = COLOUR_SIDES.get(recipe.architecture)
    if side is None or rows.files is None:
        return rows.images
    return FileSource(rows.files, side)


def _enter_phase(model: keras.Model, recipe: Recipe, phase: int) -> None:
    """Freeze what the phase does not train, and start Adam anew."""
    import keras

    if recipe.architecture.startswith(PREFIX):
        first = 0.0 if recipe.frozen else 1.0
        set_trainable(model, first if phase == 0 else recipe.fine_tuning_share)
    rate = recipe.learning_rate * (FINE_TUNING_RATE if phase else 1.0)
    model.compile(
        keras.optimizers.Adam(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    model.optimizer.build(model.trainable_variables)


def validation_row(
    model: keras.Model, source: PictureSource, labels: npt.NDArray[np.intp], classes: int
) -> dict[str, float]:
    """Cross-entropy (nats), accuracy and macro-F1 on pictures with known labels."""
    shares = probabilities(model, source)
    right = np.clip(shares[np.arange(len(labels)), labels], 1e-7, 1.0)
    predicted = shares.argmax(axis=1)
    return {
        "val_loss": float(-np.log(right).mean()),
        "val_accuracy": accuracy(labels, predicted),
        "val_macro_f1": macro_f1(labels, predicted, classes),
    }


@dataclass(slots=True, eq=False)
class _System:
    """A network with one softmax under its source's recipe; a ``Task``.

    Nothing is remembered between epochs but the validation losses, so that a run can resume.
    """

    model: keras.Model
    recipe: Recipe
    data: TrainingData
    run_dir: Path
    losses: list[float]
    phase: int

    @property
    def epochs(self) -> int:
        return self.recipe.total_epochs

    @property
    def steps(self) -> int:
        return self.recipe.steps(len(self.data.training))

    def before_epoch(self, epoch: int) -> dict[str, float]:
        moment = stand(self.recipe, self.losses)
        if moment.phase != self.phase:
            self.phase = moment.phase
            _enter_phase(self.model, self.recipe, moment.phase)
        return {"phase": moment.phase + 1, "learning_rate": moment.learning_rate}

    def batches(self, epoch: int) -> Iterator[Batch]:
        data = self.data
        return epoch_batches(
            data.training, data.labels, self.recipe, epoch, model_input(self.model)
        )

    def learning_rate_at(self, moment: float) -> float:
        return stand(self.recipe, self.losses).learning_rate

    def validate(self, epoch: int) -> dict[str, float]:
        data = self.data
        return validation_row(self.model, data.validation, data.validation_labels, data.classes)

    def after_epoch(self, row: Mapping[str, float]) -> bool:
        self.losses.append(row["val_loss"])
        moment = stand(self.recipe, self.losses)
        if moment.best_epoch == row["epoch"]:
            save_checkpoint(self.model, self.run_dir / BEST, moment.best_epoch)
        return moment.phase < self.recipe.phases


def train(
    recipe: Recipe,
    data: TrainingData,
    run_dir: Path,
    *,
    resume: bool = False,
    report: Reporter | None = None,
) -> keras.Model:
    """Train under a recipe, and return the network with the weights that this ends with.

    It has ``config.json``, ``checkpoint.npz``, ``history.csv``, and ``best.npz`` with the weights
    of the lowest validation loss; once finished also the network as tutorials save it,
    ``model.json`` and ``model.weights.h5``, which ``keras.models.model_from_json`` and
    ``load_weights`` read.

    Raises:
        TrainingError: If the folder holds another run or one of other rows, a file cannot be used,
            the disk refuses, or the loss is not finite.
        InputError: If the disk refuses the weights of the finished network.
    """
    start_run(run_dir, recipe, data.rows, resume=resume)
    model = build_network(recipe)
    done = finished_epochs(run_dir)
    losses = [float(row["val_loss"]) for row in read_history(run_dir, before=done + 1)]
    # The optimizer of a finished epoch is that of the phase it ran in, not of the next one.
    phase = stand(recipe, losses[:-1]).phase
    _enter_phase(model, recipe, phase)
    if done:
        load_checkpoint(model, run_dir / CHECKPOINT)
    if stand(recipe, losses).phase < recipe.phases:
        task = _System(model, recipe, data, run_dir, losses, phase)
        train_epochs(model, task, run_dir, first=done, report=report)
    if recipe.restore_best:
        load_checkpoint(model, run_dir / BEST, optimizer=False)
    write_bytes(run_dir / MODEL_JSON, (model.to_json(indent=2) + "\n").encode())
    with write_faults(run_dir):
        model.save_weights(run_dir / MODEL_WEIGHTS)
    return model
