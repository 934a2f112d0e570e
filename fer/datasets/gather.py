"""A list of labelled files -> a data set: what the readers of all folders share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer.datasets.base import IMAGE_SIZE, SPLITS, FaceDataset, PictureFile, Progress
from fer.datasets.label_map import LEFT_OUT, OWN_NAMES, LabelMap
from fer.errors import DatasetError, InputError, MediaError
from fer.labels import ALL, FER2013, FEWEST_OWN, MOST_OWN, in_order
from fer.results import Box

Grey = npt.NDArray[np.uint8]
Cut = Callable[[Grey], Grey]
"""A grey picture ``(h, w)`` -> the face in it ``(48, 48)``; raises ``InputError``."""

_LARGEST_AFFECT = 1.0


@dataclass(slots=True)
class Faults:
    """Raises at the first file that cannot be used, or counts them.

    Attributes:
        root: The data set's folder; messages name files below it.
        skip_bad: Whether to count and go on.
        count: Files and folders left out so far.
        notes: What a reader had to assume.
    """

    root: Path
    skip_bad: bool
    count: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, path: Path, fault: str) -> None:
        """Report a file or folder, with what was expected, what came and what to do.

        Raises:
            DatasetError: Unless bad ones are to be skipped.
        """
        if not self.skip_bad:
            name = f"{self.root.name}/{path.relative_to(self.root).as_posix()}"
            raise DatasetError(f"{name}: {fault}, or skip bad files with --skip-bad")
        self.count += 1


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


def _face(row: Listed, cut: Cut | None) -> tuple[Grey, bool]:
    """The face of a row, and whether it is a whole picture of another size."""
    import cv2

    from fer.pictures.reading import read_whole
    from fer.preprocessing import crop_face, to_grey

    grey = to_grey(read_whole(row.path))
    if cut is not None:
        return cut(grey), False
    if row.box is not None:
        return crop_face(grey, row.box), False
    if grey.shape == (IMAGE_SIZE, IMAGE_SIZE):
        return grey, False
    # What is not square is stretched: faces in class folders are crops already.
    method = cv2.INTER_AREA if min(grey.shape) >= IMAGE_SIZE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (IMAGE_SIZE,) * 2, interpolation=method), np.uint8), True


def _affect(rows: Sequence[Listed]) -> npt.NDArray[np.float32] | None:
    """``(n, 2)``, or None when no row has both values; out of range counts as unknown."""
    values = np.asarray([(row.valence, row.arousal) for row in rows], np.float32)
    known = (np.abs(values) <= _LARGEST_AFFECT).all(axis=1)
    values[~known] = np.nan
    return values if known.any() else None


def _class_names(root: Path, found: set[str], words: LabelMap) -> tuple[str, ...]:
    """The published classes, or those of one's own that there are."""
    if words is not OWN_NAMES:
        return FER2013 if found <= set(FER2013) else ALL
    if not FEWEST_OWN <= len(found) <= MOST_OWN:
        raise DatasetError(
            f"{root}: expected {FEWEST_OWN} to {MOST_OWN} class folders with pictures, got "
            f"{len(found)}; give the folder that holds them, or their split folders"
        )
    return tuple(in_order(found))


def gather(
    rows: Sequence[Listed],
    words: LabelMap,
    faults: Faults,
    *,
    cut: Cut | None = None,
    progress: Progress | None = None,
) -> FaceDataset:
    """Read the pictures of a list.

    Args:
        rows: The list.
        words: What its class names mean.
        faults: Where unusable rows are reported.
        cut: Finds the face in a picture; default is the row's box, else the whole picture.
        progress: Called with the share read so far.

    Returns:
        A data set with FER-2013's seven classes, or those and contempt when a row has it; with
        ``OWN_NAMES`` those of the rows.

    Raises:
        DatasetError: At the first row that cannot be used, unless bad ones are skipped, or when
            none is left.
    """
    found = [words.find(row.label) for row in rows]
    left_out = found.count(LEFT_OUT)
    names = _class_names(faults.root, {one for one in found if one and one != LEFT_OUT}, words)
    images = np.empty((len(rows) - left_out, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    kept: list[Listed] = []
    labels: list[int] = []
    resized = 0
    for number, (row, label) in enumerate(zip(rows, found, strict=True)):
        if progress is not None and number % 200 == 0:
            progress(number / len(rows))
        if label is None:
            fault = f"expected a class that {words.name} knows, got {row.label!r}"
            faults.add(row.path, f"{fault}; say with --class-names what it means")
        if label is None or label == LEFT_OUT:
            continue
        try:
            images[len(kept)], changed = _face(row, cut)
        except (InputError, MediaError) as fault:
            # The picture's name stands in what is added.
            faults.add(row.path, "expected " + str(fault).split("expected ", 1)[-1])
            continue
        kept.append(row)
        labels.append(names.index(label))
        resized += changed
    if not kept:
        raise DatasetError(
            f"{faults.root}: expected at least one picture of a known class, got none that can be "
            "read; check the folder"
        )
    if progress is not None:
        progress(1.0)
    counts = {
        f"pictures of classes that {words.name} leaves out.": left_out,
        f"pictures were resized to {IMAGE_SIZE} x {IMAGE_SIZE}.": resized,
    }
    return FaceDataset(
        images=images[: len(kept)],
        labels=np.asarray(labels, np.int8),
        splits=np.asarray([SPLITS.index(row.split) for row in kept], np.int8),
        label_names=names,
        source=faults.root.name,
        skipped=faults.count,
        affect=_affect(kept),
        notes=(*faults.notes, *(f"{count:,} {what}" for what, count in counts.items() if count)),
        # Where something else finds the face, no box tells where it is.
        files=None if cut else tuple(PictureFile(row.path, row.box) for row in kept),
    )


def first_file(root: Path, names: Iterator[str]) -> Path | None:
    """The first of some names that is a file, never one outside the folder."""
    for name in names:
        path = root / name.strip().replace("\\", "/")
        try:
            if path.resolve().is_relative_to(root.resolve()) and path.is_file():
                return path
        except (OSError, ValueError, RuntimeError):
            continue
    return None
