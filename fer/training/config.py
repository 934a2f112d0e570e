"""Everything that defines a training run, as one frozen record that is stored with the model."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fer.errors import TrainingError
from fer.model_store import KERAS_FILE


@dataclass(frozen=True, slots=True)
class AugmentationConfig:
    """Ranges of the random changes that one training image goes through.

    Attributes:
        rotation_degrees: Rotation is uniform in plus or minus this angle.
        scale: Lower and upper zoom factor.
        shift: Largest shift as a fraction of the side.
        flip: Probability of a horizontal flip.
        gamma: Gamma is drawn log-uniformly from 1/(1+gamma) to 1+gamma.
        low_resolution: Probability of a blur or a down-and-up-sampling, as webcams have.
        erase: Probability of erasing one rectangle.
        erase_area: Largest area of that rectangle, as a fraction of the image.
    """

    rotation_degrees: float = 13.0
    scale: tuple[float, float] = (0.87, 1.2)
    shift: float = 0.08
    flip: float = 0.5
    gamma: float = 0.25
    low_resolution: float = 0.2
    erase: float = 0.4
    erase_area: float = 0.18

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AugmentationConfig:
        """The ranges that ``dataclasses.asdict`` gave, also after a detour through JSON."""
        ranges = dict(values)
        if "scale" in ranges:
            low, high = ranges["scale"]
            ranges["scale"] = (float(low), float(high))
        return cls(**ranges)


@contextlib.contextmanager
def recipe_faults(kind: str) -> Iterator[None]:
    """What goes wrong in a block that makes a recipe of plain values, as one line.

    Args:
        kind: Class of the recipe.

    Raises:
        TrainingError: Instead of ``TypeError`` and ``ValueError``.
    """
    try:
        yield
    except (TypeError, ValueError) as fault:
        raise TrainingError(
            f"recipe: expected the fields of {kind}, got: {fault}; use a config.json that this "
            "version of fer wrote"
        ) from fault


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cosine cycle: the learning rate from its peak to zero, over growing images.

    Attributes:
        epochs: Passes over the training rows.
        learning_rate: Peak rate of SGD with Nesterov momentum.
        warmup_epochs: Linear warm-up from zero.
        sizes: ``(share of the epochs, side in pixels)`` steps of progressive resizing: small
            images first, full size last (Tan & Le 2021, arXiv 2104.00298). The network ends in
            global average pooling, so that it accepts any size.
        augmentation: Ranges of the augmentation.
        closing_augmentation: Ranges during the last step of ``sizes``; None keeps the others. A
            short schedule ends better on pictures that are closer to the real ones.
        teacher_weight: Share of the targets that is replaced by a teacher's answers. Without
            ``teachers`` that is what the network itself answered for the plain picture and its
            mirror image before this cycle: a born-again network (Furlanello et al. 2018, arXiv
            1805.04770) that keeps its weights.
        teachers: Folders of finished runs, or ``.keras`` files, whose mean answer to the same
            augmented picture is the teacher's (Beyer et al. 2022, arXiv 2106.05237: consistent
            teaching).
        answer_once: Whether ``teachers`` answer the plain pictures and their mirror images once,
            before the cycle, instead of every augmented picture: that costs nothing a step.
        closing_labels: Whether the last step of ``sizes`` learns from the labels as they are,
            without a teacher's share or FER+ votes in the FER-2013 target. The votes alone tell
            two thirds of those labels, so that what softens the target also caps the accuracy.
        sharpness: Radius of sharpness-aware steps (``fer.training.sharpness``); 0 takes plain
            ones. A short cycle of them at the end of a long training is enough (Zhou et al. 2025,
            arXiv 2410.10373).
    """

    epochs: int
    learning_rate: float
    warmup_epochs: float = 1.0
    sizes: tuple[tuple[float, int], ...] = ((1.0, 48),)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    closing_augmentation: AugmentationConfig | None = None
    teacher_weight: float = 0.0
    sharpness: float = 0.0
    teachers: tuple[str, ...] = ()
    answer_once: bool = False
    closing_labels: bool = False

    @property
    def taught_once(self) -> bool:
        """Whether a teacher's answers are the same in every epoch of the cycle."""
        return self.teacher_weight > 0 and (self.answer_once or not self.teachers)

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

    def closing_at(self, epoch: int) -> bool:
        """Whether an epoch counted from 0 is in the last step of ``sizes``."""
        return epoch >= round((sum(share for share, _ in self.sizes[:-1])) * self.epochs)

    def augmentation_at(self, epoch: int) -> AugmentationConfig:
        """Ranges of the augmentation for an epoch counted from 0."""
        if self.closing_at(epoch) and self.closing_augmentation is not None:
            return self.closing_augmentation
        return self.augmentation

    def learning_rate_at(self, epoch: float) -> float:
        """Linear warm-up, then cosine to zero (Loshchilov & Hutter 2017, arXiv 1608.03983)."""
        if epoch < self.warmup_epochs:
            return self.learning_rate * max(epoch, 0.01) / self.warmup_epochs
        span = max(self.epochs - self.warmup_epochs, 1e-9)
        progress = min((epoch - self.warmup_epochs) / span, 1.0)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Cycle:
        """The cycle that ``dataclasses.asdict`` gave, also after a detour through JSON."""
        return cls(**_nested(values))


