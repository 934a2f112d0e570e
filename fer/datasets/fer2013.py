"""Reader of the FER-2013 challenge file (Goodfellow et al. 2013, arXiv 1307.0414)."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from fer.datasets.base import IMAGE_SIZE, SPLITS, FaceDataset, Progress, canonical_split
from fer.errors import DatasetError
from fer.files import open_regular
from fer.labels import FER2013

PIXELS = IMAGE_SIZE * IMAGE_SIZE
COLUMNS = ("emotion", "pixels", "Usage")
MAX_LINE_BYTES = 64 * 1024
"""A good row has at most about 9,300 bytes; a longer line is read and dropped in pieces, so that
a small gzip file cannot fill the memory."""

MAX_RATIO = 50
"""Expanded bytes by those of a gzip file; the original has three."""
_RATIO_FROM = 32 * 2**20

_REMEDY = "repair the row, or skip bad rows with --skip-bad"


class _BadRow(Exception):
    """One row that cannot be used; the reader adds file and row number."""


def _shown(text: bytes) -> str:
    return repr(text[:20].decode("utf-8", "replace"))


def _parse_pixels(text: bytes) -> npt.NDArray[np.uint8]:
    # Nothing but digits and spaces may reach np.fromstring: its text mode is the fastest parser
    # that NumPy has, but it only warns about other text, and stops there.
    if text.translate(None, b"0123456789 "):
        odd = next(part for part in text.split(b" ") if part and not part.isdigit())
        fault = "values in 0..255" if odd.lstrip(b"-").isdigit() else "whole numbers and spaces"
        raise _BadRow(f"pixels: expected {fault}, got {_shown(odd)}")
    # An empty text would come back as one value.
    values = np.fromstring(text, dtype=np.int64, sep=" ") if text else np.empty(0, np.int64)
    if values.size != PIXELS:
        raise _BadRow(f"pixels: expected {PIXELS} values (48 x 48), got {values.size}")
    if int(values.max()) > 255:
        raise _BadRow(f"pixels: expected values in 0..255, got {int(values.max())}")
    return values.astype(np.uint8)


def _names(header: bytes) -> list[str]:
    text = header.decode("utf-8-sig", "replace")
    return [name.strip().strip('"').lower() for name in text.split(",")]


def _columns(header: bytes, path: Path) -> dict[str, int]:
    names = _names(header)
    if names == ["pixels"]:
        raise DatasetError(
            f"{path.name}: expected labels beside the pixels, got none, as Kaggle gives its test "
            "pictures out; use icml_face_data.csv or fer2013.csv"
        )
    found = {column: names.index(column.lower()) for column in COLUMNS if column.lower() in names}
    for column in COLUMNS[:2]:
        if column not in found:
            # Not what stands there instead: the file may be anything that somebody else typed.
            got = f"{column!r} is missing" if header.strip() else "got an empty file or line"
            raise DatasetError(
                f"{path.name}: expected the columns {', '.join(COLUMNS)}, {got}; use "
                "the original fer2013.csv or .csv.gz"
            )
    return found


def has_pixels(path: Path) -> bool:
    """Whether a file begins like one of FER-2013; tables of other data sets have such names too."""
    try:
        with open_regular(path) as file:
            return "pixels" in _names(file.readline(MAX_LINE_BYTES))
    except OSError:
        return False


def _lines(path: Path, progress: Progress | None) -> Generator[bytes]:
    """Lines of a plain or gzip file; of one beyond the limit the first piece, without its end."""
    total = max(1, path.stat().st_size)
    begins, expanded = True, 0
    with ExitStack() as stack:
        raw: BinaryIO = stack.enter_context(path.open("rb"))
        is_gzip = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream = stack.enter_context(gzip.open(raw)) if is_gzip else raw
        for number in itertools.count():
            line = stream.readline(MAX_LINE_BYTES)
            if not line:
                break
            if progress is not None and number % 500 == 0:
                progress(min(1.0, raw.tell() / total))
            if begins:
                yield line
            begins = len(line) < MAX_LINE_BYTES or line.endswith(b"\n")
            expanded += len(line)
            if expanded > _RATIO_FROM and expanded > MAX_RATIO * raw.tell():
                raise DatasetError(
                    f"{path.name}: expected a file packed at most {MAX_RATIO} to 1, got more, as "
                    "in an archive bomb; unpack it yourself if you trust it"
                )
    if progress is not None:
        progress(1.0)


@dataclass(slots=True)
class _Table:
    """The good rows read so far, and how many rows there were."""

    images: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    splits: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    row: int = 0
    skipped: int = 0
    notes: tuple[str, ...] = ()

    def add(self, line: bytes, columns: dict[str, int]) -> None:
        """Parse one line and keep it, or raise _BadRow and keep nothing."""
        if len(line) >= MAX_LINE_BYTES:
            raise _BadRow(f"expected a line below {MAX_LINE_BYTES:,} bytes, got a longer one")
        fields = line.split(b",")
        if len(fields) <= max(columns.values()):
            raise _BadRow(
                f"expected at least {max(columns.values()) + 1} columns, got {len(fields)}"
            )
        known = {column: fields[place].strip(b' "') for column, place in columns.items()}
        text = known["emotion"]
        # isdigit first: int() would also take "+3" and "0_3".
        label = int(text) if text.isdigit() and len(text) < 10 else -1
        if not 0 <= label < len(FER2013):
            raise _BadRow(f"emotion: expected 0..{len(FER2013) - 1}, got {_shown(text)}")
        usage = known.get("Usage", SPLITS[0].encode())
        split = canonical_split(usage.decode("utf-8", "replace"))
        if split is None:
            raise _BadRow(f"Usage: expected one of {', '.join(SPLITS)}, got {_shown(usage)}")
        self.images.append(_parse_pixels(known["pixels"]))
        self.labels.append(label)
        self.splits.append(SPLITS.index(split))
        self.rows.append(self.row)


def _read_rows(
    table: _Table, path: Path, skip_bad: bool, progress: Progress | None, most_rows: int | None
) -> None:
    with closing(_lines(path, progress)) as lines:
        columns = _columns(next(lines, b""), path)
        if "Usage" not in columns:
            table.notes = (f"There is no column Usage: all rows were taken as {SPLITS[0]}.",)
        for line in lines:
            line = line.strip()
            if not line:
                continue
            table.row += 1
            if most_rows is not None and table.row > most_rows:
                raise DatasetError(
                    f"{path.name}: expected at most {most_rows:,} rows, got more; give its path "
                    "on this machine instead"
                )
            try:
                table.add(line, columns)
            except _BadRow as fault:
                if not skip_bad:
                    raise DatasetError(
                        f"{path.name}, row {table.row}: {fault}; {_REMEDY}"
                    ) from None
                table.skipped += 1


def read_fer2013(
    path: str | Path,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
    most_rows: int | None = None,
) -> FaceDataset:
    """Read ``fer2013.csv`` or ``fer2013.csv.gz``, checking every row.

    Args:
        path: The file; gzip is recognised by content, not by name. The columns may come in any
            order; without Usage, as in Kaggle's ``train.csv``, every row is of Training.
        skip_bad: Count bad rows and go on, instead of raising at the first. Of a truncated gzip
            file the rows before the damage are then kept.
        progress: Called with the share read so far.
        most_rows: Refuse a file that has more; default any number.

    Returns:
        A data set with ``images`` of shape ``(n, 48, 48)`` in file order, and ``rows``.

    Raises:
        DatasetError: Naming file, row (the first after the header is 1; blank lines are not
            counted) and fault.
    """
    path = Path(path)
    table = _Table()
    try:
        _read_rows(table, path, skip_bad, progress, most_rows)
    except FileNotFoundError:
        raise DatasetError(
            f"{path}: expected a FER-2013 file, found none; check the path"
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as fault:
        if not skip_bad or not table.images:
            raise DatasetError(
                f"{path.name}, after row {table.row}: expected a whole gzip file, got a truncated "
                f"or damaged one ({fault}); copy the file again"
            ) from None
        table.skipped += 1
        table.notes += (f"The gzip file is damaged after row {table.row:,}; the rest is missing.",)
    except (OSError, UnicodeDecodeError) as fault:
        raise DatasetError(
            f"{path}: expected a readable FER-2013 file, got: {fault}; use the original "
            "fer2013.csv or .csv.gz"
        ) from None
    if not table.images:
        raise DatasetError(
            f"{path.name}: expected at least one good row, got none in {table.row:,}; use the "
            "original fer2013.csv or .csv.gz"
        )
    return FaceDataset(
        images=np.stack(table.images).reshape(-1, IMAGE_SIZE, IMAGE_SIZE),
        labels=np.asarray(table.labels, np.int8),
        splits=np.asarray(table.splits, np.int8),
        source=path.name,
        skipped=table.skipped,
        notes=table.notes,
        rows=np.asarray(table.rows, np.int32),
    )
