"""Everything that defines a training run, as one frozen record that is stored with the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from fer.errors import TrainingError
from fer.models.store import KERAS_FILE

Kind = TypeVar("Kind")
STRICT = ConfigDict(extra="forbid")

_FORMER = ("answer_once", "augmentations", "closing_labels", "left_out", "restarts")
"""Fields of recipes that earlier versions wrote; empty ones change nothing."""


def recipe_of(values: Mapping[str, Any], kind: type[Kind]) -> Kind:
    """A recipe, such as a ``TrainingConfig``, from what ``asdict`` and JSON made of it.

    Raises:
        TrainingError: If a field is unknown or has no place in a recipe.
    """
    known = {name: one for name, one in values.items() if one or name not in _FORMER}
    try:
        return TypeAdapter(kind).validate_python(known)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise TrainingError(
            f"recipe: expected the fields of {kind.__name__}, got a fault in {where!r} "
            f"({first['msg']}); use a config.json that this version of fer wrote"
        ) from fault


def network_name(path: Path) -> str:
    """Name of a run, or of the model whose folder a ``model.keras`` lies in."""
    return path.parent.name if path.name == KERAS_FILE else path.name


@dataclass(frozen=True, slots=True)
class AugmentationConfig:
    """Ranges of the random changes that one training image goes through.

    Attributes:
        rotation_degrees: Rotation is uniform in plus or minus this angle.
        scale: Lower and upper zoom factor.
        shift: Largest shift as a fraction of the side.
        gamma: Gamma is drawn log-uniformly from 1/(1+gamma) to 1+gamma.
        low_resolution: Probability of a blur or a down-and-up-sampling, as webcams have.
        erase_area: Largest area of that rectangle, as a fraction of the image.
        smallest: Fewest pixels that a down-sampling leaves, as a fraction of the side.
        blur: Largest standard deviation of a blur, in pixels of the picture that is trained on.
        jpeg: Probability of a JPEG of quality 10 to 60.
        mixup: Probability that another picture of the batch is laid over it, fainter
            (``fer.training.batches``).
    """

    rotation_degrees: float = 13.0
    scale: tuple[float, float] = (0.87, 1.2)
    shift: float = 0.08
    flip: float = 0.5
    gamma: float = 0.25
    low_resolution: float = 0.2
    erase: float = 0.4
    erase_area: float = 0.18
    smallest: float = 0.4
    blur: float = 1.3
    jpeg: float = 0.0
    mixup: float = 0.0

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """A training recipe: one cosine cycle of SGD over pictures that grow.

    Attributes:
        learning_rate: Peak rate of SGD with Nesterov momentum.
        weight_decay: L2 strength on kernels, as in SGD with coupled decay.
        sizes: ``(share of the epochs, side in pixels)`` steps of progressive resizing: small
            images first, full size last (Tan & Le 2021, arXiv 2104.00298). The network ends in
            global average pooling, so that it accepts any size.
        label_smoothing: Uniform smoothing of the FER-2013 target.
        vote_smoothing: Share of the FER-2013 target that is replaced by P(label | FER+ votes),
            estimated on the training rows; 0 without votes.
        ferplus_weight: Weight of the FER+ loss; the FER-2013 loss has weight 1.
        ema: Decay of the exponential moving average of the weights per step; 0 turns it off.
        closing_augmentation: Ranges during the last step of ``sizes``; None keeps the others. A
            short schedule ends better on pictures that are closer to the real ones.
        teacher_weight: Share of the targets that is replaced by the teachers' answers.
        teachers: Folders of finished runs, or ``.keras`` files, whose mean answer to the same
            augmented picture is part of the targets (Beyer et al. 2022, arXiv 2106.05237:
            consistent teaching).
        views: Number of augmented versions of every picture that ``teachers`` answer, with their
            mirror images. Epochs repeat them, so that most find the answers kept in the run's
            folder (Shen & Xing 2022, arXiv 2112.01528); 0 shows new ones in every epoch.
        start: Folder of a finished run, or a ``.keras`` file, whose weights the network begins
            with; for ``dlib27`` also "dlib", or the path of dlib's ``.dat`` file
            (``fer.training.dlib_start``); empty for random ones.
        precision: Keras's dtype policy while it learns; "mixed_bfloat16" helps only where the
            processor has bfloat16 instructions, elsewhere it is many times slower.
        straightened: Share of the pictures that are cut by the points of the face, as live ones
            are (``fer.training.straightening``); the others are as the data set has them.
        classes: Of one head of one's own; empty for the heads of FER-2013 and FER+.
    """

    architecture: str = "xs"
    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 0.1
    warmup_epochs: float = 2.0
    momentum: float = 0.9
    weight_decay: float = 5e-4
    sizes: tuple[tuple[float, int], ...] = ((1.0, 48),)
    label_smoothing: float = 0.05
    vote_smoothing: float = 0.3
    ferplus_weight: float = 0.5
    dropout: float = 0.3
    ema: float = 0.999
    seed: int = 0
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    closing_augmentation: AugmentationConfig | None = None
    teacher_weight: float = 0.0
    teachers: tuple[str, ...] = ()
    views: int = 0
    start: str = ""
    precision: str = "float32"
    straightened: float = 0.0
    classes: tuple[str, ...] = ()

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        if self.classes and self.teachers:
            raise TrainingError(
                f"teachers: expected none with classes of one's own, got {len(self.teachers)}; "
                "leave them out, they answer in the published label sets"
            )
        if not 0 <= self.teacher_weight <= 1 or bool(self.teacher_weight) != bool(self.teachers):
            raise TrainingError(
                f"teacher_weight: expected above 0 and at most 1 with teachers, and 0 without, got "
                f"{self.teacher_weight:g} with {len(self.teachers)}; set the share of the targets "
                "that is theirs"
            )

    def portable(self) -> TrainingConfig:
        """The recipe with other networks' names in place of their paths, for what is published."""
        teachers = tuple(network_name(Path(path)) for path in self.teachers)
        start = network_name(Path(self.start)) if self.start else ""
        return replace(self, teachers=teachers, start=start)

    def size_at(self, epoch: int) -> int:
        """Image side in pixels for an epoch counted from 0; the last one has the full size."""
        if epoch >= self.epochs - 1:
            return self.sizes[-1][1]
        done = 0.0
        for share, size in self.sizes:
            done += share
            if epoch < round(done * self.epochs):
                return size
        return self.sizes[-1][1]

    @property
    def closing_epoch(self) -> int:
        """The first epoch, counted from 0, of the last step of ``sizes``."""
        return round(sum(share for share, _ in self.sizes[:-1]) * self.epochs)

    def view_at(self, epoch: int) -> int:
        """The epoch whose pictures are shown in an epoch, both counted from 0."""
        if not self.views:
            return epoch
        first = self.closing_epoch if epoch >= self.closing_epoch else 0
        return first + (epoch - first) % self.views

    def augmentation_at(self, epoch: int) -> AugmentationConfig:
        """Ranges of the augmentation for an epoch counted from 0."""
        if epoch >= self.closing_epoch and self.closing_augmentation is not None:
            return self.closing_augmentation
        return self.augmentation

    def learning_rate_at(self, epoch: float) -> float:
        """Learning rate at a moment counted in epochs from 0.

        Linear warm-up, then cosine to zero (Loshchilov & Hutter 2017, arXiv 1608.03983).
        """
        if epoch < self.warmup_epochs:
            return self.learning_rate * max(epoch, 0.01) / self.warmup_epochs
        span = max(self.epochs - self.warmup_epochs, 1e-9)
        progress = min((epoch - self.warmup_epochs) / span, 1.0)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
