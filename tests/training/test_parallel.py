"""Data-parallel training with real processes on JAX, against one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer.errors import TrainingError
from fer.training.batches import Batch
from fer.training.parallel import Workers
from fer.training.run_folder import CHECKPOINT
from tests.training.tiny import CONFIG, history_of, make_faces

ROOT = Path(__file__).resolve().parents[2]


def write_csv(path: Path) -> Path:
    dataset = make_faces(120)
    usage = np.array(["Training", "PublicTest", "PrivateTest"])[dataset.splits]
    lines = [
        f"{label},{' '.join(map(str, image.ravel()))},{split}"
        for label, image, split in zip(dataset.labels, dataset.images, usage, strict=True)
    ]
    path.write_text("\n".join(["emotion,pixels,Usage", *lines, ""]))
    return path


def fer_train(data: Path, recipe: Path, run: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fer", "train", "--data", str(data), "--config"]
    return subprocess.run(
        [*command, str(recipe), "--run-dir", str(run), *more],
        cwd=ROOT,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "FER_CACHE": str(run.parent / "cache"),
            # Two epochs' worth of steps do not repay what the compiler spends on making them fast.
            "XLA_FLAGS": "--xla_backend_optimization_level=0 "
            "--xla_llvm_disable_expensive_passes=true",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_two_workers_reach_the_loss_of_one(tmp_path: Path) -> None:
    data, recipe = write_csv(tmp_path / "fer2013.csv"), tmp_path / "recipe.json"
    recipe.write_text(json.dumps(replace(CONFIG, epochs=1, sizes=((1.0, 48),)).to_dict()))
    for name, more in (("one", ()), ("two", ("--workers", "2"))):
        done = fer_train(data, recipe, tmp_path / name, *more)
        assert done.returncode == 0, done.stderr
    one, two = history_of(tmp_path / "one"), history_of(tmp_path / "two")
    assert [row["epoch"] for row in two] == [1]
    for alone, shared in zip(one, two, strict=True):
        for figure in ("loss", "fer2013_loss", "accuracy"):
            assert shared[figure] == pytest.approx(alone[figure], rel=1e-3), figure
    # Weights and statistics too: a run may go on with another number of workers.
    with (
        np.load(tmp_path / "one" / CHECKPOINT) as alone,
        np.load(tmp_path / "two" / CHECKPOINT) as shared,
    ):
        assert set(alone.files) == set(shared.files)
        for name in alone.files:
            if alone[name].dtype == np.float32:
                np.testing.assert_allclose(shared[name], alone[name], atol=2e-3)


def test_every_picture_of_a_batch_goes_to_one_worker() -> None:
    pixels = np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1)
    columns = {"fer2013": pixels[:, 0, 0], "ferplus": pixels[:, 0, 0]}
    batch = Batch(pixels, columns, columns)
    parts = [Workers(index, 2, "127.0.0.1:1").share(batch) for index in range(2)]
    np.testing.assert_array_equal(np.concatenate([part.pixels for part in parts]), pixels)
    for part in parts:
        np.testing.assert_array_equal(part.targets["ferplus"], part.pixels[:, 0, 0])
        np.testing.assert_array_equal(part.weights["fer2013"], part.pixels[:, 0, 0])


def test_workers_that_cannot_train_say_why(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="got 2 of 2"):
        Workers(2, 2, "127.0.0.1:1")
    with pytest.raises(TrainingError, match="host:port"):
        Workers(0, 2, "somewhere")
    with pytest.raises(TrainingError, match="KERAS_BACKEND=jax"):
        Workers(0, 2, "127.0.0.1:1").build(lambda: None, 10)
