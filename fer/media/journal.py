"""What a job has done so far, a line per source, so that it can go on after a kill."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from fer.errors import InputError
from fer.files import replace_file, write_faults
from fer.media.sources import Source

Rows = list[dict[str, object]]


class Entry(TypedDict):
    """A line of the journal, see ``Journal.note``."""

    key: str
    source: str
    digest: str
    frames: str
    note: str
    rows: Rows


class Journal:
    """A file of finished sources in a folder of its job.

    Args:
        folder: Of this job alone.
        identity: What makes a job the same job: its model and its options.
        resume: Go on with what an earlier run has left.

    Attributes:
        keys: Of the sources that are done.
        earlier: Digest and name of what an earlier run has done.
        faulty: Whether a source that is done could not be read, or not whole.

    Raises:
        InputError: If the folder holds an unfinished job and ``resume`` is off, or one of another
            identity, or a damaged one.
    """

    def __init__(self, folder: Path, identity: dict[str, object], *, resume: bool) -> None:
        self.folder = folder
        self.keys: set[str] = set()
        self.earlier: list[tuple[str, str]] = []
        self.faulty = False
        self._file = folder / "journal.jsonl"
        head = folder / "analysis.json"
        if head.exists():
            if not resume:
                raise InputError(
                    f"{folder}: expected no unfinished job, found one; add --resume to go on "
                    "with it, or delete that folder"
                )
            self._resume(head, identity)
            return
        with write_faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
            replace_file(head, json.dumps(identity).encode())
            self._file.write_bytes(b"")

    def _resume(self, head: Path, identity: dict[str, object]) -> None:
        try:
            known = json.loads(head.read_text())
            good = 0
            with self._file.open("rb") as lines:
                for line in lines:
                    # A line that a kill cut short is done again.
                    if not line.endswith(b"\n"):
                        break
                    entry = json.loads(line)
                    self._take(entry["key"], entry["rows"])
                    self.earlier.append((entry["digest"], entry["source"]))
                    good += len(line)
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(
                f"{self.folder}: expected an unfinished job, found a damaged one; delete that "
                "folder"
            ) from None
        if known != identity:
            raise InputError(
                f"{self.folder}: expected an unfinished job with the same model and options, found "
                "one with others; use those, or delete that folder"
            )
        with write_faults(self._file):
            os.truncate(self._file, good)

    def note(
        self, source: Source, rows: Rows, *, digest: str = "", frames: str = "", note: str = ""
    ) -> None:
        """Write down that a source is done.

        Args:
            source: Which.
            rows: Of the table; a video's frames lie in a file of their own.
            digest: SHA-256 of the bytes of a picture.
            frames: Folder of a video's frames, relative to the job's.
            note: About the video as a whole.

        Raises:
            InputError: If the place cannot be written, as when the disk is full.
        """
        entry = Entry(
            key=source.key,
            source=source.name.encode("utf-8", "backslashreplace").decode(),
            digest=digest,
            frames=frames,
            note=note,
            rows=rows,
        )
        with write_faults(self._file), self._file.open("ab") as lines:
            lines.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        self._take(source.key, rows)

    def _take(self, key: str, rows: Rows) -> None:
        self.keys.add(key)
        self.faulty |= any(row["status"] in ("error", "partial") for row in rows)

    def entries(self) -> Iterator[Entry]:
        """What was noted, in order."""
        with self._file.open("rb") as lines:
            yield from map(json.loads, lines)
