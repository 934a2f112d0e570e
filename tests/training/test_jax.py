"""The training code on the other backend, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from fer.training.network_pass import validate
from fer.training.run import open_run
from tests.made_data import write_fer2013
from tests.training.tiny import CONFIG, history_of, make_faces

ROOT = Path(__file__).resolve().parents[2]


def test_a_run_on_jax_is_opened_and_published_on_tensorflow(tmp_path: Path) -> None:
    dataset = make_faces(120)
    data = write_fer2013(tmp_path / "fer2013.csv", dataset)
    recipe, run = tmp_path / "recipe.json", tmp_path / "run"
    recipe.write_text(json.dumps(asdict(replace(CONFIG, epochs=1, sizes=((1.0, 48),)))))
    command = ("-m", "fer", "train", "--data", data, "--config", recipe, "--run-dir", run)
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "FER_CACHE": str(tmp_path / "cache"),
            # One epoch's worth of steps does not repay what the compiler spends on speed.
            "XLA_FLAGS": "--xla_backend_optimization_level=0 "
            "--xla_llvm_disable_expensive_passes=true",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (row,) = history_of(run)
    model, _, epochs = open_run(run)
    assert epochs == 1 and 0 < row["loss"] < 10
    measured = validate(model, dataset.split("PublicTest"), 48)
    assert measured["val_accuracy"] == pytest.approx(row["val_accuracy"], abs=0.04)
