"""``fer benchmark``: every step is timed, on a picture with a face and on a scene without one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from typer.testing import CliRunner

from fer.cli.main import app
from fer.recognition.timing import clutter, time_stage


def test_a_stage_is_called_as_often_as_said_and_after_a_warm_up() -> None:
    calls: list[int] = []
    stage = time_stage("count", lambda: calls.append(1), 5)
    assert (stage.stage, stage.repeats, len(calls)) == ("count", 5, 8)
    assert 0 <= stage.median_ms <= stage.p90_ms


def test_the_generated_scene_is_the_same_each_time_and_not_flat() -> None:
    scene = clutter()
    assert scene.shape == (480, 640, 3)
    assert np.array_equal(scene, clutter())
    assert scene.std() > 20


@pytest.mark.parametrize("face", [False, True])
def test_the_command_times_every_step(tmp_path: Path, face: bool) -> None:
    arguments = ["benchmark", "--repeats", "1", "--json"]
    if face:
        Image.fromarray(astronaut()).save(tmp_path / "astronaut.png")
        arguments.append(str(tmp_path / "astronaut.png"))
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["width"], report["height"]) == ((512, 512) if face else (640, 480))
    times = {stage["stage"]: stage["median_ms"] for stage in report["stages"]}
    assert list(times)[-2:] == ["a picture, all of it", "a frame of a stream"]
    assert all(value > 0 for value in times.values())
    assert "read a face" in times
