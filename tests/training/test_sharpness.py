"""Sharpness-aware steps: how far the climb goes, where to, and that it is undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer.training.batches import epoch_batches
from fer.training.config import Cycle
from fer.training.run import compile_model, train
from fer.training.sharpness import Climber
from fer.training.targets import make_targets
from tests.training.tiny import CONFIG, history_of, make_faces


def test_the_climb_raises_the_loss_at_its_radius_and_is_undone() -> None:
    dataset = make_faces()
    targets = make_targets(dataset, label_smoothing=0.05, vote_smoothing=0.0)
    # Without dropout, so that two looks at one batch differ by the weights alone.
    model = compile_model(replace(CONFIG, dropout=0.0))
    batch = next(iter(epoch_batches(dataset.images, targets, 1, CONFIG)))

    def loss() -> float:
        return float(
            model.test_on_batch(
                batch.pixels, batch.targets, sample_weight=batch.weights, return_dict=True
            )["loss"]
        )

    climber = Climber(model, 0.2, CONFIG.ferplus_weight)
    before = [np.array(v) for v in model.trainable_variables]
    statistics = [np.array(v) for v in model.non_trainable_variables]
    climber.climb(batch)
    moved = [np.array(v) for v in model.trainable_variables]
    distance = np.sqrt(
        sum(float(np.square(b - a).sum()) for a, b in zip(before, moved, strict=True))
    )
    assert distance == pytest.approx(0.2, rel=1e-3)
    # The climb is a pass in training mode: put its statistics back to compare the weights.
    for variable, value in zip(model.non_trainable_variables, statistics, strict=True):
        variable.assign(value)
    model.reset_metrics()
    above = loss()
    climber.return_back()
    for variable, value in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_allclose(np.array(variable), value, atol=1e-6)
    model.reset_metrics()
    assert above > loss()


def test_a_sharpness_aware_cycle_lowers_the_loss(tmp_path: Path) -> None:
    cycle = Cycle(1, learning_rate=0.02, sharpness=0.05)
    config = replace(CONFIG, epochs=1, sizes=((1.0, 48),), restarts=(cycle,))
    train(config, make_faces(), tmp_path / "run")
    first, second = history_of(tmp_path / "run")
    assert second["loss"] < first["loss"]
