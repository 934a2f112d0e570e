"""Systems of the literature as a user trains and evaluates them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.labels import FER2013
from fer.literature.neighbours import Neighbours
from fer.models.store import models_dir
from tests.conftest import Command
from tests.made_data import bands, write_fer2013


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """FER-2013 as CSV, 126 rows of 210 to learn from."""
    splits = np.array([0, 0, 0, 1, 2])[np.arange(210) // 7 % 5]
    return write_fer2013(tmp_path / "fer2013.csv", bands(210, splits))


@pytest.mark.parametrize("name", ["knn-169", "knn-169-pca"])
def test_neighbours_are_trained_published_and_evaluated_from_the_command_line(
    name: str, csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fer: Command
) -> None:
    monkeypatch.setenv("FER_MODELS", str(tmp_path / "models"))
    train = ("literature", "train", "--architecture", name, "--data", csv, "--name", name)
    assert fer(*train, "--run-dir", tmp_path / "run").code == 0
    assert fer(*train, "--run-dir", tmp_path / "own", "--split", "own").code == 0
    folder = tmp_path / "models" / "literature" / name
    card = json.loads((folder / "card.json").read_text())
    own = json.loads((folder / "own_split.json").read_text())
    assert (own["scheme"], own["n"]) == ("plain", 17)
    assert own["recipe"]["neighbours"] == card["recipe"]["neighbours"] + 42 == 168
    assert card["precision"] == ("uint8" if name == "knn-169" else "float32")
    assert json.loads((folder / "metrics.json").read_text())["latency_ms"] > 0
    done = fer("evaluate", "--model", name, "--data", csv, "--split", "PrivateTest", "--json")
    report = json.loads(done.out)
    assert (report["model"], report["fer2013"]["n"]) == (name, 42)
    # All 126 stored pictures vote, 18 of each class: everything is a tie, won by the first class.
    assert report["fer2013"]["accuracy"] == pytest.approx(1 / 7)
    (published,) = (
        one["value"]
        for one in card["metrics"]
        if (one["name"], one["split"], one["protocol"]) == ("accuracy", "PrivateTest", "all")
    )
    assert published == report["fer2013"]["accuracy"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("literature", "train", "--architecture", "knn-169", "--epochs", "3"), "nothing is tr"),
        (("train", "--architecture", "cnn5-16"), "fer literature train"),
        (("literature", "train", "--architecture", "xs"), "expected one of cnn4-4.5m"),
        (("literature", "train", "--architecture", "cnn4-56", "--split", "own"), "split official"),
        (("literature", "train", "--architecture", "cnn4-56", "--weights", "none"), "leave them"),
        (("literature", "train", "--architecture", "cnn5-16", "--precision", "half"), "float32, m"),
        (("train", "--architecture", "xs", "--precision", "half"), "float32, mixed_bfloat16"),
    ],
)
def test_options_that_do_not_fit_are_one_line(
    arguments: tuple[str, ...],
    message: str,
    csv: Path,
    monkeypatch: pytest.MonkeyPatch,
    fer: Command,
) -> None:
    monkeypatch.chdir(csv.parent)
    done = fer(*arguments, "--data", csv)
    assert done.code == 1 and message in done.err and "Traceback" not in done.err


def test_a_run_of_another_split_is_recorded_and_said_to_be_no_model(
    csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fer: Command
) -> None:
    monkeypatch.setenv("FER_MODELS", str(tmp_path / "models"))
    train = ("literature", "train", "--architecture", "knn-169", "--data", csv, "--name", "near")
    done = fer(*train, "--run-dir", tmp_path / "run", "--split", "own")
    assert "near/own_split.json" in done.err and "Published as" not in done.err
    refused = fer("evaluate", "--model", "near", "--data", csv)
    assert refused.code == 1 and "only the record of another split (own_split" in refused.err
    assert "--split official --name near" in refused.err


def test_records_without_weights_say_how_to_make_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fer: Command
) -> None:
    card = json.loads((models_dir() / "xs" / "card.json").read_text())
    folder = tmp_path / "literature" / "thin"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({**card, "architecture": "cnn5-16"}))
    for name in ("history.csv", "metrics.json"):
        (folder / name).write_bytes((models_dir() / "xs" / name).read_bytes())
    monkeypatch.setenv("FER_MODELS", str(tmp_path))
    done = fer("models", "show", "thin")
    assert done.code == 1
    assert "fer literature train --architecture cnn5-16 --name thin" in done.err


def test_numbered_class_folders_are_trained_on_when_a_map_says_what_they_mean(
    tmp_path: Path, fer: Command
) -> None:
    for number in range(1, 8):
        for name, grey in (("a", 20 * number), ("b", 20 * number + 5)):
            folder = tmp_path / f"faces/train/{number}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("L", (48, 48), grey).save(folder / f"{name}.png")
    train = ("literature", "train", "--architecture", "knn-169", "--data", tmp_path / "faces")
    refused = fer(*train, "--run-dir", tmp_path / "run")
    assert refused.code == 1 and "expected" in refused.err
    assert fer(*train, "--run-dir", tmp_path / "run", "--class-names", "raf-db").code == 0
    stored = Neighbours.load(tmp_path / "run" / "neighbours.npz")
    first = stored.labels[stored.points[:, 0] == 20]
    assert [FER2013[label] for label in first] == ["surprise"]  # RAF-DB's class 1
