"""Reader of RAF-DB's basic part (Li et al. 2017): a list file beside aligned faces.

Layout: ``EmoLabel/list_patition_label.txt`` with lines such as ``train_00001.jpg 5``, and
``Image/aligned/train_00001_aligned.jpg``.
"""

from __future__ import annotations

from pathlib import Path

from fer.datasets.base import FaceDataset, Progress, canonical_split
from fer.datasets.faults import Faults
from fer.datasets.gather import Listed, gather, picture_below
from fer.datasets.label_map import MAPS, LabelMap
from fer.errors import DatasetError

LIST = "list_patition_label.txt"
_PLACES = (f"EmoLabel/{LIST}", f"basic/EmoLabel/{LIST}", LIST)
_PICTURES = ("Image/aligned", "aligned", "Image", "images")


def list_file(root: Path) -> Path | None:
    """RAF-DB's list file, or None when the folder is another data set."""
    return next((root / place for place in _PLACES if (root / place).is_file()), None)


def _picture(base: Path, name: str) -> Path | None:
    stem, _, suffix = name.rpartition(".")
    for folder in _PICTURES:
        for candidate in (f"{stem}_aligned.{suffix}", name):
            path = picture_below(base, f"{folder}/{candidate}")
            if path is not None and path.is_file():
                return path
    return None


def read_rafdb(
    path: str | Path,
    *,
    words: LabelMap | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> FaceDataset:
    """Read RAF-DB's aligned faces with their basic emotions, 12,271 and 3,068 of them.

    ``train_`` is Training, ``test_`` is PrivateTest.

    Args:
        path: The folder that holds ``basic/``, or ``EmoLabel/`` and ``Image/``.
        words: What the numbers mean; default is RAF-DB's own.
        skip_bad: Count bad lines and files and go on.
        progress: Called with the share read so far.

    Raises:
        DatasetError: Naming file or line, and fault.
    """
    root = Path(path).resolve()
    listed = list_file(root)
    if listed is None:
        raise DatasetError(f"{root}: expected EmoLabel/{LIST}, found none; check the folder")
    base = listed.parent.parent if listed.parent.name == "EmoLabel" else listed.parent
    faults = Faults(root, skip_bad)
    try:
        lines = listed.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise DatasetError(f"{listed}: expected text, got: {fault}; replace the file") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        parts = line.split()
        if not parts:
            continue
        split = canonical_split(parts[0].partition("_")[0])
        if len(parts) != 2 or split is None:
            wrong = f"line {number}: expected such as train_00001.jpg 5, got {line[:60]!r}"
            faults.add(listed, wrong, "correct the line")
            continue
        picture = _picture(base, parts[0])
        if picture is None:
            wrong = f"line {number}: expected the picture {parts[0]} in Image/aligned, found none"
            faults.add(listed, wrong, "add the picture")
            continue
        rows.append(Listed(picture, parts[1], split))
    return gather(rows, words or MAPS["raf-db"], faults, progress=progress)
