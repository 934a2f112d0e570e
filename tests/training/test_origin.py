"""What a network learned from besides the data, as its card says it."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from fer.errors import TrainingError
from fer.models.store import models_dir, read_card
from fer.training.config import TrainingConfig
from fer.training.dlib_start import FILE, PACKAGE, find_dlib
from fer.training.run_data import start_run
from fer.training.run_folder import read_recipe
from fer.training.starting import minutes_before, origin_text

FIRST = TrainingConfig(architecture="tiny")


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


def run_of(folder: Path, config: TrainingConfig, minutes: int) -> str:
    start_run(folder, config, {}, resume=False)
    rows = "".join(f"{epoch},60\n" for epoch in range(minutes))
    (folder / "history.csv").write_text("epoch,seconds\n" + rows)
    return str(folder)


def test_minutes_of_all_networks_before_are_counted_once(tmp_path: Path) -> None:
    first = run_of(tmp_path / "first", replace(FIRST, start=str(tmp_path / "dlib.dat")), 5)
    second = run_of(tmp_path / "second", replace(FIRST, start=first), 7)
    third = run_of(
        tmp_path / "third", replace(FIRST, start=second, teachers=(first,), teacher_weight=0.5), 11
    )
    assert minutes_before(FIRST) == 0
    assert minutes_before(read_recipe(tmp_path / "second" / "config.json", TrainingConfig)) == 5
    assert minutes_before(read_recipe(tmp_path / "third" / "config.json", TrainingConfig)) == 12
    last = replace(FIRST, start=third, teachers=(first, second), teacher_weight=0.5)
    assert minutes_before(last) == 23
    assert minutes_before(last.portable()) == 0, "names are no folders"


def test_minutes_of_a_published_start_are_those_on_its_card() -> None:
    shipped = models_dir() / "xs"
    start = replace(FIRST, start=str(shipped / "model.keras"))
    card = read_card(shipped)
    both = card.training_minutes + card.training_minutes_before
    assert minutes_before(start) == round(both, 1) > 0


def test_a_card_names_teachers_and_what_was_known_before() -> None:
    assert origin_text(FIRST) == ""
    grown = replace(
        FIRST, start="runs/xs", teachers=("runs/a", "models/xs/model.keras"), teacher_weight=0.5
    )
    assert origin_text(grown) == "Its teachers, trained on the same rows: a, xs."
    recognition = replace(FIRST, architecture="dlib27", start="runs/d")
    assert "dlib's face recognition network" in origin_text(recognition)
    assert origin_text(replace(recognition, start="")) == ""
