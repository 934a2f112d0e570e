"""The face gate of the shipped model, fitted to a portrait and to textures."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data as skimage_data

from fer.boxes import iou
from fer.datasets.base import FaceDataset
from fer.errors import InputError, ModelError, TrainingError
from fer.models.store import models_dir, open_model
from fer.preprocessing import crop_face, to_grey
from fer.recognition.classifier import EmotionClassifier
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import Box
from fer.training import non_faces as harvesting
from fer.training.augmentation import augment
from fer.training.config import AugmentationConfig
from fer.training.gate import add_gate, fit_gate
from fer.training.non_faces import NonFaces, harvest


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Textures of many scales, and pictures of things, as files."""
    folder = tmp_path_factory.mktemp("things")
    for name in ("brick", "grass", "gravel", "coins", "coffee", "rocket", "page", "moon"):
        picture = getattr(skimage_data, name)()
        for part, (top, left) in enumerate(((0, 0), (0, 0.5), (0.5, 0), (0.5, 0.5))):
            height, width = picture.shape[:2]
            y, x = round(top * height), round(left * width)
            cv2.imwrite(
                str(folder / f"{name}-{part}.png"),
                picture[y : y + height // 2, x : x + width // 2],
            )
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def non_faces(pictures: Path) -> NonFaces:
    return harvest([pictures])


def test_more_false_alarms_are_learned_from_but_not_measured_with(
    pictures: Path, non_faces: NonFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvesting, "MORE_CASCADES", ())
    plain = harvest([pictures])

    def alarms(found: NonFaces, *, held_out: bool) -> np.ndarray:
        return found.crops[found.false_alarm & (found.held_out == held_out)]

    np.testing.assert_array_equal(alarms(plain, held_out=True), alarms(non_faces, held_out=True))
    few, many = alarms(plain, held_out=False), alarms(non_faces, held_out=False)
    assert len(many) > 1.5 * len(few) > 0
    known = {crop.tobytes() for crop in many}
    assert all(crop.tobytes() in known for crop in few)


@pytest.fixture
def faces(astronaut_bgr: np.ndarray, astronaut_face: Box) -> FaceDataset:
    """Views of one portrait, 90 for Training and 60 for each of the other splits."""
    rng = np.random.default_rng(3)
    crop = crop_face(to_grey(astronaut_bgr), astronaut_face)
    images = np.stack([augment(crop, 48, AugmentationConfig(), rng) for _ in range(210)])
    splits = np.repeat(np.arange(3, dtype=np.int8), [90, 60, 60])
    return FaceDataset(images, np.full(210, 3, np.int8), splits, source="portrait")


def test_non_faces_come_from_every_picture_that_can_be_read(
    pictures: Path, non_faces: NonFaces
) -> None:
    assert non_faces.pictures == 32
    assert len(non_faces.skipped) == 1 and "broken.jpg" in non_faces.skipped[0]
    assert non_faces.crops.shape == (len(non_faces.held_out), 48, 48)
    assert non_faces.crops.dtype == np.uint8
    assert (non_faces.false_alarm & non_faces.held_out).any()
    assert (~non_faces.false_alarm & ~non_faces.held_out).any()
    again = harvest([pictures])
    np.testing.assert_array_equal(again.crops, non_faces.crops)
    np.testing.assert_array_equal(again.held_out, non_faces.held_out)


def test_the_same_picture_is_never_on_both_sides(pictures: Path, tmp_path: Path) -> None:
    picture = cv2.imread(str(pictures / "coins-0.png"))
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    cv2.imwrite(str(tmp_path / "b.bmp"), picture)
    assert harvest([tmp_path]).pictures == 1


def test_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected pictures without people"):
        harvest([tmp_path])


def test_without_held_out_alarms_nothing_could_be_measured(
    faces: FaceDataset, non_faces: NonFaces
) -> None:
    quiet = NonFaces(
        non_faces.crops, np.zeros_like(non_faces.false_alarm), non_faces.held_out, 9, ()
    )
    with pytest.raises(TrainingError, match="pass more pictures without people"):
        fit_gate(EmotionClassifier.load(), faces, quiet)


def test_a_fitted_gate_serves_with_its_model(
    faces: FaceDataset,
    non_faces: NonFaces,
    tmp_path: Path,
    astronaut_bgr: np.ndarray,
    astronaut_face: Box,
) -> None:
    shutil.copytree(models_dir() / "xs", tmp_path / "xs")
    classifier = EmotionClassifier.load("xs", directory=tmp_path)
    gate, record = fit_gate(classifier, faces, non_faces)
    # One portrait and eight textures are easy to tell apart.
    assert record.faces == 60 and record.faces_lost <= 0.1
    held_alarms = non_faces.held_out & non_faces.false_alarm
    assert record.false_alarms == held_alarms.sum()
    assert record.false_alarms_rejected > 0.8
    features = classifier.predict_heads(non_faces.crops[held_alarms])["features"]
    assert 1 - gate.accepts(features).mean() == pytest.approx(record.false_alarms_rejected)

    folder = add_gate(open_model("xs", directory=tmp_path), gate, record)
    assert folder.card.gate is not None and folder.gate is not None
    served = EmotionClassifier.load("xs", directory=tmp_path)
    assert served.gate is not None
    np.testing.assert_array_equal(served.gate.scores(features), gate.scores(features))
    recognizer = EmotionRecognizer(served)
    (face,) = recognizer.analyze(astronaut_bgr)
    assert iou(face.box, astronaut_face) > 0.5

    folder.gate.write_bytes(folder.gate.read_bytes() + b"x")
    with pytest.raises(ModelError, match="damaged or belongs to another card"):
        open_model("xs", directory=tmp_path)
    folder.gate.unlink()
    with pytest.raises(ModelError, match=r"missing gate\.npz"):
        open_model("xs", directory=tmp_path)
