"""Which rows a model is measured on, and what is done where its classes are not those of the data.

The rule, stated in every report:

- A head of seven classes and data of eight: faces of the eighth class are left out, and counted.
- A head of eight classes and data of seven: the eighth class is no answer there; its probability
  is taken away and the others are scaled up to sum to 1.
- Where both have eight, or both seven, nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import SPLITS, FaceDataset
from fer.datasets.label_map import LabelMap
from fer.errors import DatasetError, InputError

ALL_ROWS = "all"
"""What stands for a split where every row is meant."""

_FEWEST = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Answers and labels over the same classes.

    Attributes:
        labels: ``(m,)`` index into ``names``.
        probabilities: ``(m, len(names))``; rows sum to 1.
    """

    labels: npt.NDArray[np.intp]
    probabilities: npt.NDArray[np.floating[Any]]
    names: tuple[str, ...]
    left_out: int
    rule: str


def label_indices(dataset: FaceDataset, names: Sequence[str]) -> npt.NDArray[np.intp]:
    """Labels ``(n,)`` of a data set as indices into ``names``; -1 for a class not in it."""
    places = [names.index(name) if name in names else -1 for name in dataset.label_names]
    return np.asarray(places, np.intp)[dataset.labels]


def match_classes(
    dataset: FaceDataset, probabilities: npt.NDArray[np.floating[Any]], head: Sequence[str]
) -> Matched:
    """Bring probabilities ``(n, len(head))`` and labels to the classes that both have.

    Raises:
        InputError: If there is not one row of probabilities a face.
        DatasetError: If no face is of a class of the head.
    """
    names = tuple(name for name in head if name in dataset.label_names)
    labels = label_indices(dataset, names)
    known = labels >= 0
    if not known.any():
        raise DatasetError(
            f"{dataset.source or 'data set'}: expected faces of the classes {', '.join(head)}, got "
            "none; say with --class-names what its class names mean"
        )
    unasked = [name for name in head if name not in names]
    lacking = [name for name in dataset.label_names if name not in head]
    kept = probabilities[:, [head.index(name) for name in names]]
    if unasked:
        total = kept.sum(axis=1, keepdims=True)
        even = np.full_like(kept, 1 / len(names))
        kept = np.where(total > _FEWEST, kept / np.maximum(total, _FEWEST), even)
    said = []
    if unasked:
        said.append(
            f"The data has no {', '.join(unasked)}: that probability is taken away and the others "
            "are scaled up."
        )
    if lacking:
        said.append(
            f"The head has no {', '.join(lacking)}: {int((~known).sum()):,} such faces are left "
            "out."
        )
    rule = " ".join(said) or f"Head and data have the same {len(names)} classes."
    return Matched(labels[known], kept[known], names, int((~known).sum()), rule)


def usual_split(dataset: FaceDataset) -> str:
    """The split to measure on: PublicTest, else the test, else every row.

    Where there are both, PrivateTest is opened on request only.
    """
    for name in SPLITS[1:]:
        if name in dataset.split_names and dataset.split_mask(name).any():
            return name
    return ALL_ROWS


def maps_for(count: int, maps: Sequence[LabelMap]) -> list[LabelMap | None]:
    """One map for every data set: none, the same for all, or one each.

    Raises:
        InputError: If there are more than one and not as many as data sets.
    """
    if len(maps) in (0, 1):
        return [maps[0] if maps else None] * count
    if len(maps) != count:
        raise InputError(
            f"--class-names: expected none, one, or one for each of the {count} data sets, got "
            f"{len(maps)}; give them in the order of --data"
        )
    return list(maps)
