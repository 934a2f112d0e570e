"""The dataset page as a script, without a browser."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

PROJECT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_DATA", "none")


def open_page(name: str) -> AppTest:
    """A page of the app, run once; pages link to each other, so it is opened from the entry."""
    at = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=120).run()
    return at.switch_page(name).run()


DATASET_TABS = ("Distribution", "Pictures", "Audit")


def open_tab(at: AppTest, name: str) -> AppTest:
    at.session_state["dataset_tab"] = name
    return at.run()


def test_dataset_without_data_shows_recorded_figures_and_says_so() -> None:
    at = open_page("pages/3_Dataset.py")
    assert not at.exception and not at.error
    assert any("recorded with the shipped model" in info.value for info in at.info)
    assert [tab.label for tab in at.tabs] == list(DATASET_TABS)
    charts = {}
    for name in DATASET_TABS:
        open_tab(at, name)
        assert not at.exception and not at.error
        charts[name] = len(at.get("plotly_chart"))
    assert charts == {
        "Distribution": 1,
        "Pictures": 0,
        "Audit": 0,
    }


@pytest.fixture
def small_csv(tmp_path: Path) -> Path:
    """21 noise pictures; row 2 (PublicTest) repeats row 1 (Training), row 7 is blank."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (21, 48 * 48))
    images[1], images[6] = images[0], 9
    rows = ["emotion,pixels,Usage"]
    for index, image in enumerate(images):
        split = ("Training", "PublicTest", "PrivateTest")[index % 3]
        rows.append(f"{index % 7},{' '.join(map(str, image))},{split}")
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_dataset_by_path_shows_its_own_distribution_and_pictures(small_csv: Path) -> None:
    at = open_page("pages/3_Dataset.py")
    at.text_input(key="dataset_path").set_value(str(small_csv)).run()
    assert not at.exception and not at.error
    assert any("21 pictures" in caption.value for caption in at.caption)
    open_tab(at, "Pictures")
    assert not at.exception and not at.error
    assert len(at.get("image")) == 7


def test_dataset_audit_counts_shows_and_lists_what_is_wrong(small_csv: Path) -> None:
    at = open_page("pages/3_Dataset.py")
    at.text_input(key="dataset_path").set_value(str(small_csv)).run()
    open_tab(at, "Audit")
    assert not at.exception and not at.error
    findings = at.dataframe[0].value.set_index("finding")["rows"]
    assert findings["leaked"] == findings["tested twice"] == findings["blank"] == 1
    assert findings["conflicting"] == 2
    assert len(at.get("image")) == 1
    listed = at.dataframe[1].value
    assert list(listed["row"]) == [1, 7]
    assert list(listed["findings"]) == ["leaked", "blank"]
    at.selectbox(key="audit_kind").select("conflicting").run()
    assert not at.exception and not at.error


def test_dataset_with_a_wrong_path_says_so_and_keeps_the_recorded_figures() -> None:
    at = open_page("pages/3_Dataset.py")
    at.text_input(key="dataset_path").set_value("/no/such/file.csv").run()
    assert not at.exception
    assert any("/no/such/file.csv" in error.value for error in at.error)
    assert len(at.get("plotly_chart")) == 1
