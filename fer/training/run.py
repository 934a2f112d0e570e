"""Training of the networks that ship, under the protocol, resumable in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fer.architectures import ARCHITECTURES, TWO_HEADS, build
from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.protocol import fingerprint, training_rows
from fer.errors import TrainingError
from fer.labels import FER2013
from fer.training.batches import Batch, epoch_batches, mixed, steps_per_epoch
from fer.training.config import TrainingConfig
from fer.training.network_pass import dtype_policy, validate
from fer.training.run_data import start_run
from fer.training.run_folder import CHECKPOINT, CONFIG, load_checkpoint, read_recipe
from fer.training.starting import start
from fer.training.straightening import straightened
from fer.training.targets import Targets, make_targets
from fer.training.teachers import Teachers, load_teachers
from fer.training.trainer import Reporter, train_epochs

if TYPE_CHECKING:
    import keras


def compile_model(config: TrainingConfig) -> keras.Model:
    """Build and compile the network of a recipe for inputs of any size.

    Raises:
        TrainingError: If the architecture has one output instead of the two heads.
        InputError: If it or the precision is unknown.
    """
    import keras

    if config.architecture in ARCHITECTURES and config.architecture not in TWO_HEADS:
        raise TrainingError(
            f"architecture: expected one with heads on an embedding, got "
            f"{config.architecture!r}, which has one output; train one of "
            f"{', '.join(TWO_HEADS)}, or a system of the literature with fer literature train"
        )
    keras.utils.set_random_seed(config.seed)
    with dtype_policy(config.precision):
        model = build(
            config.architecture,
            dropout=config.dropout,
            input_size=None,
            classes=len(config.classes),
        )
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
    first, *others = model.output
    model.compile(
        optimizer,
        loss={
            head: keras.losses.CategoricalCrossentropy(from_logits=True) for head in model.output
        },
        loss_weights={first: 1.0, **dict.fromkeys(others, config.ferplus_weight)},
        weighted_metrics={first: [keras.metrics.CategoricalAccuracy(name="accuracy")]},
    )
    optimizer.build(model.trainable_variables)
    return model


def open_run(run_dir: Path) -> tuple[keras.Model, TrainingConfig, int]:
    """The network of a run as its last finished epoch left it, its recipe, and that epoch.

    Raises:
        TrainingError: If no epoch is finished, or the folder cannot be read.
    """
    config = read_recipe(run_dir / CONFIG, TrainingConfig)
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


@dataclass(frozen=True, slots=True, eq=False)
class _Faces:
    """A network with the heads "fer2013" and "ferplus" under the protocol; a ``Task``."""

    model: keras.Model
    config: TrainingConfig
    images: npt.NDArray[np.uint8]
    straightened: npt.NDArray[np.uint8] | None
    targets: Targets
    teachers: Teachers | None
    validation: FaceDataset

    @property
    def epochs(self) -> int:
        return self.config.epochs

    @property
    def steps(self) -> int:
        return steps_per_epoch(len(self.images), self.config.batch_size)

    def before_epoch(self, epoch: int) -> dict[str, float]:
        config = self.config
        return {"size": config.size_at(epoch), "learning_rate": config.learning_rate_at(epoch)}

    def batches(self, epoch: int) -> Iterator[Batch]:
        config, side = self.config, self.config.size_at(epoch)
        shown = side if self.teachers is None else IMAGE_SIZE
        batches = epoch_batches(
            self.images, self.targets, epoch, config, shown, straightened=self.straightened
        )
        if self.teachers is not None:
            rows = self.steps * min(config.batch_size, len(self.images))
            batches = self.teachers.teach(batches, config.view_at(epoch), rows, side)
        return mixed(batches, epoch, config)

    def learning_rate_at(self, moment: float) -> float:
        return self.config.learning_rate_at(moment)

    def validate(self, epoch: int) -> dict[str, float]:
        return validate(self.model, self.validation, self.config.size_at(epoch))

    def after_epoch(self, row: Mapping[str, float]) -> bool:
        return True


def usable_rows(dataset: FaceDataset, config: TrainingConfig) -> tuple[FaceDataset, FaceDataset]:
    """The rows that a run learns from and the rows that it is validated on.

    Raises:
        TrainingError: If the data has other classes than the recipe, or one of the two has no row.
        DatasetError: If it has no such split.
    """
    classes = config.classes or FER2013
    if dataset.label_names != classes:
        raise TrainingError(
            f"{dataset.source or 'data set'}: expected the classes {', '.join(classes)}, got "
            f"{', '.join(dataset.label_names)}; train on a data set with these, or with "
            "--class-names own for classes of your own"
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

    Returns:
        The model after the last epoch, with its optimizer (and EMA) still attached.

    Raises:
        TrainingError: If the folder holds another run or one of other rows, a checkpoint or a
            teacher cannot be used, the data has other classes or lacks a split, the disk refuses,
            or the loss is not finite.
    """
    chosen, validation = usable_rows(dataset, config)
    start_run(run_dir, config, fingerprint(dataset), resume=resume)
    model = compile_model(config)
    _make_metrics(model)
    first = 0
    if (run_dir / CHECKPOINT).exists():
        first = load_checkpoint(model, run_dir / CHECKPOINT)
    else:
        start(model, config, chosen.images)
    if first < config.epochs:
        targets = make_targets(
            chosen,
            label_smoothing=config.label_smoothing,
            vote_smoothing=config.vote_smoothing,
            own=bool(config.classes),
        )
        teachers = load_teachers(config, run_dir)
        cut = straightened(chosen.images) if config.straightened else None
        task = _Faces(model, config, chosen.images, cut, targets, teachers, validation)
        train_epochs(model, task, run_dir, first=first, report=report)
    return model
