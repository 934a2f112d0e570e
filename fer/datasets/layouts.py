"""Data sets as they are distributed: which one a folder holds, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fer.datasets import affectnet, ckplus, rafdb
from fer.datasets.base import FaceDataset, Progress
from fer.datasets.gather import Cut, Faults, Listed, gather
from fer.datasets.label_map import MAPS, LabelMap


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout.

    Attributes:
        words: What its classes mean; a key of ``MAPS``.
        holds: Whether a folder has it, told from what lies in it.
        rows: Lists its pictures.
        cutter: Makes what finds the face, where neither picture nor row says where it is.
    """

    words: str
    holds: Callable[[Path], object]
    rows: Callable[[Path, Faults], Iterator[Listed]]
    cutter: Callable[[], Cut | None] = lambda: None

    def read(
        self,
        path: Path,
        *,
        words: LabelMap | None = None,
        skip_bad: bool = False,
        progress: Progress | None = None,
    ) -> FaceDataset:
        """Read a folder.

        Args:
            path: Of the data set.
            words: What the classes mean, where it is not the usual.
            skip_bad: Count bad rows and files and go on.
            progress: Called with the share read so far.

        Raises:
            DatasetError: Naming file, row or line, and fault.
        """
        faults = Faults(path.resolve(), skip_bad)
        rows = list(self.rows(faults.root, faults))
        words = words or MAPS[self.words]
        return gather(rows, words, faults, cut=self.cutter(), progress=progress)


_LAYOUTS = (
    Layout("ck+", ckplus.label_folder, ckplus.rows, ckplus.face_cutter),
    Layout("raf-db", rafdb.list_file, rafdb.rows),
    Layout("affectnet", affectnet.holds, affectnet.rows),
)


def layout_of(path: Path) -> Layout | None:
    """The layout of CK+, RAF-DB or AffectNet that a folder has, or None for another one."""
    try:
        return next((one for one in _LAYOUTS if one.holds(path)), None)
    except OSError:
        return None
