"""Data sets that were handed in as files: a CSV with or without votes, or a zipped class tree."""

from __future__ import annotations

import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from fer.datasets.base import FaceDataset, Progress
from fer.datasets.ferplus import VOTE_COLUMNS
from fer.datasets.load import open_dataset
from fer.datasets.location import FERPLUS_FILE
from fer.datasets.stored import load, store
from fer.decoding import Answer, Job, Session, long_decoders
from fer.errors import DatasetError
from fer.files import write_faults
from fer.pictures.content import IMAGE_SUFFIXES

MAX_FILES = 60_000
"""Pictures, or rows of a CSV."""
MAX_UNPACKED_BYTES = 2 * 1024**3
_HEADER_BYTES = 4096
_UPLOADED, _READ_AS = "uploaded.csv", "read"
_READ = Job(
    "fer.datasets.archive:read",
    what="a data set",
    remedy="give its path on the server instead",
    fault=DatasetError,
    deadline_s=300,
    output_bytes=MAX_UNPACKED_BYTES,
)
_TELL_S = 0.2


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A file as it came: its name is shown, never used as a path."""

    name: str
    content: BinaryIO


def _unpack(archive: Path, name: str, folder: Path) -> None:
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
                and PurePosixPath(member.filename).suffix.lower() in IMAGE_SUFFIXES
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
    except (
        *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError),
        *(RuntimeError, OSError, EOFError, ValueError),
    ) as fault:
        raise DatasetError(
            f"{name}: expected a zip file, got: {getattr(fault, 'strerror', None) or fault}; zip "
            "the folder again, without a password"
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
    """Open what a user handed in, in a process that can be killed.

    It lies in a temporary folder while it is read, no longer.

    Args:
        files: One ``fer2013.csv`` or ``.csv.gz``, with or without a ``fer2013new.csv`` of votes;
            or one ``.zip`` of class folders.
        skip_bad: As for ``open_dataset``.
        progress: Called with the share read.

    Raises:
        DatasetError: If they are something else, damaged, too large, or do not belong together.
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
        with write_faults(folder):
            for one, place in ((file, _UPLOADED), *((one, FERPLUS_FILE) for one in votes)):
                with (folder / place).open("wb") as copy:
                    shutil.copyfileobj(one.content, copy)
        for facts, _image in long_decoders.work(
            _READ, file.name, Session(), folder=scratch, votes=bool(votes), skip_bad=skip_bad
        ):
            if progress is not None:
                progress(facts["share"])
        return replace(load(folder / _READ_AS, mapped=False), source=file.name)


def read(_data: bytes, *, name: str, folder: str, votes: bool, skip_bad: bool) -> Iterator[Answer]:
    """In the decoder: how far it is; what was found is stored in the folder."""
    share = 0.0

    def show(now: float) -> None:
        nonlocal share
        share = now

    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(_opened, Path(folder), name, votes, skip_bad, show)
        while not wait([work], _TELL_S).done:
            yield {"share": share}, None
        dataset = work.result()
    target = Path(folder, _READ_AS)
    target.mkdir()
    store(dataset, target)


def _opened(
    folder: Path, name: str, votes: bool, skip_bad: bool, progress: Progress
) -> FaceDataset:
    path = folder / _UPLOADED
    if name.lower().endswith(".zip"):
        _unpack(path, name, folder / "tree")
        path = _tree_root(folder / "tree")
    try:
        return open_dataset(
            path,
            ferplus=folder / FERPLUS_FILE if votes else None,
            skip_bad=skip_bad,
            progress=progress,
            use_cache=False,
            most_rows=MAX_FILES,
        )
    except DatasetError as fault:
        # The user knows the file by its own name.
        said = str(fault).replace(str(path), name).replace(path.name, name, 1)
        raise DatasetError(said) from fault
