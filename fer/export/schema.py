"""Results out of the project: one schema for CSV, JSON, JSON Lines and Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fer.errors import InputError
from fer.results import FaceEmotion, Reader, face_columns

SCHEMA_VERSION = 4
"""Version of the columns; ``docs/results.md`` describes them and what changed."""

SUFFIXES = (".csv", ".json", ".jsonl", ".parquet")

# A spreadsheet runs a cell that starts with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What came of one picture, or of one frame of a video or stream.

    Attributes:
        source: File name or path as the user gave it.
        faces: The faces found.
        reason: What is wrong with the input; empty when nothing is.
        time_s: Seconds from the stream's own timestamps; None for a picture.
        note: What is worth knowing, such as a rotation or a duplicate; no fault.
        partial: With a reason: the input was read, but not all of it.
    """

    source: str
    faces: tuple[FaceEmotion, ...] = ()
    reason: str = ""
    time_s: float | None = None
    note: str = ""
    partial: bool = False

    @property
    def status(self) -> str:
        """``ok``, ``no face``, ``partial`` or ``error``."""
        if self.reason:
            return "partial" if self.partial else "error"
        return "ok" if any(face.measured for face in self.faces) else "no face"


def _printable(text: str) -> str:
    """File names may hold bytes that are no UTF-8 (lone surrogates); no format can store them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


_BEFORE = {"source": str, "time_s": float, "status": str, "person": str}
_AFTER = {
    "reason": str,
    "note": str,
    "events": str,
    "model": str,
    "model_version": str,
    "label_set": str,
    "schema_version": int,
}
_KINDS = {str: "string", int: "Int64", float: "Float64", bool: "boolean"}
# Of a face that is held, the table says where it was last; nothing was read in this frame.
_PLACE = frozenset(("face_id", "measured", "x", "y", "width", "height"))


def columns(labels: Sequence[str]) -> dict[str, type]:
    """Every column of the table, in order, and what it holds; blanks aside.

    Args:
        labels: The classes of the chosen head, in order.
    """
    return {**_BEFORE, **face_columns(labels), **_AFTER}


def to_rows(results: Iterable[SourceResult], reader: Reader) -> list[dict[str, object]]:
    """Rows of the table, one per face; an input without faces has one, with blank columns.

    Args:
        results: In the order of the table.
        reader: What read the faces.
    """
    blank: dict[str, object] = dict.fromkeys(face_columns(reader.labels))
    rows: list[dict[str, object]] = []
    for result in results:
        head = {
            "source": _printable(result.source),
            "time_s": None if result.time_s is None else round(result.time_s, 6),
            "status": result.status,
            "person": "",
        }
        tail = {
            "reason": _printable(result.reason),
            "note": _printable(result.note),
            "events": "",
            "model": reader.model,
            "model_version": reader.version,
            "label_set": reader.label_set,
            "schema_version": SCHEMA_VERSION,
        }
        faces = [_of_table(face) for face in result.faces] or [blank]
        rows.extend({**head, **face, **tail} for face in faces)
    return rows


def _of_table(face: FaceEmotion) -> dict[str, object]:
    row = face.to_row()
    if face.measured:
        return row
    return {column: value if column in _PLACE else None for column, value in row.items()}


def to_frame(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Rows as a table with nullable types, so that a blank column keeps its type."""
    table = pd.DataFrame(list(rows))
    kinds = columns([column[2:] for column in table.columns if column.startswith("p_")])
    return table.astype({column: _KINDS[kinds[column]] for column in table.columns})


def defused(text: str) -> str:
    """A cell's text with an apostrophe before it where a spreadsheet would run it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def to_csv(rows: Sequence[dict[str, object]]) -> str:
    """CSV text after RFC 4180; a cell that a spreadsheet would run gets a leading apostrophe."""
    table = to_frame(rows)
    texts = ("source", "person", "reason", "note", "events", "model", "model_version", "label_set")
    for column in texts:
        if column in table:
            table[column] = table[column].map(defused)
    # With other line ends a carriage return in a file name would not be quoted.
    return str(table.to_csv(index=False, lineterminator="\r\n"))


def check_output(path: Path) -> None:
    """Refuse an output before the work is done, not after.

    Raises:
        InputError: If the suffix is unknown or the folder does not exist.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path.name}: expected a name ending in {', '.join(SUFFIXES)}, got "
            f"{path.suffix or 'no suffix'}; rename the output"
        )
    if not path.parent.is_dir():
        raise InputError(
            f"{path}: expected an existing folder, found none at {path.parent}; create it first"
        )
