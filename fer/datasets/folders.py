"""Reader of class-folder trees: ``train/<class>/*.jpg``, ``images/train/<class>/*.jpg`` and so on.

The public folder copies of FER-2013 keep the split of each image at the start of its file name;
where they do, the official split is recovered from there, whatever the folder is called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fer.datasets.base import SPLITS, FaceDataset, Progress, canonical_split
from fer.datasets.gather import Faults, Listed, gather
from fer.datasets.label_map import LEFT_OUT, OWN_NAMES, PLAIN, LabelMap
from fer.errors import DatasetError
from fer.labels import ALL
from fer.pictures.content import IMAGE_SUFFIXES

_WRAPPER = "images"
_LAYOUTS = "train/<class>/*.jpg and test/<class>/*.jpg, or <class>/*.jpg"
_IGNORED_FOLDERS = frozenset({"__macosx", "__pycache__"})
_IGNORED_FILES = frozenset({"thumbs.db", "desktop.ini"})
_TELLING_NAME = re.compile(r"(training|publictest|privatetest)_", re.IGNORECASE)
_OFFICIAL = frozenset(name.lower() for name in SPLITS)


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort key that puts ``2.jpg`` before ``10.jpg``, the same on every system."""
    parts = re.split(r"([0-9]+)", path.name)  # every second part is a number
    return [(1, int(part), part) if i % 2 else (0, 0, part) for i, part in enumerate(parts)]


def _subfolders(path: Path) -> list[Path]:
    return sorted(
        child
        for child in path.iterdir()
        if child.is_dir()
        and not child.name.startswith(".")
        and child.name.lower() not in _IGNORED_FOLDERS
    )


def _level(root: Path, words: LabelMap = PLAIN) -> tuple[list[Path], list[Path]] | None:
    """The split folders, or else the class folders with their unknown neighbours, of a tree.

    A folder called ``images`` is entered where nothing better lies beside it; two deep, because
    one public archive nests it in itself.
    """
    path = root
    for _ in range(3):
        folders = _subfolders(path)
        splits = [child for child in folders if canonical_split(child.name)]
        if splits:
            return splits, [child for child in folders if child not in splits]
        if any(words.find(child.name) for child in folders if child.name.lower() != _WRAPPER):
            return [], folders
        inner = [
            child for child in folders if child.name.lower() == _WRAPPER and not child.is_symlink()
        ]
        if not inner:
            return None
        path = inner[0]
    return None


def is_class_tree(path: Path, words: LabelMap = PLAIN) -> bool:
    """Whether a folder looks like a class-folder tree; looks at folder names only."""
    try:
        level = _level(path, words)
        if level is None:
            return False
        splits, _ = level
        classes = (child for split in splits for child in _subfolders(split))
        return not splits or any(words.find(child.name) for child in classes)
    except OSError:
        return False


