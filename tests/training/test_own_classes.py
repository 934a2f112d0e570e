"""Classes of one's own, end to end: folders -> training -> evaluation -> recogniser, table, pages.

The classes are patterns; none of them is a face.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fer import EmotionClassifier, EmotionRecognizer
from fer.cli.main import main
from fer.datasets.folders import read_folders
from fer.datasets.label_map import OWN_NAMES
from fer.errors import DatasetError
from fer.labels import COLOURS, OWN
from fer.models.store import open_model
from fer.recognition.circumplex import affect_of
from fer.training.config import AugmentationConfig, TrainingConfig
from fer.ui.model.page import _SECTIONS
from tests.conftest import Command
from tests.training.tiny import pattern
from tests.ui.opened import open_page, open_tables

CLASSES = ("bored", "happy", "Very keen")
# As legends list them: what has a name everywhere comes first.
LISTED = ("happy", "Very keen", "bored")
PLAIN = AugmentationConfig(0, (1, 1), 0, 0, 0, 0, 0)
RECIPE = TrainingConfig(
    architecture="tiny", epochs=12, batch_size=8, warmup_epochs=1, ema=0.0, augmentation=PLAIN
)


def write_tree(root: Path, each: int, classes: tuple[str, ...] = CLASSES) -> Path:
    """Noisy patterns, one a class, as pictures in class folders."""
    rng = np.random.default_rng(len(root.name))
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for index in range(each):
            picture = pattern(number * 2 % 9) + rng.integers(0, 100, (48, 48))
            cv2.imwrite(str(root / name / f"{index}.png"), picture.astype(np.uint8))
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_tree(root / "train", 40)
    write_tree(root / "test", 10)
    return root


@pytest.fixture(scope="module")
def models(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the published model, trained by the command on a tree without validation."""
    folder = tmp_path_factory.mktemp("models")
    recipe = folder.parent / "recipe.json"
    recipe.write_text(json.dumps(asdict(RECIPE)))
    given = ("--data", data, "--class-names", "own", "--config", recipe, "--run-dir")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_MODELS", str(folder))
        command = ("fer", "train", *given, folder.parent / "run", "--name", "keen")
        patch.setattr(sys, "argv", [str(one) for one in command])
        with suppress(SystemExit):
            main()
    return folder


