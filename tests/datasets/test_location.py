from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fer.datasets import find_data, find_ferplus, location
from fer.datasets.location import data_in
from fer.errors import DatasetError

Write = Callable[..., Path]


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """One data file in each usual place, the first looked at first."""
    project, elsewhere = tmp_path / "work" / "project", tmp_path / "elsewhere"
    project.mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.setattr(location, "project_root", lambda: project)
    monkeypatch.chdir(elsewhere)
    variable = put(tmp_path / "variable" / "fer2013.csv")
    monkeypatch.setenv("FER_DATA", str(variable))
    return {
        "explicit": put(tmp_path / "explicit" / "fer2013.csv"),
        "variable": variable,
        "project": put(project / "data" / "fer2013.csv"),
        "cwd": put(elsewhere / "data" / "fer2013.csv"),
        "shared": put(project.parent / "shared" / "data" / "fer2013.csv"),
    }


def test_places_are_looked_at_in_order(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_data(places["explicit"]) == places["explicit"]
    assert find_data(None) == places["variable"]
    monkeypatch.delenv("FER_DATA")
    for name in ("project", "cwd", "shared"):
        assert find_data(None) == places[name]
        places[name].unlink()
    assert find_data(None) is None


def test_empty_setting_counts_as_none(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_DATA", " ")
    assert find_data("") == places["project"]


def test_installed_package_looks_in_the_current_folder_only(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "project_root", lambda: None)
    monkeypatch.delenv("FER_DATA")
    assert find_data() == places["cwd"]
    places["cwd"].unlink()
    assert find_data() is None


@pytest.mark.parametrize(
    ("explicit", "variable", "said"),
    [
        ("nowhere", "", r"nowhere: expected the data set .*check the path"),
        (".", "", r": expected fer2013\.csv\.gz, fer2013\.csv, "),
        (None, "nowhere", r"^nowhere: .*from FER_DATA"),
    ],
)
def test_a_path_that_was_given_and_holds_nothing_is_an_error(
    places: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    explicit: str | None,
    variable: str,
    said: str,
) -> None:
    monkeypatch.setenv("FER_DATA", variable)
    with pytest.raises(DatasetError, match=said):
        find_data(explicit)


def test_folder_is_searched_for_gzip_then_csv_then_classes(
    tmp_path: Path, write_picture: Write
) -> None:
    folder = tmp_path / "data"
    write_picture(folder / "train" / "happy" / "1.png")
    assert find_data(folder) == folder
    plain = put(folder / "fer2013.csv")
    assert find_data(folder) == plain
    packed = put(folder / "fer2013.csv.gz")
    assert find_data(str(folder)) == packed


def test_votes_are_found_beside_the_data(tmp_path: Path, write_picture: Write) -> None:
    data = put(tmp_path / "fer2013.csv")
    assert find_ferplus(None, data) is None
    votes = put(tmp_path / "fer2013new.csv")
    assert find_ferplus(None, data) == find_ferplus(None, str(tmp_path)) == votes
    assert find_ferplus(None, None) is None
    data.unlink()
    write_picture(tmp_path / "happy" / "1.png")
    assert find_ferplus(None, tmp_path) is None


def test_explicit_votes_are_a_file_or_its_folder(tmp_path: Path) -> None:
    votes = put(tmp_path / "a" / "fer2013new.csv")
    put(tmp_path / "fer2013new.csv")
    data = put(tmp_path / "fer2013.csv")
    assert find_ferplus(votes, data) == find_ferplus(votes.parent, data) == votes
    with pytest.raises(DatasetError, match=r"nowhere\.csv: expected the FER\+ votes"):
        find_ferplus(tmp_path / "nowhere.csv", data)


@pytest.mark.parametrize("name", ["icml_face_data.csv", "train.csv", "test.csv"])
def test_a_folder_as_kaggle_gives_it_out_is_recognised(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("emotion, Usage, pixels\n")
    assert data_in(tmp_path) == tmp_path / name


def test_a_table_of_another_data_set_is_no_fer2013(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("path,label\na.png,happy\n")
    assert data_in(tmp_path) is None
