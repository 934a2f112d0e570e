"""Systems of the literature as a user trains and evaluates them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.cli.main import main
from fer.labels import FER2013
from fer.literature.neighbours import Neighbours
from fer.literature.session import SYSTEMS


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["fer", *map(str, arguments)])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture
def bands(tmp_path: Path) -> Path:
    """FER-2013 as CSV: one bright band per class on noise."""
    rng = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for row in range(210):
        pixels = rng.integers(0, 80, (48, 48))
        pixels[6 * (row % 7) : 6 * (row % 7) + 6] += 150
        split = ("Training", "Training", "Training", "PublicTest", "PrivateTest")[row // 7 % 5]
        lines.append(f"{row % 7},{' '.join(map(str, pixels.ravel()))},{split}")
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("name", ["knn-169", "knn-169-pca"])
def test_neighbours_are_trained_published_and_evaluated_from_the_command_line(
    name: str,
    bands: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FER_MODELS", str(tmp_path / "models"))
    train = ("literature", "train", "--architecture", name, "--data", bands, "--name", name)
    assert run(monkeypatch, *train, "--run-dir", tmp_path / "run") == 0
    assert run(monkeypatch, *train, "--run-dir", tmp_path / "own", "--split", "own") == 0
    folder = tmp_path / "models" / "literature" / name
    card = json.loads((folder / "card.json").read_text())
    own = json.loads((folder / "own_split.json").read_text())
    assert (own["scheme"], own["n"]) == ("plain", 17)
    assert own["recipe"]["neighbours"] == card["recipe"]["neighbours"] + 42 == 168
    capsys.readouterr()
    evaluate = ("evaluate", "--model", name, "--data", bands, "--split", "PrivateTest", "--json")
    assert run(monkeypatch, *evaluate) == 0
    report = json.loads(capsys.readouterr().out)
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
    bands: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *arguments, "--data", bands) == 1
    errors = " ".join(capsys.readouterr().err.split())
    assert message in errors and "Traceback" not in errors


def test_records_without_weights_say_how_to_make_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fer.models.store import models_dir

    card = json.loads((models_dir() / "xs" / "card.json").read_text())
    folder = tmp_path / "literature" / "thin"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({**card, "architecture": "cnn5-16"}))
    for name in ("history.csv", "metrics.json"):
        (folder / name).write_bytes((models_dir() / "xs" / name).read_bytes())
    monkeypatch.setenv("FER_MODELS", str(tmp_path))
    assert run(monkeypatch, "models", "show", "thin") == 1
    errors = " ".join(capsys.readouterr().err.split())
    assert "fer literature train --architecture cnn5-16 --name thin" in errors


def test_every_system_has_a_name() -> None:
    assert {"cnn4-4.5m", "cnn4-2.7m", "cnn5-16", "cnn5-224", "cnn4-56", "knn-169"} < set(SYSTEMS)
    assert sum(name.startswith("transfer:") for name in SYSTEMS) == 11


def test_numbered_class_folders_are_trained_on_when_a_map_says_what_they_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 8):
        for name, grey in (("a", 20 * number), ("b", 20 * number + 5)):
            folder = tmp_path / f"faces/train/{number}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("L", (48, 48), grey).save(folder / f"{name}.png")
    train = ("literature", "train", "--architecture", "knn-169", "--data", tmp_path / "faces")
    assert run(monkeypatch, *train, "--run-dir", tmp_path / "run") == 1
    assert "expected" in capsys.readouterr().err
    assert run(monkeypatch, *train, "--run-dir", tmp_path / "run", "--class-names", "raf-db") == 0
    stored = Neighbours.load(tmp_path / "run" / "neighbours.npz")
    first = stored.labels[stored.points[:, 0] == 20]
    assert [FER2013[label] for label in first] == ["surprise"]  # RAF-DB's class 1
