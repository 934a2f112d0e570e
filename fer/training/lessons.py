"""What a run learns from in each epoch: labels, votes, and the answers of teachers."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fer.datasets.base import FaceDataset
from fer.errors import TrainingError
from fer.training.config import Cycle, TrainingConfig
from fer.training.network_pass import teacher_answers
from fer.training.parallel import Workers
from fer.training.parts import in_part
from fer.training.targets import Targets, blend, make_targets
from fer.training.teachers import Teachers, hire, load_teachers, unseen_rows

if TYPE_CHECKING:
    import keras


@dataclass(slots=True, eq=False)
class Lessons:
    """The targets of a run's rows, epoch by epoch.

    Attributes:
        config: The recipe.
        chosen: The rows that the run learns from.
        run_dir: Folder of the run, which keeps teachers' answers.
        workers: The processes that train together, if any.
        softened: Targets with the recipe's share of FER+ votes.
        labels: Targets without it.
        aims: What the current cycle aims at.
        teachers: The networks that answer every picture of the current cycle.
    """

    config: TrainingConfig
    chosen: FaceDataset
    run_dir: Path
    workers: Workers | None
    softened: Targets = field(init=False)
    labels: Targets = field(init=False)
    aims: Targets = field(init=False)
    teachers: Teachers | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        hidden = in_part(self.chosen.images, self.config.left_out)
        self.softened, self.labels = (
            make_targets(
                self.chosen,
                label_smoothing=self.config.label_smoothing,
                vote_smoothing=share,
                hidden=hidden,
            )
            for share in (self.config.vote_smoothing, 0.0)
        )
        self.aims = self.softened

    def begin(
        self, cycle: Cycle, began: int, looking: AbstractContextManager[keras.Model], *, fresh: bool
    ) -> None:
        """Prepare a cycle, at its first epoch or where a resumed run goes on.

        Args:
            cycle: It.
            began: The epoch at which it began.
            looking: Gives the network as it stands.
            fresh: Whether the run stands at that epoch now.

        Raises:
            TrainingError: If a teacher cannot be loaded or does not answer for all pictures at
                once, or a resumed run lacks its answers.
        """
        self.teachers = hire(
            cycle,
            self.run_dir,
            self.chosen.images,
            self.workers,
            precision=self.config.precision,
        )
        self.aims = self.softened
        if not cycle.taught_once:
            return
        if unseen_rows(cycle, self.chosen.images):
            raise TrainingError(
                "answer_once: expected teachers that answer for all pictures, got runs that "
                "left out labels; leave answer_once out, so that they answer every view"
            )
        with looking as network:
            asked = load_teachers(cycle) if fresh and cycle.teachers else (network,)
            answers = teacher_answers(
                asked,
                self.chosen.images,
                self.run_dir,
                began,
                fresh=fresh,
                keep=self.workers is None or self.workers.first,
            )
        self.aims = blend(self.softened, answers, cycle.teacher_weight)

    def at(self, cycle: Cycle, epoch: int) -> tuple[Targets, Teachers | None]:
        """Targets and teachers of an epoch counted from the cycle's first."""
        if cycle.closing_labels and cycle.closing_at(epoch):
            return self.labels, None
        return self.aims, self.teachers
