"""Early stopping and the plateau rule as functions of the history, so that a run can resume.

Nothing is remembered between epochs but the table of the run: after a kill, its rows give the same
state again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from fer.literature.recipes import Recipe

PLATEAU_DELTA = 1e-4
"""What the plateau rule counts as lower; Keras's default."""

FINE_TUNING_RATE = 0.1
"""Learning rate of the second phase as a share of the first one's."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run stands between two epochs.

    Attributes:
        phase: 0, or 1 while fine-tuning; equals the number of phases when the run is over.
        learning_rate: Of the next epoch.
        best_epoch: The epoch, counted from 1, with the lowest validation loss; 0 before any.
        best_loss: That loss.
    """

    phase: int
    learning_rate: float
    best_epoch: int
    best_loss: float


def stand(recipe: Recipe, losses: Iterable[float]) -> Moment:
    """Where a run stands after epochs with these validation losses.

    Follows Keras's ``EarlyStopping`` (smallest change 0) and ``ReduceLROnPlateau`` (smallest
    change 1e-4, no cooldown), each begun anew in every phase.
    """
    phase, done = 0, 0
    rate = recipe.learning_rate
    best_epoch, best = 0, math.inf
    lowest, plateau_lowest, waited, plateau_waited = math.inf, math.inf, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best:
            best_epoch, best = epoch, loss
        done += 1
        waited = 0 if loss < lowest else waited + 1
        lowest = min(lowest, loss)
        if loss < plateau_lowest - PLATEAU_DELTA:
            plateau_lowest, plateau_waited = loss, 0
        else:
            plateau_waited += 1
            if recipe.plateau_patience and plateau_waited >= recipe.plateau_patience:
                rate = max(rate * recipe.plateau_factor, recipe.lowest_rate)
                plateau_waited = 0
        most = recipe.epochs if phase == 0 else recipe.fine_tuning_epochs
        if done >= most or (recipe.patience and waited >= recipe.patience):
            phase, done = phase + 1, 0
            rate = recipe.learning_rate * FINE_TUNING_RATE
            lowest, plateau_lowest, waited, plateau_waited = math.inf, math.inf, 0, 0
            if phase == recipe.phases:
                break
    return Moment(phase, rate, best_epoch, best)
