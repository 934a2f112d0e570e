"""What a job has done so far, a line a source, so that it can go on after a kill.

A journal that is found was written by anybody: it is checked whole before a line of it is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from fer.errors import InputError
from fer.files import FolderLock, replace_file, write_faults
from fer.media.sources import Source

Rows = list[dict[str, object]]

_Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")]


_STATUSES = ("ok", "no face", "partial", "error")


def _checked(row: dict[str, object]) -> dict[str, object]:
    plain = all(isinstance(value, str | int | float | None) for value in row.values())
    if not plain or not isinstance(row.get("source"), str) or row.get("status") not in _STATUSES:
        raise ValueError("a row without source or status, or with more than numbers and text")
    return row


_Row = Annotated[dict[str, object], AfterValidator(_checked)]


class Entry(BaseModel):
    """A line of the journal, see ``Journal.note``."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    key: _Key
    source: str
    digest: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
    # Read from, so that it must not lead out of the job's folder.
    frames: Annotated[str, StringConstraints(pattern=r"^(videos/[0-9a-f]{24})?$")]
    note: str
    rows: list[_Row]


def _damaged(folder: Path) -> InputError:
    return InputError(
        f"{folder}: expected an unfinished job, found a damaged one; delete that folder"
    )


def claim(folder: Path, identity: dict[str, object], *, resume: bool) -> tuple[FolderLock, bool]:
    """Take the folder of a job.

    Args:
        folder: Of this job alone.
        identity: What makes a job the same job: its model, detector and options.
        resume: Go on with what an earlier run has left.

    Returns:
        Its lock, and whether the job is new.

    Raises:
        InputError: If the folder holds an unfinished job and ``resume`` is off, or one of another
            identity, or a damaged one, or another process is at work on it.
    """
    lock = FolderLock(folder)
    head = folder / "analysis.json"
    try:
        if not head.exists():
            with write_faults(folder):
                replace_file(head, json.dumps(identity).encode())
            return lock, True
        if not resume:
            raise InputError(
                f"{folder}: expected no unfinished job, found one; add --resume to go on with it, "
                "or delete that folder"
            )
        try:
            known = json.loads(head.read_text())
        except (OSError, ValueError):
            raise _damaged(folder) from None
        if known != identity:
            raise InputError(
                f"{folder}: expected an unfinished job with the same model, detector and options, "
                "found one with others; use those, or delete that folder"
            )
    except BaseException:
        lock.close()
        raise
    return lock, False


class Journal:
    """A file of finished sources in a folder of its job.

    What an earlier run has done of other inputs, or of a file before it changed, stays in the file
    and is passed over.

    Args:
        folder: As for ``claim``, as are the others.
        identity: Of the job.
        resume: Whether to go on.
        wanted: Keys of the sources that were handed in.

    Attributes:
        keys: Of those that are done.
        earlier: Digest -> name of the first picture with it that an earlier run has done.
        faulty: Whether one that is done could not be read, or not whole.

    Raises:
        InputError: As ``claim``, or if a line of it is damaged.
    """

    def __init__(
        self,
        folder: Path,
        identity: dict[str, object],
        *,
        resume: bool,
        wanted: Collection[str],
    ) -> None:
        self.folder = folder
        self._wanted = frozenset(wanted)
        self.keys: set[str] = set()
        self.earlier: dict[str, str] = {}
        self.faulty = False
        self._file = folder / "journal.jsonl"
        self._lock, new = claim(folder, identity, resume=resume)
        try:
            if new:
                with write_faults(folder):
                    self._file.write_bytes(b"")
            else:
                self._resume()
        except BaseException:
            self._lock.close()
            raise

    def _resume(self) -> None:
        good = 0
        try:
            with self._file.open("rb") as lines:
                for line in lines:
                    # A line that a kill cut short is done again.
                    if not line.endswith(b"\n"):
                        break
                    entry = Entry.model_validate_json(line)
                    self._check_frames(entry)
                    if entry.key in self._wanted and entry.key not in self.keys:
                        self._take(entry.key, entry.rows)
                        self.earlier.setdefault(entry.digest, entry.source)
                    good += len(line)
        except (OSError, ValueError):
            raise _damaged(self.folder) from None
        with write_faults(self._file):
            os.truncate(self._file, good)

    def note(
        self,
        key: str,
        source: Source,
        rows: Rows,
        *,
        digest: str = "",
        frames: str = "",
        note: str = "",
    ) -> None:
        """Write down that a source is done.

        Args:
            key: Its key when the job began; a file that has changed since has another.
            source: Which.
            rows: Of the table; a video's frames lie in a file of their own.
            digest: SHA-256 of the bytes of a picture.
            frames: Folder of a video's frames, relative to the job's.
            note: About the video as a whole.

        Raises:
            InputError: If the place cannot be written, as when the disk is full.
        """
        name = source.name.encode("utf-8", "backslashreplace").decode()
        content = {
            "key": key,
            "source": name,
            "digest": digest,
            "frames": frames,
            "note": note,
            "rows": rows,
        }
        with write_faults(self._file), self._file.open("ab") as lines:
            lines.write(json.dumps(content, separators=(",", ":")).encode() + b"\n")
        self._take(key, rows)

    def _check_frames(self, entry: Entry) -> None:
        place = self.folder / entry.frames
        inside = place.resolve().is_relative_to(self.folder.resolve())
        if entry.frames and not (inside and place.is_dir()):
            raise ValueError("frames that are not there")

    def _take(self, key: str, rows: Rows) -> None:
        self.keys.add(key)
        self.faulty |= any(row["status"] in ("error", "partial") for row in rows)

    def entries(self) -> Iterator[Entry]:
        """What was noted of the sources that were handed in, in order, each once."""
        left = set(self.keys)
        with self._file.open("rb") as lines:
            for entry in map(Entry.model_validate_json, lines):
                if entry.key in left:
                    left.remove(entry.key)
                    yield entry

    def close(self) -> None:
        """Let another process have the folder."""
        self._lock.close()
