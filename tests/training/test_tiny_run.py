"""A tiny run: train, kill, resume, and refuse what cannot be used."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer.errors import TrainingError
from fer.labels import FER2013
from fer.training.run import compile_model, train
from fer.training.run_folder import load_checkpoint, save_checkpoint
from fer.training.trainer import StepReport
from tests.training.tiny import CONFIG, Runs, assert_same_curve, history_of


def test_training_learns_and_reports_every_step(runs: Runs) -> None:
    first, second = history_of(runs.straight)
    assert second["loss"] < first["loss"]
    assert second["accuracy"] > 0.4  # chance is 0.14
    assert [first["size"], second["size"]] == [32, 48]
    # 140 Training rows, one of them a copy of a PrivateTest picture: 13 whole batches of 10.
    assert [(s.epoch, s.step) for s in runs.steps] == [
        (epoch, step) for epoch in range(2) for step in range(1, 14)
    ]
    assert {step.steps for step in runs.steps} == {13}
    # An epoch's row is the mean of its steps.
    for row, epoch in ((first, 0), (second, 1)):
        mean = np.mean([step.loss for step in runs.steps if step.epoch == epoch])
        assert row["loss"] == pytest.approx(mean, rel=1e-6)


def test_a_killed_and_resumed_run_has_the_curve_of_an_unbroken_one(runs: Runs) -> None:
    assert_same_curve(runs.straight, runs.resumed, epochs=2)


def test_a_finished_run_resumes_to_nothing(runs: Runs, tmp_path: Path) -> None:
    folder = shutil.copytree(runs.straight, tmp_path / "run")
    steps: list[StepReport] = []
    train(CONFIG, runs.dataset, folder, resume=True, report=steps.append)
    assert steps == []
    assert history_of(folder) == history_of(runs.straight)


def test_what_cannot_be_trained_on_is_refused_before_a_folder_is_made(
    runs: Runs, tmp_path: Path
) -> None:
    other = replace(runs.dataset, label_names=tuple(reversed(FER2013)))
    with pytest.raises(TrainingError, match="expected the classes angry"):
        train(CONFIG, other, tmp_path / "run")
    unvalidated = runs.dataset.select(~runs.dataset.split_mask("PublicTest"))
    with pytest.raises(TrainingError, match="139 usable ones and 0"):
        train(CONFIG, unvalidated, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(TrainingError, match=r"cnn4-4\.5m"):
        train(replace(CONFIG, architecture="cnn4-4.5m"), runs.dataset, tmp_path / "run")


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "other network"])
def test_a_damaged_checkpoint_is_refused_in_one_line(
    runs: Runs, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "checkpoint.npz"
    whole = (runs.straight / "checkpoint.npz").read_bytes()
    contents = {"truncated": whole[: len(whole) // 2], "empty": b"", "text": b"hello"}
    if damage in contents:
        path.write_bytes(contents[damage])
    else:
        with np.load(runs.straight / "checkpoint.npz") as stored:
            np.savez(path, **{k: stored[k] for k in stored.files if k != "v3"})
    with pytest.raises(TrainingError, match="expected a checkpoint of this architecture") as caught:
        load_checkpoint(compile_model(CONFIG), path)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(b"old")

    def full_disk(*_paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(TrainingError, match="No space left on device"):
        save_checkpoint(compile_model(CONFIG), path, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.npz"]
    assert path.read_bytes() == b"old"


def test_a_diverged_loss_stops_the_run(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"epoch 1, step \d+: the loss is (nan|inf)"):
        train(
            replace(CONFIG, learning_rate=1e30, warmup_epochs=0.0), runs.dataset, tmp_path / "run"
        )