def network_name(path: Path) -> str:
    """Name of a run, or of the model whose folder a ``model.keras`` lies in."""
    return path.parent.name if path.name == KERAS_FILE else path.name


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a cycle and a recipe share, back from JSON."""
    fields = dict(values)
    if "sizes" in fields:
        fields["sizes"] = tuple((float(a), int(b)) for a, b in fields["sizes"])
    fields["teachers"] = tuple(str(one) for one in fields.get("teachers", ()))
    for name in ("augmentation", "closing_augmentation"):
        if fields.get(name) is not None:
            fields[name] = AugmentationConfig.from_dict(fields[name])
    return fields


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """A training recipe.

    Attributes:
        architecture: Name in ``fer.architectures``.
        epochs: Passes over the training rows in the first cycle.
        batch_size: Images a step.
        learning_rate: As in ``Cycle``, of the first one.
        warmup_epochs: As in ``Cycle``, of the first one.
        momentum: Nesterov momentum.
        weight_decay: L2 strength on kernels, as in SGD with coupled decay.
        sizes: As in ``Cycle``, of the first one.
        label_smoothing: Uniform smoothing of the FER-2013 target.
        vote_smoothing: Share of the FER-2013 target that is replaced by P(label | FER+ votes),
            estimated on the training rows; 0 without votes.
        ferplus_weight: Weight of the FER+ loss; the FER-2013 loss has weight 1.
        dropout: Rate before the heads.
        ema: Decay of the exponential moving average of the weights per step; 0 turns it off.
        seed: Seed of the order, the augmentation and the initial weights.
        augmentation: As in ``Cycle``, of the first one.
        closing_augmentation: As in ``Cycle``, of the first one.
        teacher_weight: As in ``Cycle``, of the first one, which has nothing to learn from without
            ``teachers`` or a ``start``.
        teachers: As in ``Cycle``, of the first one.
        answer_once: As in ``Cycle``, of the first one.
        closing_labels: As in ``Cycle``, of the first one.
        start: Folder of a finished run, or a ``.keras`` file, whose weights the network begins
            with, widened where it is narrower (``fer.training.growing``); for ``dlib27`` also
            dlib's ``.dat`` file (``fer.training.dlib_start``); empty for random ones.
        precision: Keras's dtype policy while it learns; "mixed_bfloat16" helps only where the
            processor has bfloat16 instructions, elsewhere it is many times slower.
        restarts: Further cycles, each from the weights that the one before ended with (warm
            restarts: Loshchilov & Hutter 2017, arXiv 1608.03983).
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
    answer_once: bool = False
    closing_labels: bool = False
    start: str = ""
    precision: str = "float32"
    restarts: tuple[Cycle, ...] = ()

    def __post_init__(self) -> None:
        if self.teacher_weight and not (self.teachers or self.start):
            raise TrainingError(
                f"teacher_weight: expected teachers or a start beside it in the first cycle, got "
                f"none for a share of {self.teacher_weight:g}; an untrained network cannot teach "
                "itself"
            )

    def portable(self) -> TrainingConfig:
        """The recipe with other networks' names in place of their paths, for what is published."""

        def names(paths: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(network_name(Path(one)) for one in paths)

        restarts = tuple(replace(one, teachers=names(one.teachers)) for one in self.restarts)
        start = network_name(Path(self.start)) if self.start else ""
        return replace(self, teachers=names(self.teachers), start=start, restarts=restarts)

    @property
    def total_epochs(self) -> int:
        """Epochs of all cycles together."""
        return self.epochs + sum(cycle.epochs for cycle in self.restarts)

    def cycle_at(self, epoch: float) -> tuple[Cycle, int]:
        """The cycle of an epoch counted from 0, and the epoch at which it began."""
        cycle, first = (
            Cycle(
                self.epochs,
                self.learning_rate,
                self.warmup_epochs,
                self.sizes,
                self.augmentation,
                self.closing_augmentation,
                self.teacher_weight,
                teachers=self.teachers,
                answer_once=self.answer_once,
                closing_labels=self.closing_labels,
            ),
            0,
        )
        for restart in self.restarts:
            if epoch < first + cycle.epochs:
                break
            cycle, first = restart, first + cycle.epochs
        return cycle, first

    def size_at(self, epoch: int) -> int:
        """Image side in pixels for an epoch counted from 0."""
        cycle, first = self.cycle_at(epoch)
        return cycle.size_at(epoch - first)

    def augmentation_at(self, epoch: int) -> AugmentationConfig:
        """Ranges of the augmentation for an epoch counted from 0."""
        cycle, first = self.cycle_at(epoch)
        return cycle.augmentation_at(epoch - first)

    def learning_rate_at(self, epoch: float) -> float:
        """Learning rate at a moment counted in epochs from 0."""
        cycle, first = self.cycle_at(epoch)
        return cycle.learning_rate_at(epoch - first)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingConfig:
        """The recipe that ``to_dict`` wrote, also after a detour through JSON.

        Raises:
            TrainingError: If a field is unknown or has no place in a recipe.
        """
        with recipe_faults("TrainingConfig"):
            fields = _nested(values)
            fields["restarts"] = tuple(Cycle.from_dict(one) for one in fields.get("restarts", ()))
            return cls(**fields)
