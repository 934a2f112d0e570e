"""A fitted head in its model's folder: recognisers, streams, tables and pages use it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fer import EmotionRecognizer
from fer.detection.alignment import cut_face
from fer.errors import InputError, ModelError, TrainingError
from fer.export.schema import SourceResult, to_frame, to_rows
from fer.models.store import AFFECT, DEFAULT_MODEL, METRICS, models_dir, open_model
from fer.preprocessing import to_grey
from fer.recognition.affect_head import AffectHead
from fer.recognition.circumplex import affect_of
from fer.recognition.classifier import EmotionClassifier
from fer.results import Box, FaceEmotion
from fer.tracking.tracker import FaceTracker, TrackerSettings
from fer.training.affect import add_affect
from fer.ui.affect_view import circumplex
from fer.ui.model_choice import classifier as shown_classifier
from fer.ui.shell import recognizer as shown_recognizer
from fer.ui.shell import shipped_model
from tests.conftest import Command


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a copy of the shipped model."""
    folder = tmp_path / "models"
    shutil.copytree(models_dir() / DEFAULT_MODEL, folder / DEFAULT_MODEL)
    return folder


def _run(tmp_path: Path, channels: int, **changes: object) -> Path:
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 0.05, (channels, 2)).astype(np.float32)
    AffectHead(weights, np.asarray([0.1, -0.2], np.float32)).save(tmp_path / "run" / AFFECT)
    figures = {"n": 40, "valence": {"ccc": 0.61}, "arousal": {"ccc": 0.52}}
    card = open_model(DEFAULT_MODEL).card
    record = {
        "model": card.name,
        "version": card.version,
        "source": "faces",
        "rows": 120,
        "splits": {"PublicTest": {"fitted": figures}},
    }
    (tmp_path / "run" / METRICS).write_text(json.dumps({**record, **changes}))
    return tmp_path / "run"


def _channels(folder: Path) -> int:
    classifier = EmotionClassifier.load(DEFAULT_MODEL, directory=folder)
    crops = np.zeros((1, 48, 48), np.uint8)
    return int(classifier.predict_heads(crops)["features"].shape[-1])


def test_what_the_head_measures_reaches_faces_tables_and_the_circle(
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    astronaut_bgr: np.ndarray,
    fer: Command,
) -> None:
    run = _run(tmp_path, _channels(models))
    monkeypatch.setenv("FER_MODELS", str(models))
    # A dashboard that runs already.
    assert shown_recognizer().classifier.affect is None
    assert shown_classifier(shipped_model()).affect is None
    assert fer("models", "affect", run).code == 0
    record = open_model(DEFAULT_MODEL).card.affect
    assert record is not None and (record.faces, record.n, record.valence_ccc) == (120, 40, 0.61)

    assert shown_classifier(shipped_model()).affect is not None
    recognizer = shown_recognizer()
    (face,) = recognizer.analyze(astronaut_bgr)
    classifier = recognizer.classifier
    assert classifier.affect is not None
    crop = cut_face(to_grey(astronaut_bgr), face)
    features = classifier.predict_heads(crop[None])["features"].mean(axis=(1, 2))
    assert face.affect == pytest.approx(classifier.affect.predict(features)[0], abs=1e-6)
    point = affect_of(face)
    assert point is not None and (point.valence, point.arousal) == face.affect
    assert "derived" not in circumplex([face])

    photo = SourceResult("a.png", (face,))
    table = to_frame(to_rows([photo], classifier.reader))
    assert table.loc[0, "valence"] == pytest.approx(face.affect[0], abs=1e-4)
    assert face.to_row()["arousal"] == pytest.approx(face.affect[1], abs=1e-4)


def test_without_a_head_it_is_derived_and_says_so(astronaut_bgr: np.ndarray) -> None:
    (face,) = EmotionRecognizer.load().analyze(astronaut_bgr)
    assert face.affect is None and face.to_row()["valence"] is None
    assert "derived" in circumplex([face])


def test_over_time_it_is_smoothed_as_the_probabilities_are() -> None:
    def seen(valence: float | None) -> FaceEmotion:
        affect = None if valence is None else (valence, -valence)
        return FaceEmotion(
            Box(10, 10, 60, 60), "happy", 0.9, {"happy": 0.9, "sad": 0.1}, 5.0, 0, affect
        )

    tracker = FaceTracker(settings=TrackerSettings(smoothing_s=0.5))
    tracker.update([seen(1.0)], 0.0)
    (after,) = tracker.update([seen(-1.0)], 0.5)
    assert after.affect is not None
    # One time constant: 1 - 1/e of the way.
    assert after.affect[0] == pytest.approx(1 - 2 * (1 - np.exp(-1)), abs=1e-6)
    assert after.affect[1] == pytest.approx(-after.affect[0])
    (unknown,) = tracker.update([seen(None)], 1.0)
    assert unknown.affect is None


def test_a_head_of_another_network_or_run_is_refused(models: Path, tmp_path: Path) -> None:
    folder = open_model(DEFAULT_MODEL, directory=models)
    card = (folder.path / "card.json").read_bytes()
    name = DEFAULT_MODEL
    with pytest.raises(InputError, match=rf"fitted to {name} .*, got one of {name} 0\.1; fit it"):
        add_affect(folder, _run(tmp_path, _channels(models), version="0.1"))
    run = _run(tmp_path, _channels(models), rows="many")
    with pytest.raises(TrainingError, match="expected the record of fer affect fit"):
        add_affect(folder, run)
    with pytest.raises(ModelError, match="expected the arrays of a valence-arousal head"):
        add_affect(folder, tmp_path / "nothing")
    assert (folder.path / "card.json").read_bytes() == card


def test_a_damaged_head_is_noticed(models: Path, tmp_path: Path) -> None:
    folder = open_model(DEFAULT_MODEL, directory=models)
    put = add_affect(folder, _run(tmp_path, _channels(models)))
    assert put.affect is not None
    put.affect.write_bytes(put.affect.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match=r"affect\.npz: expected SHA-256 .*damaged"):
        open_model(DEFAULT_MODEL, directory=models)
    put.affect.unlink()
    with pytest.raises(ModelError, match=r"missing affect\.npz"):
        open_model(DEFAULT_MODEL, directory=models)
