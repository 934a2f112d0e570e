"""The one in-memory form of a data set: images, labels and split codes as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer.errors import DatasetError
from fer.labels import FER2013
from fer.results import Box

SPLITS: tuple[str, ...] = ("Training", "PublicTest", "PrivateTest")
"""The official FER-2013 splits: training, validation, test."""

IMAGE_SIZE = 48

Progress = Callable[[float], object]
"""Called with the share of the work done so far, 0 to 1."""

_SPLIT_SYNONYMS: dict[str, str] = {
    "training": "Training",
    "train": "Training",
    "publictest": "PublicTest",
    "validation": "PublicTest",
    "valid": "PublicTest",
    "val": "PublicTest",
    "privatetest": "PrivateTest",
    "test": "PrivateTest",
    "testing": "PrivateTest",
}


def canonical_split(name: str) -> str | None:
    """Map a split name in any known spelling to the official one, or None if unknown."""
    word = name.strip().lower()
    for filler in "_- ":
        word = word.replace(filler, "")
    return _SPLIT_SYNONYMS.get(word)


@dataclass(frozen=True, slots=True)
class PictureFile:
    """Where a row of a data set came from.

    Attributes:
        path: The picture.
        box: Where the face is in it, in pixels; None where the picture is the face.
    """

    path: Path
    box: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FaceDataset:
    """Labelled grey faces.

    Attributes:
        images: ``(n, 48, 48)`` uint8; may be a read-only memory map shared between sessions.
        labels: ``(n,)`` int8, index into ``label_names``.
        splits: ``(n,)`` int8, index into ``split_names``.
        label_names: Class names in the project's spelling.
        split_names: Names that ``splits`` refers to.
        source: Where the rows came from, for messages.
        skipped: Bad rows or files left out because the reader was told to.
        votes: ``(n, 10)`` uint8 FER+ votes in the order of its file, or None.
        affect: ``(n, 2)`` float32 valence and arousal, -1 to 1, NaN where unknown; or None.
        notes: What the reader had to assume, one sentence each.
        rows: ``(n,)`` int32 row of the source file each image came from (the first is 1), or
            None when there is no such file.
        files: The picture that each row was read from, or None when there are no such files: for
            networks that take larger pictures, in colour.
        division: How the rows were divided anew, where they were: a scheme of
            ``fer.datasets.splits.divided`` and its seed.

    Raises:
        DatasetError: If the arrays differ in length.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int8]
    splits: npt.NDArray[np.int8]
    label_names: tuple[str, ...] = FER2013
    split_names: tuple[str, ...] = SPLITS
    source: str = ""
    skipped: int = 0
    votes: npt.NDArray[np.uint8] | None = None
    affect: npt.NDArray[np.float32] | None = None
    notes: tuple[str, ...] = field(default=())
    rows: npt.NDArray[np.int32] | None = None
    files: tuple[PictureFile, ...] | None = None
    division: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        for name in ("images", "splits", "votes", "affect", "rows", "files"):
            array = getattr(self, name)
            if array is not None and len(array) != len(self.labels):
                raise DatasetError(
                    f"{self.source or 'data set'}: expected {len(self.labels):,} {name}, one per "
                    f"label, got {len(array):,}; build the arrays from the same rows"
                )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.labels)

    def split_mask(self, name: str) -> npt.NDArray[np.bool_]:
        """Boolean mask ``(n,)`` of the rows of a split, in any known spelling.

        Raises:
            DatasetError: If the data set has no such split.
        """
        wanted = name if name in self.split_names else canonical_split(name)
        if wanted is None or wanted not in self.split_names:
            raise DatasetError(
                f"{self.source or 'data set'}: expected a split named one of "
                f"{', '.join(self.split_names)}, got {name!r}; choose one of them"
            )
        return np.asarray(self.splits == self.split_names.index(wanted))

    def select(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> FaceDataset:
        """A data set with only the given rows (mask or indices), in that order.

        The images of neighbouring rows are a view, which costs no memory: each official split of
        FER-2013 is one such run.
        """
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        run = len(numbers) > 0 and bool((np.diff(numbers) == 1).all())
        return replace(
            self,
            images=self.images[numbers[0] : numbers[-1] + 1] if run else self.images[rows],
            labels=self.labels[rows],
            splits=self.splits[rows],
            votes=None if self.votes is None else self.votes[rows],
            affect=None if self.affect is None else self.affect[rows],
            rows=None if self.rows is None else self.rows[rows],
            files=None if self.files is None else tuple(self.files[n] for n in numbers),
        )

    def split(self, name: str) -> FaceDataset:
        """The rows of one split."""
        return self.select(self.split_mask(name))

    def need_votes(self) -> npt.NDArray[np.uint8]:
        """The FER+ votes.

        Raises:
            DatasetError: If there are none.
        """
        if self.votes is None:
            raise DatasetError(
                f"{self.source or 'data set'}: expected FER+ votes, got none; open it with "
                "fer2013new.csv"
            )
        return self.votes

    def with_votes(self, votes: npt.NDArray[np.uint8]) -> FaceDataset:
        """The same rows with FER+ votes attached.

        Args:
            votes: ``(n, 10)`` uint8, one row per image; or, when the reader skipped bad rows, one
                row per row of the file, of which those of the good rows are taken.

        Raises:
            DatasetError: If the number of vote rows fits neither.
        """
        if self.skipped and self.rows is not None and len(votes) == len(self) + self.skipped:
            votes = votes[self.rows - 1]
        if len(votes) != len(self):
            raise DatasetError(
                f"FER+ votes: expected {len(self):,} rows, one per image of "
                f"{self.source or 'the data set'}, got {len(votes):,}; use the fer2013new.csv that "
                "belongs to the full fer2013.csv"
            )
        return replace(self, votes=votes)
