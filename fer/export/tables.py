"""Tables of results written row by row, so that their length does not matter for memory."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import tempfile
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from fer.export.schema import check_output, to_csv, to_frame
from fer.files import write_faults

_CHUNK = 2_000


class TableWriter:
    """Writes rows to a file in the format of its suffix; a context manager.

    The file appears under its name when everything is written; after an error it does not.

    Args:
        path: ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.
        example: A row, for the columns of a table without rows.
        excel: Begin a CSV with the mark without which Excel takes UTF-8 for the system's encoding.

    Raises:
        InputError: If the suffix is unknown or the place cannot be written.
    """

    def __init__(self, path: Path, example: dict[str, object], *, excel: bool = False) -> None:
        check_output(path)
        self.path = path
        self._example = example
        self._suffix = path.suffix.lower()
        self._partial = path.with_name(f".{path.name}.partial")
        self._waiting: list[dict[str, object]] = []
        self._written = 0
        self._parquet: Any = None
        with write_faults(path):
            self._file: IO[bytes] = self._partial.open("wb")
            self._file.write(codecs.BOM_UTF8 if excel else b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with write_faults(self.path):
                if kind is None:
                    self._finish()
                    os.replace(self._partial, self.path)
        finally:
            with contextlib.suppress(OSError):
                self._file.close()
            with contextlib.suppress(OSError):
                self._partial.unlink()

    def write(self, rows: Sequence[dict[str, object]]) -> None:
        """Append rows.

        Raises:
            InputError: If the place cannot be written, as when the disk is full.
        """
        self._waiting.extend(rows)
        if len(self._waiting) >= _CHUNK:
            with write_faults(self.path):
                self._flush()

    def _flush(self) -> None:
        rows, self._waiting = self._waiting, []
        if self._suffix == ".parquet":
            self._flush_parquet(rows)
        elif self._suffix == ".csv":
            text = to_csv(rows or [self._example])
            header, body = text.split("\r\n", 1)
            if not self._written:
                self._file.write(f"{header}\r\n".encode())
            self._file.write(body.encode() if rows else b"")
        elif self._suffix == ".jsonl":
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            self._file.write("".join(lines).encode())
        else:
            for index, row in enumerate(rows, start=self._written):
                text = textwrap.indent(json.dumps(row, indent=2, ensure_ascii=False), "  ")
                self._file.write(f"{',' if index else '['}\n{text}".encode())
        self._written += len(rows)

    def _flush_parquet(self, rows: list[dict[str, object]]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(to_frame(rows or [self._example]), preserve_index=False)
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(self._file, table.schema)
        self._parquet.write_table(table.slice(0, len(rows)).cast(self._parquet.schema))

    def _finish(self) -> None:
        if self._waiting or not self._written:
            self._flush()
        if self._parquet is not None:
            self._parquet.close()
        if self._suffix == ".json":
            self._file.write(b"\n]\n" if self._written else b"[]\n")
        self._file.flush()
        self._file.close()


def table_bytes(
    suffix: str, example: dict[str, object], blocks: Iterable[Sequence[dict[str, object]]]
) -> bytes:
    """A table as the content of a file, written block by block.

    Args:
        suffix: ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.
        example: A row, for the columns of a table without rows.
        blocks: The rows.
    """
    with tempfile.TemporaryDirectory(prefix="fer-table-") as folder:
        path = Path(folder, f"table{suffix}")
        with TableWriter(path, example) as table:
            for rows in blocks:
                table.write(rows)
        return path.read_bytes()