class _Listing:
    """The pictures of a tree, and what its reader had to assume."""

    def __init__(self, words: LabelMap, faults: Faults) -> None:
        self._words, self._faults = words, faults
        self.rows: list[Listed] = []
        self._others: list[str] = []
        self._untold: Counter[tuple[str, str]] = Counter()
        self._moved = 0

    def add_tree(self, splits: list[Path], others: list[Path]) -> None:
        """List what ``_level`` has found."""
        for folder in sorted(splits, key=lambda p: SPLITS.index(canonical_split(p.name) or "")):
            if not self._inside(folder):
                continue
            classes = _subfolders(folder)
            if not classes:
                self._faults.add(folder, "expected class folders, got none; add or remove them")
            for child in classes:
                self._add_class(child, folder.name)
        for child in others:
            if not splits:
                self._add_class(child, "")
            elif child.name.lower() != _WRAPPER:  # one public archive has a copy of itself there
                self._faults.add(
                    child,
                    "expected split folders such as train and test beside each other, got "
                    f"{child.name!r}; rename or remove it",
                )

    def _inside(self, path: Path) -> bool:
        """False, after reporting it, for a link that leads out of the tree."""
        if not path.is_symlink() or path.resolve().is_relative_to(self._faults.root):
            return True
        fault = "expected a file or folder of the tree, got a link out of it; replace it"
        self._faults.add(path, fault)
        return False

    def _add_class(self, folder: Path, split_folder: str) -> None:
        if not self._inside(folder):
            return
        label = self._words.find(folder.name)
        if label is None:
            own = self._words is OWN_NAMES
            names = f"one of {', '.join(ALL)}"
            names = "with up to 30 letters, digits, spaces and dashes" if own else names
            self._faults.add(
                folder,
                f"expected a class folder named {names}, got {folder.name!r}; rename or remove "
                "it, or say with --class-names what it means ('own': a class of your own)",
            )
            return
        found = 0
        for path in sorted(folder.iterdir(), key=_natural):
            if path.name.startswith(".") or path.name.lower() in _IGNORED_FILES:
                continue
            if path.suffix.lower() not in IMAGE_SUFFIXES:
                self._others.append(path.name)
                continue
            found += 1
            if self._inside(path):
                self._add_picture(path, folder.name, split_folder, counted=label != LEFT_OUT)
        if not found:
            self._faults.add(folder, "expected pictures, got an empty folder; add or remove them")

    def _add_picture(self, path: Path, label: str, split_folder: str, *, counted: bool) -> None:
        told = _TELLING_NAME.match(path.name)
        usual = canonical_split(split_folder) or SPLITS[0]
        split = (canonical_split(told[1]) if told else None) or usual
        self.rows.append(Listed(path, label, split))
        if counted and told is None:
            self._untold[split_folder, split] += 1
        elif counted and split_folder:
            self._moved += split != usual

    def notes(self) -> Iterator[str]:
        """One sentence each."""
        for (folder, split), count in self._untold.items():
            said = f"{count:,} files without a split in their name were taken as {split}"
            if not folder:
                yield f"There are no split folders: {said}."
            elif folder.lower() not in _OFFICIAL:
                yield f"{folder}/: {said}; this need not be the official split."
        if self._moved:
            yield (
                f"{self._moved:,} files were put into the split that their name tells, not their "
                "folder's."
            )
        if self._others:
            yield (
                f"{len(self._others):,} files that are no pictures were left out, such as "
                f"{self._others[0]}."
            )


def read_folders(
    path: str | Path,
    *,
    words: LabelMap = PLAIN,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> FaceDataset:
    """Read a tree of class folders, with or without split folders above them.

    Pictures of any size are made grey and 48x48. The order is that of the splits, then of the
    folder names, then of the file names with numbers by value, on every system.

    Args:
        path: The folder that holds the split folders, the class folders, or ``images``.
        words: What other folder names mean, numbers for example.
        skip_bad: Count unknown or empty class folders, links that leave the tree and broken
            pictures, and go on, instead of raising at the first.
        progress: Called with the share read so far.

    Returns:
        A data set whose ``label_names`` are FER-2013's seven, or those and contempt when there
        is such a folder; with ``OWN_NAMES`` those of the folders, sorted. ``notes`` says which
        splits were assumed, and what was resized.

    Raises:
        DatasetError: Naming folder or file, and fault.
    """
    root = Path(path)
    if not root.is_dir():
        raise DatasetError(
            f"{root}: expected a folder of class folders, found none; check the path"
        )
    faults = Faults(root.resolve(), skip_bad)
    listing = _Listing(words, faults)
    try:
        level = _level(faults.root, words)
        if level is None:
            found = ", ".join(child.name for child in _subfolders(root))[:80] or "no folder"
            raise DatasetError(
                f"{root}: expected {_LAYOUTS}, got {found}; give the folder that holds the class "
                "folders or their split folders"
            )
        listing.add_tree(*level)
    except OSError as fault:
        raise DatasetError(
            f"{root}: expected a readable folder, got: {fault}; check its permissions"
        ) from None
    faults.notes += listing.notes()
    return gather(listing.rows, words, faults, progress=progress)