@pytest.fixture
def chosen(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The dashboard and the commands read with it."""
    monkeypatch.setenv("FER_MODELS", str(models))
    monkeypatch.setenv("FER_MODEL", "keen")
    monkeypatch.setenv("FER_DATA", "none")
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def test_the_card_says_classes_split_and_terms(models: Path) -> None:
    card = open_model(models / "keen").card
    assert card.labels == {OWN: LISTED} and card.perceived is None and card.main == OWN
    assert "12 of 120 pictures of Training (10% of each class, seed 0)" in card.data
    assert "FER-2013" not in card.licence
    test = card.metric("accuracy")
    assert test is not None and test.n == 30 and test.value > 0.9


def test_the_recogniser_reads_its_classes_and_nothing_else(
    models: Path, astronaut_bgr: np.ndarray
) -> None:
    (face,) = EmotionRecognizer.load(models / "keen").analyze(astronaut_bgr)
    assert tuple(face.probabilities) == LISTED
    assert affect_of(face) is None
    crops = np.stack([pattern(2 * CLASSES.index(name)) + 50 for name in LISTED]).astype(np.uint8)
    read = EmotionClassifier.load(models / "keen").predict(crops)
    assert read.argmax(axis=1).tolist() == [0, 1, 2]


def test_evaluation_takes_the_folders_as_the_model_calls_them(
    chosen: None, data: Path, fer: Command
) -> None:
    report = json.loads(fer("evaluate", "--data", data, "--split", "test", "--json").out)
    assert (report["model"], report[OWN]["n"]) == ("keen", 30)
    assert report[OWN]["labels"] == list(LISTED) and report[OWN]["accuracy"] > 0.9
    assert "Very keen" in fer("evaluate", "--data", data / "test").out


def test_the_pictures_of_the_training_are_divided_as_the_training_did(
    chosen: None, data: Path, fer: Command
) -> None:
    report = json.loads(fer("evaluate", "--data", data, "--json").out)
    assert (report["split"], report["n"]) == ("PublicTest", 12)
    report = json.loads(fer("evaluate", "--data", data, "--split", "all", "--json").out)
    assert report["n"] == 150
    assert "The model was trained on 108 of these faces." in report["notes"]
    assert not any("trained on" in note for note in _notes_on(data / "test", fer))


def _notes_on(data: Path, fer: Command) -> list[str]:
    return list(json.loads(fer("evaluate", "--data", data, "--json").out)["notes"])


def test_the_test_part_of_a_stratified_training_can_be_measured(
    models: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fer: Command
) -> None:
    monkeypatch.setenv("FER_MODELS", str(tmp_path / "models"))
    recipe, given = models.parent / "recipe.json", ("--data", data / "train", "--class-names")
    named = ("--config", recipe, "--epochs", 1, "--run-dir", tmp_path / "run", "--name", "keen")
    assert fer("train", *given, "own", "--split", "stratified", "--seed", 2, *named).code == 0
    card = open_model("keen").card
    assert "PrivateTest (80%, 12%, 8%, seed 2)" in card.data
    test = card.metric("accuracy")
    evaluate = ("evaluate", "--model", "keen", "--data", data / "train", "--json")
    report = json.loads(fer(*evaluate, "--split", "PrivateTest").out)
    assert test is not None and (report["n"], report[OWN]["accuracy"]) == (test.n, test.value)
    assert json.loads(fer(*evaluate).out)["split"] == "PublicTest"


def test_the_advice_on_label_sets_works(
    chosen: None, tmp_path: Path, astronaut_bgr: np.ndarray, fer: Command
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), astronaut_bgr)
    analyze = ("analyze", tmp_path / "a.png", "--model", "keen", "--labels")
    refused = fer(*analyze, "perceived")
    assert "expected one of own for the model keen, got 'perceived'" in refused.err
    assert fer(*analyze, "own").code == 0


def test_the_table_has_a_column_for_every_class(
    chosen: None, tmp_path: Path, astronaut_bgr: np.ndarray, fer: Command
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), astronaut_bgr)
    annotated = tmp_path / "annotated"
    said = fer("analyze", tmp_path / "a.png", "-o", tmp_path / "t.csv", "--annotated", annotated)
    assert said.code == 0
    table = pd.read_csv(tmp_path / "t.csv")
    shares = [column for column in table if column.startswith("p_")]
    assert shares == [f"p_{name}" for name in LISTED]
    assert table["model"].tolist() == ["keen"] and table["valence"].isna().all()


def opened(page: str) -> AppTest:
    with mock.patch("streamlit_webrtc.component.get_this_session_info", lambda: None):
        return open_page(f"pages/{page}.py")


@pytest.mark.parametrize("page", ["1_Webcam", "2_Photos", "3_Video", "4_Dataset"])
def test_every_page_opens_with_it(chosen: None, page: str) -> None:
    at = opened(page)
    assert not at.exception and not at.error
    assert not any("alence" in toggle.label for toggle in at.toggle)


def test_photos_show_its_classes_and_no_valence(chosen: None, astronaut_bgr: np.ndarray) -> None:
    at = opened("2_Photos")
    picture = bytes(cv2.imencode(".png", astronaut_bgr)[1])
    at.file_uploader(key="photos_files0").upload("a.png", picture, "image/png")
    at.run()
    at.session_state["photos_batch"].wait(120)
    at.run()
    assert not at.exception and not at.error
    shown = "".join(str(one.proto.body) for one in at.get("html"))
    assert all(f"<span>{name}</span>" in shown for name in LISTED)
    assert not any("alence" in toggle.label for toggle in at.toggle)


def test_the_model_page_shows_and_measures_its_classes(chosen: None, data: Path) -> None:
    at = open_tables(opened("5_Model"))
    assert {metric.label: metric.value for metric in at.metric}["Classes of its own"] == "3"
    assert "Very keen" in at.dataframe[0].value.index
    for section, parts in _SECTIONS.items():
        for part in parts:
            at.session_state["model_section"] = section
            at.session_state[f"model_view_{section}"] = part
            at.run()
            assert not at.exception and not at.error, part
    at.text_input(key="evaluate_path").set_value(str(data / "nowhere")).run()
    assert not at.exception and "nowhere" in at.error[0].value
    at.text_input(key="evaluate_path").set_value(str(data)).run()
    assert "PublicTest" in at.selectbox(key="evaluate_split").options  # the part of the training
    at.button(key="evaluate_start").click().run()
    assert not at.exception and not at.error
    assert {metric.label: metric.value for metric in at.metric}["Faces"] == "30"


def test_a_class_has_one_colour_by_its_name() -> None:
    colours = {COLOURS[f"class {number}"] for number in range(20)}
    assert len(colours) == 20 and all(len(one) == 7 for one in colours)
    assert COLOURS["Happiness"] == COLOURS["happy"] and "class 1" not in COLOURS


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (("alone",), "2 to 20 class folders"),
        (tuple(f"c{number}" for number in range(21)), "got 21"),
        (("good", "_b"), "got '_b'"),
        (("good", "unsure"), "got 'unsure'"),
    ],
)
def test_classes_that_cannot_be_are_refused_by_name(
    tmp_path: Path, classes: tuple[str, ...], words: str
) -> None:
    with pytest.raises(DatasetError, match=words):
        read_folders(write_tree(tmp_path, 1, classes), words=OWN_NAMES)


def test_without_the_word_own_an_unknown_class_says_how(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="a class of your own"):
        read_folders(write_tree(tmp_path, 1))
