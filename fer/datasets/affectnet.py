"""AffectNet (Mollahosseini et al. 2019, arXiv 1708.03985) in the layouts that it has.

- The first release: ``training.csv`` and ``validation.csv`` beside ``Manually_Annotated_Images/``,
  with the face's box, the expression's number, valence and arousal.
- The release of 2021: ``train_set/images/0.jpg`` and, in ``train_set/annotations/``, ``0_exp.npy``,
  ``0_val.npy`` and ``0_aro.npy``; ``val_set`` likewise.
- Any table ``labels.csv`` with columns for the picture's path and its class, and perhaps valence,
  arousal and split.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from fer.datasets.base import SPLITS, canonical_split
from fer.datasets.gather import Faults, Listed, first_file
from fer.errors import DatasetError
from fer.pictures.content import IMAGE_SUFFIXES
from fer.results import Box

_TABLES = ("training.csv", "validation.csv", "labels.csv")
_TABLE_FOLDERS = (".", "Manually_Annotated_file_lists", "Manually_Annotated")
_PICTURE_FOLDERS = (
    ".",
    "Manually_Annotated_Images",
    "Manually_Annotated/Manually_Annotated_Images",
    "images",
)
_SETS = {"train_set": SPLITS[0], "val_set": SPLITS[1]}

_COLUMNS: dict[str, tuple[str, ...]] = {
    "path": ("subdirectory_filepath", "path", "pth", "file", "filename", "image"),
    "label": ("expression", "label", "emotion", "class"),
    "valence": ("valence",),
    "arousal": ("arousal",),
    "split": ("split", "usage", "subset"),
}
_BOX = ("face_x", "face_y", "face_width", "face_height")


def holds(root: Path) -> bool:
    """Whether a folder has one of these layouts."""
    return bool(_tables(root) or _sets(root))


def _tables(root: Path) -> list[Path]:
    places = (root / folder / name for folder in _TABLE_FOLDERS for name in _TABLES)
    return [place for place in places if place.is_file()]


def _sets(root: Path) -> list[Path]:
    return [root / name for name in _SETS if (root / name / "annotations").is_dir()]


def rows(root: Path, faults: Faults) -> Iterator[Listed]:
    """The rows of all tables and sets; training is Training, validation is PublicTest.

    Raises:
        DatasetError: Naming file or row, and fault.
    """
    for table in _tables(root):
        yield from _table_rows(table, root, faults)
    for folder in _sets(root):
        yield from _set_rows(folder, faults)


def _number(text: str | None) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan


def _box(row: Mapping[str, str]) -> Box | None:
    values = [_number(row.get(name)) for name in _BOX]
    if not all(math.isfinite(value) for value in values):
        return None
    x, y, width, height = (round(value) for value in values)
    return Box(x, y, width, height) if width > 0 and height > 0 else None


def _columns(header: list[str], path: Path) -> dict[str, str]:
    """What each column is for -> its name in this table."""
    known = {name.strip().lower(): name for name in header}
    found = {
        use: next(known[name] for name in names if name in known)
        for use, names in _COLUMNS.items()
        if any(name in known for name in names)
    }
    for use in ("path", "label"):
        if use not in found:
            raise DatasetError(
                f"{path.name}: expected a column named one of {', '.join(_COLUMNS[use])}, got "
                f"{len(header)} others; add the header of AffectNet's training.csv"
            )
    return found


def _table_rows(table: Path, root: Path, faults: Faults) -> Iterator[Listed]:
    default = canonical_split(table.stem) or SPLITS[0]
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = _columns(list(reader.fieldnames or ()), table)
            for number, row in enumerate(reader, start=1):
                # A table may have a column without a name: a use without a column is not that one.
                told_of = {use: row.get(column) or "" for use, column in columns.items()}
                name, label = told_of["path"], told_of["label"]
                told = told_of.get("split", "")
                split = canonical_split(told) if told else default
                places = (f"{at}/{name.strip()}" for at in _PICTURE_FOLDERS if name.strip())
                picture = first_file(root, places)
                if not label or split is None or picture is None:
                    fault = (
                        f"row {number}: expected a picture that is there, a class and a known "
                        f"split, got {name[:60]!r}, {label!r}, {told or default!r}"
                    )
                    faults.add(table, f"{fault}; correct the row")
                    continue
                affect = (_number(told_of.get(use)) for use in ("valence", "arousal"))
                yield Listed(picture, label, split, _box(row), *affect)
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise DatasetError(f"{table}: expected a CSV, got: {fault}; replace the file") from None


def _set_rows(folder: Path, faults: Faults) -> Iterator[Listed]:
    for picture in sorted((folder / "images").glob("*")):
        if picture.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        stem = f"{folder / 'annotations' / picture.stem}"
        try:
            # Each is an array that holds a number or its text.
            label, valence, arousal = (
                str(np.load(f"{stem}_{what}.npy", allow_pickle=False).item())
                for what in ("exp", "val", "aro")
            )
        except (OSError, ValueError, EOFError) as fault:
            faults.add(picture, f"expected its annotations, got: {str(fault)[:80]}; add them")
            continue
        yield Listed(picture, label, _SETS[folder.name], None, _number(valence), _number(arousal))
