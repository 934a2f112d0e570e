"""Data sets that were handed in as files: a CSV with or without votes, or a zipped class tree."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from fer.datasets.base import FaceDataset, Progress
from fer.datasets.ferplus import VOTE_COLUMNS
from fer.datasets.load import open_dataset
from fer.datasets.location import FERPLUS_FILE
from fer.datasets.pictures import SUFFIXES
from fer.errors import DatasetError

MAX_FILES = 60_000
"""Pictures, or rows of a CSV."""
MAX_UNPACKED_BYTES = 2 * 1024**3
_HEADER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A file as it came: its name is shown, never used as a path."""

    name: str
    content: BinaryIO


def _unpack(archive: BinaryIO, name: str, folder: Path) -> None:
    """Unpack the pictures of a zip file below a folder, whatever paths it claims.

    Raises:
        DatasetError: If it is no zip file, too large, or holds no picture.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [
                member
                for member in packed.infolist()
                if not member.is_dir()
                and PurePosixPath(member.filename).suffix.lower() in SUFFIXES
                and "__macosx" not in member.filename.lower()
            ]
            unpacked = sum(member.file_size for member in members)
            if len(members) > MAX_FILES or unpacked > MAX_UNPACKED_BYTES:
                raise DatasetError(
                    f"{name}: expected at most {MAX_FILES:,} pictures and "
                    f"{MAX_UNPACKED_BYTES / 1024**3:.0f} GiB unpacked, got {len(members):,} and "
                    f"{unpacked / 1024**3:.1f} GiB; unpack it on the server and give its path"
                )
            if not members:
                raise DatasetError(
                    f"{name}: expected pictures in class folders, got none; zip the folder that "
                    "holds one folder per class"
                )
            # Extract drops drive letters, leading slashes and "..".
            for member in members:
                packed.extract(member, folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as fault:
        raise DatasetError(
            f"{name}: expected a zip file, got: {fault}; zip the folder again, without a password"
        ) from None


def _tree_root(folder: Path) -> Path:
    """The folder below which the tree begins: zips often wrap it in one folder of its own name."""
    from fer.datasets.folders import is_class_tree

    while not is_class_tree(folder):
        inside = [child for child in folder.iterdir() if child.is_dir()]
        # A folder of pictures alone is a class, whatever it is called.
        if len(inside) != 1 or not any(child.is_dir() for child in inside[0].iterdir()):
            return folder
        folder = inside[0]
    return folder


def _is_votes(file: HandedIn) -> bool:
    head = file.content.read(_HEADER_BYTES).split(b"\n", 1)[0].decode("utf-8", "replace")
    file.content.seek(0)
    return {name.strip() for name in head.split(",")} >= set(VOTE_COLUMNS)


def open_handed_in(
    files: Iterable[HandedIn], *, skip_bad: bool = False, progress: Progress | None = None
) -> FaceDataset:
    """Open what a user handed in; it lies in a temporary folder while it is read, no longer.

    Args:
        files: One ``fer2013.csv`` or ``.csv.gz``, with or without a ``fer2013new.csv`` of votes;
            or one ``.zip`` of class folders.
        skip_bad: As for ``open_dataset``.
        progress: Called with the share read.

    Raises:
        DatasetError: If they are something else, damaged, or do not belong together.
    """
    files = list(files)
    votes = [one for one in files if one.name.lower().endswith(".csv") and _is_votes(one)]
    data = [one for one in files if one not in votes]
    if len(data) != 1 or len(votes) > 1:
        raise DatasetError(
            "upload: expected one fer2013.csv(.gz), alone or with one fer2013new.csv, or one zip "
            f"of class folders, got {len(data)} of the first and {len(votes)} of votes; choose "
            "again"
        )
    (file,) = data
    with tempfile.TemporaryDirectory(prefix="fer-upload-") as scratch:
        folder = Path(scratch)
        ferplus = None
        if votes:
            ferplus = folder / FERPLUS_FILE
            with ferplus.open("wb") as copy:
                shutil.copyfileobj(votes[0].content, copy)
        if file.name.lower().endswith(".zip"):
            path = folder / "tree"
            path.mkdir()
            _unpack(file.content, file.name, path)
            path = _tree_root(path)
        else:
            packed = file.content.read(2) == b"\x1f\x8b"
            file.content.seek(0)
            path = folder / ("uploaded.csv.gz" if packed else "uploaded.csv")
            with path.open("wb") as copy:
                shutil.copyfileobj(file.content, copy)
        try:
            dataset = open_dataset(
                path,
                ferplus=ferplus,
                skip_bad=skip_bad,
                progress=progress,
                use_cache=False,
                most_rows=MAX_FILES,
            )
        except DatasetError as fault:
            # The user knows the file by its own name.
            said = str(fault).replace(str(path), file.name).replace(path.name, file.name, 1)
            raise DatasetError(said) from fault
        return replace(dataset, source=file.name)
