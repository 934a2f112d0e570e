"""A cache of parsed CSV files, kept as plain ``.npy`` so that later reads are memory maps.

Sessions that map the same file share its pages: ten viewers of FER-2013 cost 83 MB, not 830. The
cache is only ever a shortcut: when it cannot be written or is damaged, the file is read again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from fer.datasets.base import FaceDataset, Progress
from fer.datasets.fer2013 import read_fer2013
from fer.datasets.stored import META, load, store
from fer.errors import DatasetError

VARIABLE = "FER_CACHE"
KEEP = 4
"""Entries kept, newest first; each is as large as its images (83 MB for FER-2013)."""

# Part of each key: raise it when the files of an entry or the reader's checks change.
_FORMAT = 2
_TEMPORARY = ".writing-"
_ABANDONED_S = 3600.0
_DAMAGES = (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, DatasetError)

_log = logging.getLogger(__name__)


def cache_directory() -> Path:
    """The folder of the entries: below ``FER_CACHE``, else below the user's cache folder."""
    variable = os.environ.get(VARIABLE, "").strip()
    root = Path(variable).expanduser() if variable else user_cache_path("fer-dashboard")
    return root / "datasets"


def _key(path: Path, skip_bad: bool) -> str:
    status = path.stat()
    identity = [_FORMAT, str(path), status.st_size, status.st_mtime_ns, skip_bad]
    return hashlib.blake2b(json.dumps(identity).encode(), digest_size=16).hexdigest()


def _store(dataset: FaceDataset, entry: Path) -> None:
    """Write an entry so that a reader sees all of it or nothing.

    Raises:
        OSError: If it cannot be written.
    """
    entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=entry.parent))
    try:
        store(dataset, temporary)
        # A folder cannot be renamed onto a filled one: a damaged entry goes first. A session that
        # has it mapped keeps its pages.
        shutil.rmtree(entry, ignore_errors=True)
        try:
            temporary.rename(entry)
        except OSError:
            if not (entry / META).is_file():  # else another session was faster
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _prune(directory: Path) -> None:
    """Drop all but the newest entries, and what a killed session left; what cannot be stays."""
    with suppress(OSError):
        for path in directory.glob(f"{_TEMPORARY}*"):
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)
        entries = [path for path in directory.iterdir() if (path / META).is_file()]
        entries.sort(key=lambda path: (path / META).stat().st_mtime_ns, reverse=True)
        for entry in entries[KEEP:]:
            shutil.rmtree(entry, ignore_errors=True)


def read_cached(
    path: str | Path, *, skip_bad: bool = False, progress: Progress | None = None
) -> FaceDataset:
    """Read a FER-2013 file, or map what an earlier call parsed from it.

    An entry belongs to the file's absolute path, size and modification time and to ``skip_bad``.

    Args:
        path: ``fer2013.csv`` or ``fer2013.csv.gz``.
        skip_bad: As for ``read_fer2013``.
        progress: Called with the share read so far; once, with 1, when nothing is parsed.

    Returns:
        The same as ``read_fer2013``, with ``images`` as a read-only memory map where the cache
        could be written.

    Raises:
        DatasetError: As ``read_fer2013``; never because of the cache.
    """
    path = Path(path).expanduser().absolute()
    try:
        key = _key(path, skip_bad)
    except OSError:
        return read_fer2013(path, skip_bad=skip_bad, progress=progress)  # which says what is wrong
    entry = cache_directory() / key
    if os.path.isdir(entry):  # Path.is_dir() may raise where it is not allowed to look
        try:
            dataset = load(entry)
        except _DAMAGES as fault:
            _log.warning("%s: damaged cache entry, reading %s again: %s", entry, path.name, fault)
        else:
            if progress is not None:
                progress(1.0)
            return dataset
    dataset = read_fer2013(path, skip_bad=skip_bad, progress=progress)
    try:
        if _key(path, skip_bad) != key:  # the file changed while it was read
            return dataset
        _store(dataset, entry)
        dataset = load(entry)
    except (OSError, ValueError) as fault:
        _log.warning("%s: could not cache %s, going on without: %s", entry, path.name, fault)
    else:
        _prune(entry.parent)
    return dataset
