from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fer.errors import ModelError
from fer.labels import FER2013
from fer.models.card import ModelCard
from fer.models.store import (
    DEFAULT_MODEL,
    file_digest,
    list_models,
    models_dir,
    open_model,
    own_models,
)

CONTENT = b"weights"


METRIC = {
    "name": "accuracy",
    "value": 0.7,
    "head": "fer2013",
    "split": "PrivateTest",
    "protocol": "all",
    "n": 10,
    "low": 0.6,
    "high": 0.8,
}


def card_values(name: str = DEFAULT_MODEL, **changes: Any) -> dict[str, Any]:
    """The shipped model's card, of other weights and with one figure."""
    card = json.loads((own_models() / DEFAULT_MODEL / "card.json").read_text())
    digest = hashlib.sha256(CONTENT).hexdigest()
    return {**card, "name": name, "sha256": digest, "metrics": [METRIC], **changes}


def make_folder(root: Path, name: str = DEFAULT_MODEL, **changes: Any) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "model.tflite").write_bytes(CONTENT)
    (folder / "card.json").write_text(json.dumps(card_values(name, **changes)))
    (folder / "history.csv").write_text("epoch,val_accuracy\n1,0.25\n2,0.5\n")
    (folder / "metrics.json").write_text('{"PublicTest": {"n": 3}}')
    return folder


def test_a_whole_folder_opens(tmp_path: Path) -> None:
    make_folder(tmp_path)
    folder = open_model(directory=tmp_path)
    assert folder.card.name == DEFAULT_MODEL
    assert folder.card.labels["fer2013"] == FER2013
    assert folder.weights.read_bytes() == CONTENT
    assert folder.history() == [
        {"epoch": 1.0, "val_accuracy": 0.25},
        {"epoch": 2.0, "val_accuracy": 0.5},
    ]
    assert folder.metrics() == {"PublicTest": {"n": 3}}


def test_the_environment_chooses_another_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (DEFAULT_MODEL, "second"):
        make_folder(tmp_path, name)
    monkeypatch.setenv("FER_MODEL", "second")
    assert open_model(directory=tmp_path).card.name == "second"
    assert open_model(DEFAULT_MODEL, directory=tmp_path).card.name == DEFAULT_MODEL
    monkeypatch.setenv("FER_MODEL", "third")
    there = ", ".join(sorted((DEFAULT_MODEL, "second")))
    with pytest.raises(ModelError, match=rf"got 'third'; found there: {there}"):
        open_model(directory=tmp_path)
    monkeypatch.setenv("FER_MODEL", "")
    assert open_model(directory=tmp_path).card.name == DEFAULT_MODEL


def test_a_card_finds_its_figures_cannot_be_changed_and_survives_json() -> None:
    card = ModelCard.model_validate(card_values())
    figure = card.metric("accuracy")
    assert figure is not None
    assert (figure.value, figure.n, figure.low) == (0.7, 10, 0.6)
    assert card.metric("accuracy", split="PublicTest") is None
    with pytest.raises(ValidationError, match="frozen"):
        card.version = "2"  # type: ignore[misc]
    assert ModelCard.model_validate(json.loads(card.model_dump_json())) == card


def test_weights_that_do_not_match_the_card_are_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    (folder / "model.tflite").write_bytes(CONTENT + b"!")
    expected, got = hashlib.sha256(CONTENT).hexdigest(), file_digest(folder / "model.tflite")
    with pytest.raises(ModelError, match=rf"expected SHA-256 {expected[:12]}.*got {got[:12]}"):
        open_model(directory=tmp_path)


@pytest.mark.parametrize("file", ["model.tflite", "card.json", "history.csv", "metrics.json"])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    (make_folder(tmp_path) / file).unlink()
    with pytest.raises(ModelError, match=f"missing {file}"):
        open_model(directory=tmp_path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "expected JSON"),
        ("[]", "got list"),
        ("{}", "'name'"),
        (json.dumps(card_values(sha256="short")), "'sha256'"),
        (json.dumps(card_values(temperature={"fer2013": 0})), "temperature.fer2013"),
        (json.dumps(card_values(unheard_of=1)), "'unheard_of'"),
    ],
)
def test_a_broken_card_is_one_line_with_the_field(tmp_path: Path, text: str, fault: str) -> None:
    (make_folder(tmp_path) / "card.json").write_text(text)
    with pytest.raises(ModelError, match=fault) as caught:
        open_model(directory=tmp_path)
    assert "\n" not in str(caught.value)
    assert "card.json" in str(caught.value)


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_folder(tmp_path, name)
    with pytest.raises(ModelError, match="got 'three'; found there: one, two"):
        open_model("three", directory=tmp_path)
    with pytest.raises(ModelError, match="found there: none"):
        open_model(directory=tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["..", "../xs", "/etc", "a/b", "", ".hidden"])
def test_a_name_cannot_lead_out_of_the_directory(tmp_path: Path, name: str) -> None:
    make_folder(tmp_path / "models")
    make_folder(tmp_path)
    with pytest.raises(ModelError, match="expected a name"):
        open_model(name, directory=tmp_path / "models")


def test_text_with_a_separator_is_a_path_and_a_directory_may_be_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(tmp_path / "elsewhere", "one")
    assert open_model(str(folder)).path == folder
    assert open_model("one", directory=str(tmp_path / "elsewhere")).path == folder
    monkeypatch.chdir(tmp_path)
    assert open_model("./elsewhere/one").path == folder
    with pytest.raises(ModelError, match="got 'two'; found there: one"):
        open_model("elsewhere/two")


def test_listing_sorts_and_leaves_out_damaged_and_hidden_folders(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("b", "a", "broken"):
        make_folder(tmp_path, name)
    make_folder(tmp_path, ".publish-1")
    (tmp_path / "broken" / "card.json").write_text("{")
    (tmp_path / "empty").mkdir()
    assert [card.name for card in list_models(tmp_path)] == ["a", "b"]
    assert "broken" in caplog.text


def test_a_history_has_nan_where_nothing_was_recorded_and_is_refused_when_damaged(
    tmp_path: Path,
) -> None:
    path = make_folder(tmp_path) / "history.csv"
    path.write_text("epoch,loss\n1,\n2,0.5\n")
    first, second = open_model(directory=tmp_path).history()
    assert math.isnan(first["loss"]) and second["loss"] == 0.5
    for text in ("epoch\nsoon\n", "epoch,loss\n1\n", "epoch\n1,2\n"):
        path.write_text(text)
        with pytest.raises(ModelError, match=r"history\.csv: expected a table of numbers"):
            open_model(directory=tmp_path).history()


def test_damaged_metrics_are_refused(tmp_path: Path) -> None:
    (make_folder(tmp_path) / "metrics.json").write_text("nothing")
    with pytest.raises(ModelError, match=r"metrics\.json: expected JSON"):
        open_model(directory=tmp_path).metrics()


def test_the_environment_chooses_the_directory_else_it_is_the_projects_or_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder(tmp_path, "only")
    monkeypatch.setenv("FER_MODELS", str(tmp_path))
    assert models_dir() == tmp_path
    assert open_model("only").card.name == "only"
    monkeypatch.delenv("FER_MODELS")
    assert models_dir().name in {"models", "_models"}
