"""Which reader a folder needs, told from what lies in it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from fer.datasets import affectnet, ckplus, rafdb
from fer.datasets.base import FaceDataset, Progress
from fer.datasets.label_map import LabelMap


class Reader(Protocol):
    """A reader of one layout."""

    def __call__(
        self,
        path: str | Path,
        *,
        words: LabelMap | None = None,
        skip_bad: bool = False,
        progress: Progress | None = None,
    ) -> FaceDataset:
        """Read a folder; see ``fer.datasets.rafdb.read_rafdb``."""
        ...


def layout_of(path: Path) -> Reader | None:
    """The reader of CK+, RAF-DB or AffectNet that a folder needs, or None for another layout."""
    try:
        if ckplus.label_folder(path) is not None:
            return ckplus.read_ckplus
        if rafdb.list_file(path) is not None:
            return rafdb.read_rafdb
        if affectnet.tables(path) or affectnet.sets(path):
            return affectnet.read_affectnet
    except OSError:
        return None
    return None
