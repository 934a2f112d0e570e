"""The table of the literature, written from records alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fer.literature.comparison import (
    CLOSE_POINTS,
    COLUMNS,
    against_published,
    entries,
    markdown,
    trained,
)
from fer.literature.recipes import HEADLINES
from fer.models.store import DEFAULT_MODEL, models_dir
from tests.conftest import Command


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The shipped model's records, and one system with a run on its source's split only."""
    (tmp_path / DEFAULT_MODEL).mkdir()
    for name in ("card.json", "metrics.json"):
        shutil.copy(models_dir() / DEFAULT_MODEL / name, tmp_path / DEFAULT_MODEL / name)
    folder = tmp_path / "literature" / "knn-169"
    folder.mkdir(parents=True)
    record = {"accuracy": 0.29, "n": 2872, "scheme": "stratified", "split": "80 / 12 / 8"}
    record["accuracy_interval"] = [0.27, 0.31]
    (folder / "own_split.json").write_text(json.dumps(record))
    other = {**record, "accuracy": 0.3, "split": "another way"}
    (folder / "split_stratified.json").write_text(json.dumps(other))
    return tmp_path


def test_every_cell_comes_from_a_record(models: Path) -> None:
    found = {entry.name: entry for entry in entries(models)}
    card = json.loads((models / DEFAULT_MODEL / "card.json").read_text())
    cells = dict(zip(COLUMNS, found[DEFAULT_MODEL].cells(), strict=True))
    assert cells["parameters"] == f"{card['parameters']:,}"
    minutes = card["training_minutes"] + card.get("training_minutes_before", 0)
    assert cells["minutes"] == f"{minutes:,.1f}", "those of the networks before it included"
    text = markdown(list(found.values()))
    assert "29.00% (n = 2,872, stratified)" in text
    assert "-1.08 points from the published figure" in text and "contains it" in text
    assert "another reading of its split, *another way*: 30.00% (n = 2,872)" in text
    untrained = text.split("## Not trained here yet")[1]
    assert "`cnn4-4.5m`" in untrained and "knn-169`," not in untrained


def test_a_missed_figure_comes_with_its_reason_and_the_reading_that_finds_it(models: Path) -> None:
    folder = models / "literature" / "cnn4-4.5m"
    folder.mkdir()
    record = {"n": 7066, "scheme": "folder", "split": "folder tree", "changes": {}}
    missed = {**record, "accuracy": 0.6, "accuracy_interval": [0.59, 0.61]}
    (folder / "own_split.json").write_text(json.dumps(missed))
    found = {**record, "accuracy": 0.645, "changes": {"plateau_patience": [2, 3]}}
    (folder / "split_folder_plateau-patience.json").write_text(json.dumps(found))
    text = markdown(entries(models))
    assert f"does not contain it. {HEADLINES['cnn4-4.5m'].remark}" in text
    assert (
        "another reading of its recipe, *plateau patience 2 instead of 3*: 64.50% (n = 7,066), "
        "-0.60 points." in text
    )
    missed["accuracy"] = 0.64
    (folder / "own_split.json").write_text(json.dumps(missed))
    assert HEADLINES["cnn4-4.5m"].remark not in markdown(entries(models))


def test_no_figure_is_missed_without_a_reason() -> None:
    for entry in entries(models_dir()):
        if entry.own is not None and entry.published is not None:
            close = abs(100 * (entry.own["accuracy"] - entry.published)) <= CLOSE_POINTS
            assert close or entry.headline.remark, entry.name


def test_the_command_writes_the_file(
    models: Path, monkeypatch: pytest.MonkeyPatch, fer: Command
) -> None:
    monkeypatch.setenv("FER_MODELS", str(models))
    assert fer("models", "compare").code == 0
    assert (models / "COMPARISON.md").read_text() == markdown(entries(models))


def test_the_file_in_the_repository_holds_every_record() -> None:
    text = (models_dir() / "COMPARISON.md").read_text()
    for entry in entries(models_dir()):
        if trained(entry) and entry.name != DEFAULT_MODEL:
            assert " | ".join(entry.cells()) in text


def test_a_backbone_without_its_weights_says_so() -> None:
    found = {entry.name: entry for entry in entries(models_dir())}
    backbone = found["transfer:efficientnetb0"]
    assert backbone.card is not None and backbone.card.recipe["weights"] == "none"
    lines = [line for line in against_published(list(found.values())) if "random weights" in line]
    # The others start so by their own recipe.
    assert len(lines) == 1 and "`transfer:efficientnetb0` started from" in lines[0]
