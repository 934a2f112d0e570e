"""RAF-DB's basic part (Li et al. 2017): a list file beside aligned faces.

Layout: ``EmoLabel/list_patition_label.txt`` with lines such as ``train_00001.jpg 5``, and
``Image/aligned/train_00001_aligned.jpg``. 12,271 are Training and 3,068 PrivateTest.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fer.datasets.base import canonical_split
from fer.datasets.gather import Faults, Listed, first_file
from fer.errors import DatasetError

LIST = "list_patition_label.txt"
_PLACES = (f"EmoLabel/{LIST}", f"basic/EmoLabel/{LIST}", LIST)
_PICTURES = ("Image/aligned", "aligned", "Image", "images")


def list_file(root: Path) -> Path | None:
    """RAF-DB's list file, or None when the folder is another data set."""
    return next((root / place for place in _PLACES if (root / place).is_file()), None)


def rows(root: Path, faults: Faults) -> Iterator[Listed]:
    """The lines of the list.

    Raises:
        DatasetError: Naming line and fault.
    """
    listed = list_file(root)
    assert listed is not None
    base = listed.parent.parent if listed.parent.name == "EmoLabel" else listed.parent
    try:
        lines = listed.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise DatasetError(f"{listed}: expected text, got: {fault}; replace the file") from None
    for number, line in enumerate(lines, start=1):
        parts = line.split()
        if not parts:
            continue
        split = canonical_split(parts[0].partition("_")[0])
        if len(parts) != 2 or split is None:
            wrong = f"line {number}: expected such as train_00001.jpg 5, got {line[:60]!r}"
            faults.add(listed, f"{wrong}; correct the line")
            continue
        name, label = parts
        stem, _, suffix = name.rpartition(".")
        aligned = f"{stem}_aligned.{suffix}"
        picture = first_file(base, (f"{at}/{one}" for at in _PICTURES for one in (aligned, name)))
        if picture is None:
            wrong = f"line {number}: expected the picture {name} in Image/aligned, found none"
            faults.add(listed, f"{wrong}; add the picture")
            continue
        yield Listed(picture, label, split)
