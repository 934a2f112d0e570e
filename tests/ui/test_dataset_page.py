"""The dataset page as a script, without a browser."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer.datasets import FaceDataset
from fer.training.augmentations import AUGMENTATIONS
from tests.made_data import write_fer2013
from tests.ui.opened import choose, open_page, open_tables

SECTIONS = ("What is in it", "Pictures", "What is wrong with it", "Structure")


def open_section(at: AppTest, name: str) -> AppTest:
    at.session_state["dataset_section"] = name
    return at.run()


def test_dataset_without_data_shows_recorded_figures_and_says_so() -> None:
    at = open_page("pages/4_Dataset.py")
    assert not at.exception and not at.error
    assert any("recorded with the shipped model" in info.value for info in at.info)
    charts = []
    for name in SECTIONS:
        open_section(at, name)
        assert not at.exception and not at.error
        charts.append(len(at.get("plotly_chart")))
    assert charts == [1, 0, 0, 0]
    at = opened("no-such-file.csv")
    assert not at.exception
    assert any("no-such-file.csv" in error.value for error in at.error)
    assert len(at.get("plotly_chart")) == 1


@pytest.fixture
def small_csv(tmp_path: Path) -> Path:
    """21 noise pictures; row 2 (PublicTest) repeats row 1 (Training), row 7 is blank."""
    images = np.random.default_rng(0).integers(0, 256, (21, 48, 48), np.uint8)
    images[1], images[6] = images[0], 9
    rows = np.arange(21, dtype=np.int8)
    return write_fer2013(tmp_path / "fer2013.csv", FaceDataset(images, rows % 7, rows % 3))


def test_dataset_by_path_shows_its_own_distribution_and_pictures(small_csv: Path) -> None:
    at = opened(small_csv)
    assert not at.exception and not at.error
    assert any("21 pictures" in caption.value for caption in at.caption)
    open_section(at, "Pictures")
    assert not at.exception and not at.error
    # One clickable grid for each class.
    assert grids(at) == 7


def grids(at: AppTest) -> int:
    """Grids of faces, and the face of the map."""
    return sum(part.key != "landmarks_said" for part in at.get("bidi_component"))


def opened(path: Path | str) -> AppTest:
    """The page with this path typed in."""
    at = open_page("pages/4_Dataset.py")
    return open_tables(at.text_input(key="dataset_path").set_value(str(path)).run())


def test_dataset_can_be_divided_anew_and_its_splits_compared(small_csv: Path) -> None:
    at = opened(small_csv)
    # Bars, their imbalance, and two splits beside each other.
    assert len(at.get("plotly_chart")) == 2
    before = at.dataframe[0].value
    assert before.groupby("split")["count"].sum().to_dict() == {
        "Training": 7,
        "PublicTest": 7,
        "PrivateTest": 7,
    }
    choose(at, dataset_splits="A new one, 80 / 12 / 8")
    after = at.dataframe[0].value
    assert after["count"].sum() == 21 and not after.equals(before)
    choose(at, compare_first="Training", compare_second="Training")
    assert any("**0.0%**" in text.value for text in at.markdown)


def test_each_view_of_the_pictures_draws(small_csv: Path) -> None:
    at = opened(small_csv)
    open_section(at, "Pictures")
    choose(at, pictures_label="happy", pictures_page=1)
    assert grids(at) == 1
    choose(at, pictures_view="Mean faces")
    assert any("standard deviation" in text.value for text in at.markdown)
    choose(at, pictures_view="Light and focus")
    assert len(at.get("plotly_chart")) == 1 and grids(at) == 2
    choose(at, pictures_view="Pixels", pixels_row=7)
    # Picture 7 is blank: its text is the same number over and over.
    assert at.code[0].value == "9 " * 96 + "..."
    choose(at, pictures_view="Augmentations", augment_row=1)
    named = [text.value for text in at.markdown if text.value.startswith("**")]
    assert [text.split("**")[1] for text in named] == [*AUGMENTATIONS, "All of these at once"]
    choose(at, augment_names=["shear"], augment_strength=2.0)
    assert not at.exception and not at.error
    assert sum(text.value.startswith("**") for text in at.markdown) == 1


def test_structure_says_what_components_keep_and_places_the_faces(small_csv: Path) -> None:
    at = opened(small_csv)
    open_section(at, "Structure")
    open_tables(at)
    assert not at.exception and not at.error
    assert len(at.get("plotly_chart")) == 2
    assert any("components keep 90%" in text.value for text in at.markdown)
    placed = at.dataframe[1].value
    assert list(placed["row"]) == [1, 4, 7, 10, 13, 16, 19]  # Training
    choose(at, structure_components=2, structure_face=2)
    assert any("with 2 numbers instead of 2,304" in text.value for text in at.markdown)


def test_dataset_audit_counts_shows_and_lists_what_is_wrong(small_csv: Path) -> None:
    at = opened(small_csv)
    open_section(at, "What is wrong with it")
    assert not at.exception and not at.error
    findings = at.dataframe[0].value.set_index("finding")["rows"]
    assert findings["leaked"] == findings["tested twice"] == findings["blank"] == 1
    assert findings["conflicting"] == 2
    assert grids(at) == 1
    listed = at.dataframe[1].value
    assert list(listed["row"]) == [1, 7]
    assert list(listed["findings"]) == ["leaked", "blank"]
    at.selectbox(key="audit_kind").select("conflicting").run()
    assert not at.exception and not at.error


def test_what_cannot_be_read_is_a_sentence_and_the_data_set_before_stays(
    small_csv: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    half = tmp_path / "half.csv"
    half.write_text(small_csv.read_text()[:-3000])
    tree = tmp_path / "tree"
    for name in ("happy", "bored"):
        (tree / name).mkdir(parents=True)
        Image.new("L", (48, 48), 90).save(tree / name / "1.png")
    at = opened(small_csv)
    for path, words in (
        ("no-such-file.csv", "no-such-file.csv: this needs"),
        (str(tmp_path / "empty"), "empty: this needs fer2013.csv.gz"),
        (str(half), "half.csv, row 21: this needs at least 3 columns"),
        (str(tree), "bored: this needs a class folder named one of"),
    ):
        at.text_input(key="dataset_path").set_value(path).run()
        assert not at.exception
        assert len(at.error) == 1 and words in at.error[0].value, [e.value for e in at.error]
        assert any("fer2013.csv: 21 pictures" in caption.value for caption in at.caption)
        assert len(at.get("plotly_chart")) == 2
    at.text_input(key="dataset_path").set_value(str(half)).run()
    assert 'with "Leave out rows and files that cannot be read" above' in at.error[0].value
    at.checkbox(key="dataset_skip").check().run()
    assert not at.error
    assert any("20 pictures, 1 bad rows left out" in caption.value for caption in at.caption)
