"""Networks that learn from others, which are trained before them."""

from __future__ import annotations

import csv
import importlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer.architectures import TWO_HEADS
from fer.datasets.base import FaceDataset
from fer.errors import TrainingError
from fer.models.store import models_dir, read_card
from fer.training import lineage as lineages
from fer.training.config import AugmentationConfig, Cycle, TrainingConfig
from fer.training.dlib_start import FILE, PACKAGE, find_dlib
from fer.training.lineage import placed
from fer.training.origin import minutes_before, origin_text
from fer.training.recipes import LINEAGES, RECIPES
from fer.training.run import StepReport
from fer.training.run_folder import read_config, start_run
from fer.training.session import run_training
from tests.training.tiny import Killed

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

pytestmark = [
    # Keras 3.15 calls numpy.array on TensorFlow variables, whose __array__ has the old signature.
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
    ),
]

FIRST = TrainingConfig(
    architecture="tiny",
    epochs=2,
    batch_size=16,
    warmup_epochs=0.5,
    sizes=((1.0, 32),),
    augmentation=AugmentationConfig(flip=0, erase=0),
)
SECOND = replace(FIRST, start="first", restarts=(Cycle(1, 0.05, sizes=((1.0, 32),)),))
LAST = replace(FIRST, start="second", teachers=("first", "second"), teacher_weight=0.5, views=1)


@pytest.fixture(scope="module")
def faces() -> FaceDataset:
    rng = np.random.default_rng(0)
    labels = (np.arange(80) % 7).astype(np.int8)
    images = rng.integers(0, 256, (80, 48, 48)).astype(np.uint8)
    return FaceDataset(images, labels, np.repeat(np.arange(3, dtype=np.int8), [48, 16, 16]))


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "tiny", LAST)
    monkeypatch.setitem(LINEAGES, "tiny", {"first": FIRST, "second": SECOND})


def losses(folder: Path) -> list[str]:
    with (folder / "history.csv").open(newline="") as file:
        return [row["loss"] for row in csv.DictReader(file)]


def test_shipped_lineages_name_networks_that_come_before() -> None:
    for architecture, lineage in LINEAGES.items():
        known: set[str] = set()
        for name, recipe in [*lineage.items(), (architecture, RECIPES[architecture])]:
            assert recipe.architecture in TWO_HEADS
            cycles = (recipe, *recipe.restarts)
            teachers = {teacher for cycle in cycles for teacher in cycle.teachers}
            named = {recipe.start, *teachers} - {"", "dlib"}
            assert named <= known, name
            known.add(name)


def test_those_before_are_trained_first_and_only_once(
    recipes: None, faces: FaceDataset, tmp_path: Path
) -> None:
    steps: list[StepReport] = []

    def report(step: StepReport) -> None:
        steps.append(step)
        if step.network == "second" and step.epoch == 1:
            raise Killed

    straight, killed = tmp_path / "straight", tmp_path / "killed"
    run_training(faces, straight, architecture="tiny")
    with pytest.raises(Killed):
        run_training(faces, killed, architecture="tiny", report=report)
    assert list(dict.fromkeys(step.network for step in steps)) == ["first", "second"]

    again: list[StepReport] = []
    run_training(faces, killed, architecture="tiny", resume=True, report=again.append)
    assert list(dict.fromkeys(step.network for step in again)) == ["second", ""]
    for name, epochs in (("before/first", 2), ("before/second", 3), ("", 2)):
        assert len(losses(killed / name)) == epochs
        np.testing.assert_allclose(
            np.array(losses(killed / name), float), np.array(losses(straight / name), float), 1e-4
        )
    config = read_config(killed)
    assert config.start == str(killed / "before" / "second")
    assert config.teachers == tuple(str(killed / "before" / one) for one in ("first", "second"))
    assert config.portable().teachers == ("first", "second")

    done: list[StepReport] = []
    run_training(faces, killed, architecture="tiny", resume=True, report=done.append)
    assert not done


def test_options_hold_for_all_of_them(recipes: None, faces: FaceDataset, tmp_path: Path) -> None:
    run_training(faces, tmp_path, architecture="tiny", epochs=1, seed=3)
    for name in ("before/first", "before/second", ""):
        assert len(losses(tmp_path / name)) == 1
    assert read_config(tmp_path).seed == 3


def test_several_workers_are_refused(recipes: None) -> None:
    with pytest.raises(TrainingError, match=r"one process .*first, second.*leave --workers out"):
        lineages.check_single(LINEAGES["tiny"], object())
    lineages.check_single({}, object())
    lineages.check_single(LINEAGES["tiny"], None)


def test_dlibs_weights_are_found_in_their_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / PACKAGE).mkdir()
    # Its own code must not run.
    (tmp_path / PACKAGE / "__init__.py").write_text("raise ImportError('pkg_resources')\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    with pytest.raises(TrainingError, match="expected the package face-recognition-models"):
        find_dlib()
    weights = tmp_path / PACKAGE / FILE
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    assert find_dlib() == weights
    assert placed(replace(FIRST, start="dlib"), {}).start == str(weights)


def test_what_is_missing_is_said_before_anything_is_trained(
    faces: FaceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", LAST)
    monkeypatch.setitem(LINEAGES, "tiny", {"first": FIRST, "second": replace(FIRST, start="dlib")})
    monkeypatch.setattr(lineages, "find_dlib", find_nothing)
    with pytest.raises(TrainingError, match="no dlib"):
        run_training(faces, tmp_path / "run", architecture="tiny")
    assert not (tmp_path / "run").exists()


def find_nothing() -> Path:
    raise TrainingError("no dlib")


# What the card says of them.


def run_of(folder: Path, config: TrainingConfig, minutes: int) -> str:
    start_run(folder, config, resume=False)
    rows = "".join(f"{epoch},60\n" for epoch in range(minutes))
    (folder / "history.csv").write_text("epoch,seconds\n" + rows)
    return str(folder)


def test_minutes_of_all_networks_before_are_counted_once(tmp_path: Path) -> None:
    first = run_of(tmp_path / "first", replace(FIRST, start=str(tmp_path / "dlib.dat")), 5)
    second = run_of(tmp_path / "second", replace(FIRST, start=first), 7)
    third = run_of(tmp_path / "third", replace(FIRST, start=second, teachers=(first,)), 11)
    assert minutes_before(FIRST) == 0
    assert minutes_before(read_config(tmp_path / "second")) == 5
    assert minutes_before(read_config(tmp_path / "third")) == 12
    cycle = Cycle(1, 0.1, teachers=(second,))
    assert minutes_before(replace(FIRST, restarts=(cycle,))) == 12
    last = replace(FIRST, start=third, teachers=(first, second), teacher_weight=0.5)
    assert minutes_before(last) == 23
    assert minutes_before(last.portable()) == 0, "names are no folders"


def test_minutes_of_a_published_start_are_those_on_its_card() -> None:
    shipped = models_dir() / "xs"
    start = replace(FIRST, start=str(shipped / "model.keras"))
    assert minutes_before(start) == read_card(shipped).training_minutes > 0


def test_a_card_names_teachers_and_what_was_known_before() -> None:
    assert origin_text(FIRST) == ""
    grown = replace(FIRST, start="runs/xs", teachers=("runs/a", "models/xs/model.keras"))
    assert origin_text(grown) == "Its teachers, trained on the same rows: a, xs."
    recognition = replace(FIRST, architecture="dlib27", start="runs/d")
    assert "dlib's face recognition network" in origin_text(recognition)
    assert origin_text(replace(recognition, start="")) == ""
