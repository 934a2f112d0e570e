"""A list of labelled files -> a data set: what the readers of other data sets share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer.datasets.base import IMAGE_SIZE, SPLITS, FaceDataset, Progress
from fer.datasets.faults import Faults
from fer.datasets.label_map import LEFT_OUT, LabelMap
from fer.datasets.pictures import BadPicture, PictureFile, as_face, read_grey
from fer.errors import DatasetError, InputError
from fer.labels import ALL, FER2013
from fer.results import Box

Grey = npt.NDArray[np.uint8]
Cut = Callable[[Grey], Grey]
"""A grey picture ``(h, w)`` -> the face in it ``(48, 48)``; raises ``BadPicture``."""

_LARGEST_AFFECT = 1.0


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a list.

    Attributes:
        path: The picture.
        label: What the list calls its class.
        split: Official name of its split.
        box: Where the face is, in pixels of the picture; None where the picture is the face.
        valence: -1 to 1, or NaN.
        arousal: -1 to 1, or NaN.
    """

    path: Path
    label: str
    split: str
    box: Box | None = None
    valence: float = float("nan")
    arousal: float = float("nan")


def _face(grey: Grey, row: Listed, cut: Cut | None) -> Grey:
    if cut is not None:
        return cut(grey)
    if row.box is None:
        return as_face(grey)
    from fer.preprocessing import crop_face

    try:
        return crop_face(grey, row.box)
    except InputError as fault:
        raise BadPicture(str(fault)) from None


def _affect(rows: Sequence[Listed]) -> npt.NDArray[np.float32] | None:
    """``(n, 2)``, or None when no row has both values; out of range counts as unknown."""
    values = np.asarray([(row.valence, row.arousal) for row in rows], np.float32)
    known = (np.abs(values) <= _LARGEST_AFFECT).all(axis=1)
    values[~known] = np.nan
    return values if known.any() else None


def gather(
    rows: Sequence[Listed],
    words: LabelMap,
    faults: Faults,
    *,
    cut: Cut | None = None,
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> FaceDataset:
    """Read the pictures of a list.

    Args:
        rows: The list.
        words: What its class names mean.
        faults: Where unusable rows are reported.
        cut: Finds the face in a picture; default is the row's box, else the whole picture.
        notes: What the reader had to assume.
        progress: Called with the share read so far.

    Returns:
        A data set with FER-2013's seven classes, or those and contempt when a row has it.

    Raises:
        DatasetError: At the first row that cannot be used, unless bad ones are skipped, or when
            none is left.
    """
    found = [(row, words.find(row.label)) for row in rows]
    left_out = sum(label == LEFT_OUT for _, label in found)
    names = ALL if any(label not in (*FER2013, LEFT_OUT, None) for _, label in found) else FER2013
    images = np.empty((len(rows) - left_out, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    kept: list[Listed] = []
    labels: list[int] = []
    for number, (row, label) in enumerate(found):
        if progress is not None and number % 200 == 0:
            progress(number / len(rows))
        if label is None:
            fault = f"expected a class that {words.name} knows, got {row.label!r}"
            faults.add(row.path, fault, "say with --class-names what it means")
            continue
        if label == LEFT_OUT:
            continue
        try:
            images[len(kept)] = _face(read_grey(row.path), row, cut)
        except BadPicture as fault:
            faults.add(row.path, str(fault), "replace or remove the file")
            continue
        kept.append(row)
        labels.append(names.index(label))
    if not kept:
        raise DatasetError(
            f"{faults.root}: expected at least one picture of a known class, got none that can be "
            "read; check the folder"
        )
    if progress is not None:
        progress(1.0)
    said = list(notes)
    if left_out:
        said.append(f"{left_out:,} pictures of classes that {words.name} leaves out.")
    return FaceDataset(
        images=images[: len(kept)],
        labels=np.asarray(labels, np.int8),
        splits=np.asarray([SPLITS.index(row.split) for row in kept], np.int8),
        label_names=names,
        source=faults.root.name,
        skipped=faults.count,
        affect=_affect(kept),
        notes=tuple(said),
        # Where something else finds the face, no box tells where it is.
        files=None if cut else tuple(PictureFile(row.path, row.box) for row in kept),
    )


def picture_below(root: Path, name: str) -> Path | None:
    """The file of a name that a list gives, or None when that leads out of the folder."""
    path = root / name.strip().replace("\\", "/")
    try:
        return path if path.resolve().is_relative_to(root.resolve()) else None
    except (OSError, ValueError, RuntimeError):
        return None
