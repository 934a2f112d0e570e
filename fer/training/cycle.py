"""One cosine cycle of a training run, and the augmentation of its pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
        smallest: Fewest pixels that a down-sampling leaves, as a fraction of the side.
        blur: Largest standard deviation of a blur, in pixels of the picture that is trained on.
        jpeg: Probability of a JPEG of quality 10 to 60.
        mixup: Probability that another picture of the batch is laid over it, fainter
            (``fer.training.mixing``).
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

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AugmentationConfig:
        """The ranges that ``dataclasses.asdict`` gave, also after a detour through JSON."""
        ranges = dict(values)
        if "scale" in ranges:
            low, high = ranges["scale"]
            ranges["scale"] = (float(low), float(high))
        return cls(**ranges)


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
        views: Number of augmented versions of every picture that ``teachers`` answer, with their
            mirror images. Epochs repeat them, so that most find the answers kept in the run's
            folder (Shen & Xing 2022, arXiv 2112.01528); 0 shows new ones in every epoch.
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
    views: int = 0

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

    @property
    def closing_epoch(self) -> int:
        """The first epoch, counted from 0, of the last step of ``sizes``."""
        return round(sum(share for share, _ in self.sizes[:-1]) * self.epochs)

    def closing_at(self, epoch: int) -> bool:
        """Whether an epoch counted from 0 is in the last step of ``sizes``."""
        return epoch >= self.closing_epoch

    def view_at(self, epoch: int) -> int:
        """The epoch whose pictures are shown in an epoch, both counted from 0."""
        closing = self.closing_at(epoch)
        if not self.views or self.taught_once or (closing and self.closing_labels):
            return epoch
        first = self.closing_epoch if closing else 0
        return first + (epoch - first) % self.views

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
        return cls(**nested_fields(values))


def nested_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a cycle and a recipe share, back from JSON."""
    fields = dict(values)
    if "sizes" in fields:
        fields["sizes"] = tuple((float(a), int(b)) for a, b in fields["sizes"])
    fields["teachers"] = tuple(str(one) for one in fields.get("teachers", ()))
    for name in ("augmentation", "closing_augmentation"):
        if fields.get(name) is not None:
            fields[name] = AugmentationConfig.from_dict(fields[name])
    return fields
