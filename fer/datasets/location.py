"""Where the data set is: a given path, ``FER_DATA``, or one of the project's usual places."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from fer.datasets.fer2013 import has_pixels
from fer.datasets.folders import is_class_tree
from fer.datasets.layouts import layout_of
from fer.errors import DatasetError
from fer.files import how_to_find

FILES: tuple[str, ...] = ("fer2013.csv.gz", "fer2013.csv")
"""What is looked for in a folder, the first first."""

KAGGLE_FILES: tuple[str, ...] = ("icml_face_data.csv", "train.csv", "test.csv")
"""What Kaggle's archives hold instead; other data sets have tables of such names too."""

FERPLUS_FILE = "fer2013new.csv"
VARIABLE = "FER_DATA"
NOWHERE = "none"
"""``FER_DATA=none`` looks in no place: the dashboard then shows what was recorded."""


def project_root() -> Path | None:
    """The folder of the project, or None when the package is installed elsewhere."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else None


def data_in(path: Path) -> Path | None:
    """The data set at a path: the file, the CSV in a folder, or a folder of a known layout."""
    if path.is_file():
        return path
    for name in FILES:
        if (path / name).is_file():
            return path / name
    for name in KAGGLE_FILES:
        if (path / name).is_file() and has_pixels(path / name):
            return path / name
    return path if path.is_dir() and (is_class_tree(path) or layout_of(path)) else None


def _named(path: Path, said_by: str) -> Path:
    """The data set at a path that the user named.

    Nothing there is an error: another data set must not stand in for it unnoticed.
    """
    if not path.exists():
        raise DatasetError(
            f"{path}: expected the data set ({said_by}), found nothing; {how_to_find(path)}"
        )
    found = data_in(path)
    if found is None:
        raise DatasetError(
            f"{path}: expected {', '.join((*FILES, *KAGGLE_FILES))} or class folders, or CK+, "
            f"RAF-DB or AffectNet as they are distributed ({said_by}), found none of them; give "
            "the file or the folder that holds it"
        )
    return found


def _usual_places() -> Iterator[Path]:
    project = project_root()
    if project is not None:
        yield project / "data"
    yield Path.cwd() / "data"
    if project is not None:
        yield project.parent / "shared" / "data"


def find_data(explicit: str | Path | None = None) -> Path | None:
    """Find the data set without reading it.

    Looked at in this order: ``explicit``; the environment variable ``FER_DATA``; ``data/`` in the
    project and in the current folder; ``../shared/data`` beside the project.

    Args:
        explicit: A file or folder that the user named.

    Returns:
        A CSV file or a folder of class folders, or None when there is none.

    Raises:
        DatasetError: If ``explicit`` or ``FER_DATA`` names something that is not there or that
            holds no data set.
    """
    if explicit is not None and str(explicit):
        return _named(Path(explicit).expanduser(), "the path given")
    variable = os.environ.get(VARIABLE, "").strip()
    if variable.lower() == NOWHERE:
        return None
    if variable:
        return _named(Path(variable).expanduser(), f"from {VARIABLE}")
    return next((found for place in _usual_places() if (found := data_in(place))), None)


def find_ferplus(
    explicit: str | Path | None = None, data_path: str | Path | None = None
) -> Path | None:
    """Find the FER+ votes ``fer2013new.csv``: the path given, else beside the data.

    Args:
        explicit: A file that the user named, or a folder that holds it.
        data_path: The data set's file, as ``find_data`` returned it. A tree of class folders has
            no row order, so that no votes belong to it.

    Raises:
        DatasetError: If ``explicit`` is not there or holds no such file.
    """
    if explicit is not None and str(explicit):
        path = Path(explicit).expanduser()
        path = path / FERPLUS_FILE if path.is_dir() else path
        if not path.is_file():
            raise DatasetError(
                f"{path}: expected the FER+ votes {FERPLUS_FILE}, found no such file; check the "
                "path"
            )
        return path
    if data_path is None:
        return None
    data = Path(data_path).expanduser()
    if data.is_dir():
        found = data_in(data)
        if found is None or found == data:
            return None
        data = found
    beside = data.parent / FERPLUS_FILE
    return beside if beside.is_file() else None
