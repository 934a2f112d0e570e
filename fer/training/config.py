"""Everything that defines a training run, as one frozen record that is stored with the model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fer.errors import TrainingError
from fer.models.store import KERAS_FILE
from fer.training.cycle import AugmentationConfig, Cycle, nested_fields

__all__ = [
    "AugmentationConfig",
    "Cycle",
    "TrainingConfig",
    "network_name",
    "recipe_faults",
]


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


def network_name(path: Path) -> str:
    """Name of a run, or of the model whose folder a ``model.keras`` lies in."""
    return path.parent.name if path.name == KERAS_FILE else path.name


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
        views: As in ``Cycle``, of the first one.
        start: Folder of a finished run, or a ``.keras`` file, whose weights the network begins
            with, widened where it is narrower (``fer.training.growing``); for ``dlib27`` also
            dlib's ``.dat`` file (``fer.training.dlib_start``); empty for random ones.
        left_out: A part of the training rows, and how many parts there are, whose labels the
            network does not see (``fer.training.parts``), so that it can teach others about
            these rows; it learns P(label | FER+ votes) there. None leaves none out.
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
    views: int = 0
    start: str = ""
    left_out: tuple[int, int] | None = None
    precision: str = "float32"
    restarts: tuple[Cycle, ...] = ()

    def __post_init__(self) -> None:
        if self.teacher_weight and not (self.teachers or self.start):
            raise TrainingError(
                f"teacher_weight: expected teachers or a start beside it in the first cycle, got "
                f"none for a share of {self.teacher_weight:g}; an untrained network cannot teach "
                "itself"
            )
        if self.left_out is not None and not 0 <= self.left_out[0] < self.left_out[1]:
            raise TrainingError(
                f"left_out: expected a part from 0 to one less than their number, got "
                f"{self.left_out[0]} of {self.left_out[1]}; the first of three is [0, 3]"
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
                views=self.views,
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

    def view_at(self, epoch: int) -> int:
        """The epoch whose pictures are shown in an epoch, both counted from 0."""
        cycle, first = self.cycle_at(epoch)
        return first + cycle.view_at(epoch - first)

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
            fields = nested_fields(values)
            if fields.get("left_out") is not None:
                part, parts = fields["left_out"]
                fields["left_out"] = (int(part), int(parts))
            fields["restarts"] = tuple(Cycle.from_dict(one) for one in fields.get("restarts", ()))
            return cls(**fields)
