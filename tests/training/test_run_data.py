"""A run goes on with the rows that it was started with, and replaces no model but its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer.datasets.export import export_folders
from fer.datasets.ferplus import VOTE_COLUMNS
from fer.errors import ModelError, TrainingError
from fer.models.store import read_card
from fer.training.publish import publish
from tests.conftest import Command
from tests.made_data import bands, write_fer2013
from tests.training.tiny import Runs, history_of

N = 140
FACES = bands(N, np.arange(N) // 7 % 10 % 8 % 3)
TINY = ("train", "--architecture", "tiny", "--epochs", 1)


@pytest.fixture
def csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """FER-2013 made here; models are published beside it."""
    monkeypatch.setenv("FER_MODELS", str(tmp_path / "models"))
    return write_fer2013(tmp_path / "fer2013.csv", FACES)


def write_votes(folder: Path) -> Path:
    lines = ["Usage,Image name," + ",".join(VOTE_COLUMNS)]
    lines += [f"{FACES.split_names[split]},,10,0,0,0,0,0,0,0,0,0" for split in FACES.splits]
    (folder / "fer2013new.csv").write_text("\n".join(lines) + "\n")
    return folder / "fer2013new.csv"


def other_labels(folder: Path) -> tuple[object, ...]:
    lines = (folder / "fer2013.csv").read_text().splitlines()
    lines[1] = "6" + lines[1][1:]
    (folder / "other.csv").write_text("\n".join(lines) + "\n")
    return ("--data", folder / "other.csv", "--split", "stratified")


def class_folders(folder: Path) -> tuple[object, ...]:
    export_folders(FACES, folder / "tree")
    return ("--data", folder / "tree", "--split", "stratified")


OTHERS: dict[str, Callable[[Path], tuple[object, ...]]] = {
    "another split": lambda folder: ("--data", folder / "fer2013.csv"),
    "other pictures or labels": other_labels,
    "other FER+ votes": lambda folder: (
        *("--data", folder / "fer2013.csv", "--split", "stratified"),
        *("--ferplus", write_votes(folder)),
    ),
    "other pictures or labels and another split": class_folders,
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_run_is_resumed_and_published_with_its_own_rows_only(
    what: str, csv: Path, tmp_path: Path, fer: Command
) -> None:
    run = tmp_path / "run"
    begun = fer(*TINY, "--data", csv, "--run-dir", run, "--split", "stratified", "--seed", 3)
    assert begun.code == 0
    others = OTHERS[what](tmp_path)
    refused = fer("train", *others, "--run-dir", run, "--resume", "--name", "mine")
    assert refused.code == 1 and what in refused.err and "stratified, seed 3" in refused.err
    assert "--split" in refused.err and "Traceback" not in refused.err
    assert not (tmp_path / "models").exists() and len(history_of(run)) == 1


def test_a_run_goes_on_with_the_seed_that_its_split_was_drawn_with(
    csv: Path, tmp_path: Path, fer: Command
) -> None:
    given = ("--data", csv, "--run-dir", tmp_path / "run", "--split", "stratified")
    assert fer(*TINY, *given, "--seed", 3).code == 0
    assert fer("train", *given, "--resume").code == 0


def test_a_run_begun_before_rows_were_recorded_goes_on_also_with_other_columns(
    csv: Path, tmp_path: Path, fer: Command
) -> None:
    run = tmp_path / "run"
    assert fer(*TINY, "--data", csv, "--run-dir", run, "--ferplus", write_votes(tmp_path)).code == 0
    (run / "data.json").unlink()
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "epochs": 2}))
    (tmp_path / "fer2013new.csv").unlink()
    done = fer("train", "--data", csv, "--run-dir", run, "--resume")
    assert done.code == 0, done.err
    first, second = (run / "history.csv").read_text().splitlines()[1:]
    assert first.count(",") == second.count(",")


def test_a_damaged_record_of_rows_is_one_line(csv: Path, tmp_path: Path, fer: Command) -> None:
    given = ("--data", csv, "--run-dir", tmp_path / "run")
    assert fer(*TINY, *given).code == 0
    (tmp_path / "run" / "data.json").write_text("{")
    refused = fer("train", *given, "--resume")
    assert refused.code == 1 and "data.json: expected the record" in refused.err


def test_the_api_publishes_no_run_with_other_rows(runs: Runs, tmp_path: Path) -> None:
    other = runs.dataset.select(np.arange(len(runs.dataset)) != 5)
    with pytest.raises(TrainingError, match="expected the rows that this run was started with"):
        publish(runs.straight, other, tmp_path, "tiny", version="1")


def test_a_name_is_refused_before_the_training(csv: Path, tmp_path: Path, fer: Command) -> None:
    for command in (TINY, ("literature", "train", "--architecture", "knn-169")):
        refused = fer(*command, "--data", csv, "--run-dir", tmp_path / "run", "--name", "a b")
        assert refused.code == 1 and "expected a name of letters" in refused.err
        assert not (tmp_path / "run").exists()


def test_a_published_model_is_replaced_by_its_own_run_or_when_asked_to(
    csv: Path, tmp_path: Path, fer: Command
) -> None:
    named = (*TINY, "--data", csv, "--name", "mine")
    first, second, folder = tmp_path / "a", tmp_path / "b", tmp_path / "models" / "mine"
    assert fer(*named, "--run-dir", first).code == 0
    assert fer(*named, "--run-dir", first, "--resume", "--version", "2").code == 0
    assert read_card(folder).version == "2"
    refused = fer(*named, "--run-dir", second, "--version", "3")
    assert refused.code == 1 and "--replace" in refused.err and not second.exists()
    assert fer(*named, "--run-dir", second, "--version", "3", "--replace").code == 0
    assert read_card(folder).version == "3"
    with pytest.raises(ModelError, match="expected a name that is free"):
        publish(first, FACES, tmp_path / "models", "mine", version="4")


@pytest.mark.parametrize("split", ["official", "own"])
def test_what_the_literature_published_is_replaced_when_asked_to(
    split: str, csv: Path, tmp_path: Path, fer: Command
) -> None:
    command = ("literature", "train", "--architecture", "knn-169", "--data", csv)
    named = (*command, "--split", split, "--name", "near")
    assert fer(*named, "--run-dir", tmp_path / "a").code == 0
    assert fer(*named, "--run-dir", tmp_path / "a").code == 0
    refused = fer(*named, "--run-dir", tmp_path / "b")
    assert refused.code == 1 and "--replace" in refused.err
    assert not (tmp_path / "b").exists()
    assert fer(*named, "--run-dir", tmp_path / "b", "--replace").code == 0
