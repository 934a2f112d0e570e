from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from fer.errors import TrainingError
from fer.training.config import Cycle, TrainingConfig
from fer.training.runs import collect, read_ledger, recipe_change, summarise


def make_run(folder: Path, accuracies: list[float], config: TrainingConfig | None = None) -> Path:
    folder.mkdir(parents=True)
    config = config or TrainingConfig(epochs=3, seed=5)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    with (folder / "history.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["epoch", "val_accuracy", "val_macro_f1", "seconds"])
        writer.writeheader()
        for epoch, value in enumerate(accuracies, start=1):
            writer.writerow(
                {"epoch": epoch, "val_accuracy": value, "val_macro_f1": value - 0.1, "seconds": 90}
            )
    return folder


def test_a_run_is_told_from_its_folder(tmp_path: Path) -> None:
    run = summarise(make_run(tmp_path / "wide", [0.3, 0.6, 0.5]))
    assert run is not None
    assert (run.name, run.seed, run.epochs, run.of_epochs, run.minutes) == ("wide", 5, 3, 3, 4.5)
    assert (run.public_accuracy, run.best_public_accuracy) == (0.5, 0.6)
    assert run.public_macro_f1 == pytest.approx(0.4)


def test_the_change_is_what_differs_from_the_defaults() -> None:
    config = TrainingConfig(
        epochs=7,
        seed=3,
        learning_rate=0.2,
        restarts=(Cycle(epochs=4, learning_rate=0.05, teacher_weight=0.3),),
    )
    assert recipe_change(config) == (
        "learning rate 0.2; restart of 4 epochs at 0.05, 30% own answers"
    )
    assert recipe_change(TrainingConfig()) == "the defaults"
    nested = replace(
        TrainingConfig(), augmentation=replace(TrainingConfig().augmentation, erase=0.1)
    )
    assert recipe_change(nested) == "augmentation erase 0.1"


def test_a_note_in_the_folder_says_it_better(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", [0.5])
    (folder / "note.txt").write_text("wider\nstem | 32\n")
    runs, _ = collect([tmp_path], tmp_path)
    assert runs[0].change == "wider stem | 32"
    # A bar would end the cell.
    assert "wider stem \\| 32" in (tmp_path / "RUNS.md").read_text()


def test_a_run_whose_folder_is_gone_stays_in_the_table(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    old = make_run(tmp_path / "runs" / "old", [0.1, 0.2])
    collect([tmp_path / "runs"], models)
    for file in old.iterdir():
        file.unlink()
    old.rmdir()
    make_run(tmp_path / "runs" / "new", [0.4])
    runs, skipped = collect([tmp_path / "runs"], models)
    assert [run.name for run in runs] == ["new", "old"]
    assert not skipped
    assert read_ledger(models / "runs.csv") == runs
    lines = (models / "RUNS.md").read_text().splitlines()
    # The run of one epoch of three was ended early.
    assert next(line for line in lines if line.startswith("| new |")).count("1/3") == 1
    assert next(line for line in lines if line.startswith("| old |")).count("20.00%") == 2


def test_a_run_that_went_on_is_brought_up_to_date(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "one", [0.1])
    collect([tmp_path / "runs"], tmp_path)
    with (tmp_path / "runs" / "one" / "history.csv").open("a") as file:
        file.write("2,0.7,0.6,90\n")
    runs, _ = collect([tmp_path / "runs" / "one"], tmp_path)
    assert [(run.epochs, run.public_accuracy) for run in runs] == [(2, 0.7)]


def test_a_broken_folder_is_named_and_the_others_count(tmp_path: Path) -> None:
    make_run(tmp_path / "good", [0.1])
    make_run(tmp_path / "cut", [0.1])
    (tmp_path / "cut" / "history.csv").write_text("epoch\n1\n")
    make_run(tmp_path / "odd", [0.1])
    (tmp_path / "odd" / "config.json").write_text("{")
    runs, skipped = collect([tmp_path], tmp_path)
    assert [run.name for run in runs] == ["good"]
    assert len(skipped) == 2 and "cut" in skipped[0] and "odd" in skipped[1]


def test_a_run_without_an_epoch_is_no_row(tmp_path: Path) -> None:
    assert summarise(make_run(tmp_path / "started", [])) is None


def test_a_damaged_ledger_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("name,seed\nx,y\n")
    with pytest.raises(TrainingError, match=r"runs\.csv: expected the table of runs"):
        collect([], tmp_path)
