"""One tiny run, trained once for all that look at it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.training.network_pass import resized
from fer.training.publish import publish
from fer.training.run import compile_model, train
from fer.training.run_folder import load_checkpoint
from fer.training.trainer import StepReport
from tests.training.tiny import CONFIG, Runs, history_of, make_faces


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The same recipe twice: in one go, and killed in its second epoch and resumed."""
    root = tmp_path_factory.mktemp("runs")
    dataset = make_faces()
    steps: list[StepReport] = []

    def report(step: StepReport) -> None:
        steps.append(step)
        if (step.epoch, step.step) == (1, 3):
            # A kill at this moment leaves the folder as it is.
            shutil.copytree(root / "straight", root / "resumed")

    train(CONFIG, dataset, root / "straight", report=report)
    assert len(history_of(root / "resumed")) == 1
    train(CONFIG, dataset, root / "resumed", resume=True)
    return Runs(dataset, root / "straight", root / "resumed", steps)


@pytest.fixture(scope="session")
def loaded(runs: Runs) -> tuple[Any, dict[str, np.ndarray]]:
    """The trained network, not to be changed, and its logits of the first 20 faces."""
    model = compile_model(CONFIG)
    load_checkpoint(model, runs.straight / "checkpoint.npz")
    return model, model.predict(resized(runs.dataset.images[:20], 48), verbose=0)


@pytest.fixture(scope="session")
def published(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("models")
    return publish(runs.straight, runs.dataset, models, "tiny", version="9")


@pytest.fixture(scope="session")
def trial(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published without a look at PrivateTest, on data without votes, over an older folder."""
    models = tmp_path_factory.mktemp("trials")
    (models / "trial").mkdir()
    (models / "trial" / "left over").touch()
    data = replace(runs.dataset, votes=None)
    run = tmp_path_factory.mktemp("runs") / "without votes"
    train(CONFIG, data, run)
    return publish(run, data, models, "trial", version="2", test=False)
