"""Reader of class-folder trees: ``train/<class>/*.jpg``, ``images/train/<class>/*.jpg`` and so on.

The public folder copies of FER-2013 keep the split of each image at the start of its file name;
where they do, the official split is recovered from there, whatever the folder is called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer.datasets.base import IMAGE_SIZE, SPLITS, FaceDataset, Progress, canonical_split
from fer.datasets.faults import Faults
from fer.datasets.label_map import LEFT_OUT, OWN_NAMES, PLAIN, LabelMap
from fer.datasets.pictures import SUFFIXES, BadPicture, PictureFile, read_picture
from fer.errors import DatasetError
from fer.labels import ALL, FER2013, FEWEST_OWN, MOST_OWN, in_order

_WRAPPER = "images"
_LAYOUTS = "train/<class>/*.jpg and test/<class>/*.jpg, or <class>/*.jpg"
_IGNORED_FOLDERS = frozenset({"__macosx", "__pycache__"})
_IGNORED_FILES = frozenset({"thumbs.db", "desktop.ini"})
_TELLING_NAME = re.compile(r"(training|publictest|privatetest)_", re.IGNORECASE)
_OFFICIAL = frozenset(name.lower() for name in SPLITS)


@dataclass(frozen=True, slots=True)
class _File:
    """A picture to read; ``folder`` is the split folder's own name, "" when there is none."""

    path: Path
    label: str
    split: str
    folder: str
    told: bool


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


def _inside(path: Path, root: Path, faults: Faults) -> bool:
    """False, after reporting it, for a link that leads out of the tree."""
    if not path.is_symlink() or path.resolve().is_relative_to(root):
        return True
    faults.add(path, "expected a file or folder of the tree, got a link out of it", "replace it")
    return False


def _class_files(
    folder: Path, split_folder: str, root: Path, words: LabelMap, faults: Faults
) -> Iterator[_File]:
    label = words.find(folder.name)
    if label is None:
        faults.add(
            folder,
            f"expected a class folder named {_expected(words)}, got {folder.name!r}",
            "rename or remove it, or say with --class-names what it means ('own': a class of your "
            "own)",
        )
        return
    found = 0
    for path in sorted(folder.iterdir(), key=_natural):
        if path.name.startswith(".") or path.name.lower() in _IGNORED_FILES:
            continue
        if path.suffix.lower() not in SUFFIXES:
            faults.notes.append(path.name)
            continue
        found += 1
        if not _inside(path, root, faults):
            continue
        told = _TELLING_NAME.match(path.name)
        split = canonical_split(told[1] if told else split_folder) or SPLITS[0]
        yield _File(path, label, split, split_folder, told is not None)
    if not found:
        faults.add(folder, "expected pictures, got an empty folder", "add some or remove it")


def _expected(words: LabelMap) -> str:
    if words is OWN_NAMES:
        return "with up to 30 letters, digits, spaces and dashes"
    return f"one of {', '.join(ALL)}"


def _class_names(root: Path, files: list[_File], words: LabelMap) -> tuple[str, ...]:
    """The classes of a tree: the published ones, or those of one's own that it holds."""
    found = {file.label for file in files}
    if words is not OWN_NAMES:
        return FER2013 if found <= set(FER2013) else ALL
    if not FEWEST_OWN <= len(found) <= MOST_OWN:
        raise DatasetError(
            f"{root}: expected {FEWEST_OWN} to {MOST_OWN} class folders with pictures, got "
            f"{len(found)}; give the folder that holds them, or their split folders"
        )
    return tuple(in_order(found))


def _list_files(root: Path, words: LabelMap, faults: Faults) -> list[_File]:
    level = _level(root, words)
    if level is None:
        found = ", ".join(child.name for child in _subfolders(root))[:80] or "no folder"
        raise DatasetError(
            f"{root}: expected {_LAYOUTS}, got {found}; give the folder that holds the class "
            "folders or their split folders"
        )
    splits, others = level
    files: list[_File] = []
    for folder in sorted(splits, key=lambda path: SPLITS.index(canonical_split(path.name) or "")):
        if not _inside(folder, root, faults):
            continue
        classes = _subfolders(folder)
        if not classes:
            faults.add(folder, "expected class folders, got none", "add them or remove it")
        for child in classes:
            if _inside(child, root, faults):
                files += _class_files(child, folder.name, root, words, faults)
    for child in others:
        if splits and child.name.lower() == _WRAPPER:
            continue  # one public archive carries a second copy of itself there
        if splits:
            faults.add(
                child,
                "expected split folders such as train and test beside each other, got "
                f"{child.name!r}",
                "rename or remove it",
            )
        elif _inside(child, root, faults):
            files += _class_files(child, "", root, words, faults)
    return files


def _split_notes(files: list[_File]) -> Iterator[str]:
    untold = Counter((file.folder, file.split) for file in files if not file.told)
    for (folder, split), count in untold.items():
        if not folder:
            yield (
                f"There are no split folders: {count:,} files without a split in their name were "
                f"taken as {split}."
            )
        elif folder.lower() not in _OFFICIAL:
            yield (
                f"{folder}/: {count:,} files without a split in their name were taken as {split}; "
                "this need not be the official split."
            )
    moved = sum(
        file.told and bool(file.folder) and canonical_split(file.folder) != file.split
        for file in files
    )
    if moved:
        yield f"{moved:,} files were put into the split that their name tells, not their folder's."


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
    root = root.resolve()
    faults = Faults(root, skip_bad)
    try:
        listed = _list_files(root, words, faults)
    except OSError as fault:
        raise DatasetError(
            f"{root}: expected a readable folder, got: {fault}; check its permissions"
        ) from None
    files = [file for file in listed if file.label != LEFT_OUT]
    names = _class_names(root, files, words)
    images = np.empty((len(files), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    kept: list[_File] = []
    resized = 0
    for number, file in enumerate(files):
        if progress is not None and number % 200 == 0:
            progress(number / len(files))
        try:
            images[len(kept)], size = read_picture(file.path)
        except BadPicture as fault:
            faults.add(file.path, str(fault), "replace or remove the file")
            continue
        kept.append(file)
        resized += size != (IMAGE_SIZE, IMAGE_SIZE)
    if not kept:
        raise DatasetError(
            f"{root}: expected at least one picture in {_LAYOUTS}, got none that can be read; "
            "check the folder"
        )
    if progress is not None:
        progress(1.0)
    notes = list(_split_notes(kept))
    if len(listed) > len(files):
        notes.append(
            f"{len(listed) - len(files):,} pictures of classes that {words.name} leaves out."
        )
    if resized:
        notes.append(f"{resized:,} pictures were resized to {IMAGE_SIZE} x {IMAGE_SIZE}.")
    if faults.notes:
        notes.append(
            f"{len(faults.notes):,} files that are no pictures were left out, such as "
            f"{faults.notes[0]}."
        )
    return FaceDataset(
        images=images[: len(kept)],
        labels=np.asarray([names.index(file.label) for file in kept], np.int8),
        splits=np.asarray([SPLITS.index(file.split) for file in kept], np.int8),
        label_names=names,
        source=root.name,
        skipped=faults.count,
        notes=tuple(notes),
        files=tuple(PictureFile(file.path) for file in kept),
    )
