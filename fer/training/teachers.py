"""Other networks as teachers: they answer the pictures that the student sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from fer.errors import TrainingError
from fer.training.batches import Batch
from fer.training.config import Cycle
from fer.training.parallel import Workers

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True, eq=False)
class Teachers:
    """Networks whose mean answer replaces a share of a batch's targets.

    Attributes:
        networks: Networks from pixels of any size to logits of both heads.
        share: Of the targets that the answer replaces.
    """

    networks: tuple[keras.Model, ...]
    share: float

    def teach(self, batch: Batch) -> Batch:
        """The batch with targets that are partly the teachers' probabilities for its pixels."""
        answers = {head: np.zeros_like(values) for head, values in batch.targets.items()}
        for network in self.networks:
            for head, logits in network.predict_on_batch(batch.pixels).items():
                answers[head] += softmax(logits, axis=1) / len(self.networks)
        targets = {
            head: (1 - self.share) * values + self.share * answers[head]
            for head, values in batch.targets.items()
        }
        return Batch(batch.pixels, targets, batch.weights)


def load_network(path: Path) -> keras.Model:
    """A network for inputs of any size, from the folder of a finished run or a ``.keras`` file.

    Raises:
        TrainingError: If there is none with the heads "fer2013" and "ferplus".
    """
    if path.is_dir():
        from fer.training.run import open_run  # which imports this module

        model, config, done = open_run(path)
        if done < config.total_epochs:
            raise TrainingError(
                f"{path}: expected a finished run, got {done} of "
                f"{config.total_epochs} epochs; finish it with --resume"
            )
        return model
    import keras

    import fer.architectures.layers  # noqa: F401 - registers the layers

    try:
        model = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as fault:
        raise TrainingError(
            f"{path}: expected the folder of a run or a .keras file, got: "
            f"{str(fault).splitlines()[0]}; check the path"
        ) from fault
    heads = model.output if isinstance(model.output, dict) else {}
    if set(heads) != {"fer2013", "ferplus"}:
        raise TrainingError(
            f"{path}: expected a network with the heads fer2013 and ferplus, got "
            f"{', '.join(sorted(heads)) or 'one output'}; choose a network of this project"
        )
    return model


def load_teachers(cycle: Cycle) -> tuple[keras.Model, ...]:
    """The networks that a cycle names as its teachers, for inputs of any size.

    Raises:
        TrainingError: If one cannot be loaded, or their share is none.
    """
    if not 0 < cycle.teacher_weight <= 1:
        raise TrainingError(
            f"teacher_weight: expected above 0 and at most 1 with teachers, got "
            f"{cycle.teacher_weight:g}; set the share of the targets that is theirs"
        )
    return tuple(load_network(Path(one)) for one in cycle.teachers)


def hire(cycle: Cycle, workers: Workers | None = None) -> Teachers | None:
    """Load the teachers that answer every picture of a cycle; None when it has none.

    Raises:
        TrainingError: If one cannot be loaded, their share is none, or several processes train.
    """
    if not cycle.teachers or cycle.taught_once:
        return None
    if workers is not None:
        raise TrainingError(
            f"teachers: expected one process, got {workers.count} workers; train without --workers "
            "or let them answer_once"
        )
    return Teachers(load_teachers(cycle), cycle.teacher_weight)
