"""Readers of AffectNet (Mollahosseini et al. 2019, arXiv 1708.03985) in the layouts that it has.

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

from fer.datasets.base import SPLITS, FaceDataset, Progress, canonical_split
from fer.datasets.faults import Faults
from fer.datasets.gather import Listed, gather, picture_below
from fer.datasets.label_map import MAPS, LabelMap
from fer.datasets.pictures import SUFFIXES
from fer.errors import DatasetError
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


def tables(root: Path) -> list[Path]:
    """The tables of labels in a folder."""
    places = (root / folder / name for folder in _TABLE_FOLDERS for name in _TABLES)
    return [place for place in places if place.is_file()]


def sets(root: Path) -> list[Path]:
    """``train_set`` and ``val_set`` of the release of 2021, as far as they are there."""
    return [root / name for name in _SETS if (root / name / "annotations").is_dir()]


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
    """What each column is for -> its name in this table.

    Raises:
        DatasetError: If there is none for the picture or its class.
    """
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
                picture = _find(root, name)
                if not label or split is None or picture is None:
                    fault = (
                        f"row {number}: expected a picture that is there, a class and a known "
                        f"split, got {name[:60]!r}, {label!r}, {told or default!r}"
                    )
                    faults.add(table, fault, "correct the row")
                    continue
                yield Listed(
                    picture,
                    label,
                    split,
                    _box(row),
                    _number(told_of.get("valence")),
                    _number(told_of.get("arousal")),
                )
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise DatasetError(f"{table}: expected a CSV, got: {fault}; replace the file") from None


def _find(root: Path, name: str) -> Path | None:
    if not name.strip():
        return None
    for folder in _PICTURE_FOLDERS:
        path = picture_below(root, f"{folder}/{name.strip()}")
        if path is not None and path.is_file():
            return path
    return None


def _value(folder: Path, number: str, what: str) -> str:
    """One value of the release of 2021: an array that holds a number or its text."""
    return str(np.load(folder / f"{number}_{what}.npy", allow_pickle=False).item())


def _set_rows(folder: Path, faults: Faults) -> Iterator[Listed]:
    split, annotations = _SETS[folder.name], folder / "annotations"
    pictures = sorted(p for p in (folder / "images").glob("*") if p.suffix.lower() in SUFFIXES)
    for picture in pictures:
        try:
            label, valence, arousal = (
                _value(annotations, picture.stem, what) for what in ("exp", "val", "aro")
            )
        except (OSError, ValueError, EOFError) as fault:
            faults.add(picture, f"expected its annotations, got: {str(fault)[:80]}", "add them")
            continue
        yield Listed(picture, label, split, None, _number(valence), _number(arousal))


def read_affectnet(
    path: str | Path,
    *,
    words: LabelMap | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> FaceDataset:
    """Read AffectNet, or any table of labels, with valence and arousal where they are told.

    Training is Training, validation is PublicTest. Faces are cut by the box of the table where it
    has one. Valence and arousal of -2 (no face, uncertain) are unknown.

    Args:
        path: The folder that holds the tables, or ``train_set`` and ``val_set``.
        words: What the classes mean; default is AffectNet's numbers.
        skip_bad: Count bad rows and files and go on.
        progress: Called with the share read so far.

    Raises:
        DatasetError: Naming file or row, and fault.
    """
    root = Path(path).resolve()
    faults = Faults(root, skip_bad)
    rows = [row for table in tables(root) for row in _table_rows(table, root, faults)]
    rows += [row for folder in sets(root) for row in _set_rows(folder, faults)]
    if not rows and not faults.count:
        raise DatasetError(
            f"{root}: expected {', '.join(_TABLES)} or {', '.join(_SETS)} with rows, found none; "
            "check the folder"
        )
    return gather(rows, words or MAPS["affectnet"], faults, progress=progress)
