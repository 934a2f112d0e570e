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

import numpy as np
import numpy.typing as npt
from platformdirs import user_cache_path

from fer.datasets.base import IMAGE_SIZE, FaceDataset, Progress
from fer.datasets.fer2013 import read_fer2013

VARIABLE = "FER_CACHE"
KEEP = 4
"""Entries kept, newest first; each is as large as its images (83 MB for FER-2013)."""

# Part of each key: raise it when the files of an entry or the reader's checks change.
_FORMAT = 1
_META = "meta.json"
_TEMPORARY = ".writing-"
_ABANDONED_S = 3600.0
_ARRAYS = {"images": np.uint8, "labels": np.int8, "splits": np.int8, "rows": np.int32}

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


def _load(entry: Path) -> FaceDataset:
    """Open an entry.

    Raises:
        OSError, ValueError, KeyError, TypeError: If it is incomplete or damaged.
    """
    meta = json.loads((entry / _META).read_text(encoding="utf-8"))
    # Only the images are mapped: each map keeps a file open, and the other arrays are small.
    images = np.load(entry / "images.npy", mmap_mode="r", allow_pickle=False)
    labels, splits, rows = (
        np.load(entry / f"{name}.npy", allow_pickle=False) for name in ("labels", "splits", "rows")
    )
    for name, array in {"images": images, "labels": labels, "splits": splits, "rows": rows}.items():
        shape = (meta["rows"], IMAGE_SIZE, IMAGE_SIZE) if name == "images" else (meta["rows"],)
        if array.shape != shape or array.dtype != _ARRAYS[name]:
            raise ValueError(f"{name}: expected {shape}, got {array.shape} {array.dtype}")
    label_names, split_names = tuple(meta["label_names"]), tuple(meta["split_names"])
    for codes, names in ((labels, label_names), (splits, split_names)):
        if codes.min() < 0 or codes.max() >= len(names):
            raise ValueError("a code is out of range")
    return FaceDataset(
        images=images,
        labels=labels,
        splits=splits,
        label_names=label_names,
        split_names=split_names,
        source=str(meta["source"]),
        skipped=int(meta["skipped"]),
        notes=tuple(meta["notes"]),
        rows=rows,
    )


def _store(dataset: FaceDataset, entry: Path) -> None:
    """Write an entry so that a reader sees all of it or nothing.

    Raises:
        OSError: If it cannot be written.
    """
    entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=entry.parent))
    try:
        arrays: dict[str, npt.NDArray[np.generic] | None] = {
            name: getattr(dataset, name) for name in _ARRAYS
        }
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", np.asarray(array), allow_pickle=False)
        meta = {
            "rows": len(dataset),
            "label_names": dataset.label_names,
            "split_names": dataset.split_names,
            "source": dataset.source,
            "skipped": dataset.skipped,
            "notes": dataset.notes,
        }
        (temporary / _META).write_text(json.dumps(meta), encoding="utf-8")
        # A folder cannot be renamed onto a filled one: a damaged entry goes first. A session that
        # has it mapped keeps its pages.
        shutil.rmtree(entry, ignore_errors=True)
        try:
            temporary.rename(entry)
        except OSError:
            if not (entry / _META).is_file():  # else another session was faster
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _prune(directory: Path) -> None:
    """Drop all but the newest entries, and what a killed session left; what cannot be stays."""
    with suppress(OSError):
        for path in directory.glob(f"{_TEMPORARY}*"):
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)
        entries = [path for path in directory.iterdir() if (path / _META).is_file()]
        entries.sort(key=lambda path: (path / _META).stat().st_mtime_ns, reverse=True)
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
            dataset = _load(entry)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError) as fault:
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
        dataset = _load(entry)
    except (OSError, ValueError) as fault:
        _log.warning("%s: could not cache %s, going on without: %s", entry, path.name, fault)
    else:
        _prune(entry.parent)
    return dataset
