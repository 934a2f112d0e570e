"""What is wrong with a data set: repeated, conflicting, blank and non-face pictures."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import majority_labels, not_a_face
from fer.datasets.protocol import image_digests
from fer.datasets.similarity import near_groups
from fer.datasets.statistics import blank_images
from fer.errors import DatasetError, InputError
from fer.labels import FERPLUS

if TYPE_CHECKING:
    import pandas as pd

Rows = npt.NDArray[np.intp]

KINDS: dict[str, str] = {
    "copied": "Pixels that an earlier row of the same split already has",
    "leaked": "Rows of Training whose pixels are also in another split: trained on, they "
    "flatter the test",
    "tested twice": "Rows of a split after Training whose pixels are also in Training: a model "
    "that was trained on them has seen the answer",
    "near copy": "Nearly the same picture as an earlier row, of the same or another split",
    "conflicting": "Equal pixels under different labels: at most one of them is right",
    "blank": "One constant grey",
    "not a face": "Most FER+ voters call it no face",
}
"""Kind of finding -> what it means."""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One kind of fault.

    Attributes:
        kind: A key of ``KINDS``.
        rows: ``(m,)`` indices of the rows that have it, ascending.
        by_split: How many of them each split holds.
    """

    kind: str
    rows: Rows
    by_split: dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """All findings of a data set.

    Attributes:
        dataset: What was audited.
        distinct_images: Pictures that differ in at least one pixel.
        findings: One per kind that applies, also where nothing was found.
    """

    dataset: FaceDataset
    distinct_images: int
    findings: tuple[Finding, ...]

    def rows_of(self, kinds: Iterable[str]) -> Rows:
        """Indices of the rows with any of these faults, ascending.

        Raises:
            InputError: If a kind is unknown, or does not apply to this data set.
        """
        found = {finding.kind: finding.rows for finding in self.findings}
        wanted = list(kinds)
        for kind in wanted:
            if kind not in found:
                raise InputError(
                    f"finding: expected one of {', '.join(found)}, got {kind!r}; choose from these"
                )
        return np.unique(np.concatenate([found[kind] for kind in wanted] or [np.empty(0, np.intp)]))

    def table(self, kinds: Iterable[str] | None = None) -> pd.DataFrame:
        """The rows with these faults as a list that can be dropped from training.

        Args:
            kinds: Keys of ``KINDS``; None for all.

        Returns:
            One row each: ``row`` (in the source file, the first is 1), ``split``, ``label``,
            ``findings`` (kinds, joined by "; ").
        """
        import pandas as pd

        data = self.dataset
        wanted = [finding.kind for finding in self.findings] if kinds is None else list(kinds)
        rows = self.rows_of(wanted)
        chosen = [finding for finding in self.findings if finding.kind in wanted]
        marks = np.stack([np.isin(rows, f.rows) for f in chosen]) if chosen else np.empty((0, 0))
        return pd.DataFrame(
            {
                "row": source_rows(data)[rows],
                "split": np.asarray(data.split_names, object)[data.splits[rows]],
                "label": np.asarray(data.label_names, object)[data.labels[rows]],
                "findings": [
                    "; ".join(f.kind for f, mark in zip(chosen, column, strict=True) if mark)
                    for column in marks.T
                ],
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Counts, ready for JSON."""
        return {
            "source": self.dataset.source,
            "rows": len(self.dataset),
            "distinct_images": self.distinct_images,
            "findings": {
                finding.kind: {"rows": len(finding.rows), **finding.by_split}
                for finding in self.findings
            },
            "ferplus_agreement": None
            if self.dataset.votes is None
            else {split: agreement(self.dataset, split) for split in self.dataset.split_names},
        }


def source_rows(dataset: FaceDataset) -> npt.NDArray[np.int64]:
    """Number ``(n,)`` of each row in its source; where there is none, in the data set. From 1."""
    if dataset.rows is not None:
        return dataset.rows.astype(np.int64)
    return np.arange(1, len(dataset) + 1)


def _first_of_each(groups: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    first = np.zeros(len(groups), np.bool_)
    first[np.unique(groups, return_index=True)[1]] = True
    return first


def _conflicting(groups: npt.NDArray[np.intp], labels: npt.NDArray[np.int8]) -> Rows:
    """Rows of groups that hold more than one label."""
    size = int(groups.max(initial=-1)) + 1
    lowest = np.full(size, np.iinfo(np.int8).max, np.int8)
    highest = np.full(size, np.iinfo(np.int8).min, np.int8)
    np.minimum.at(lowest, groups, labels)
    np.maximum.at(highest, groups, labels)
    return np.flatnonzero((lowest != highest)[groups])


def audit(dataset: FaceDataset, *, near: bool = True) -> Audit:
    """Look for every fault of ``KINDS``.

    Args:
        dataset: What to audit. "not a face" needs FER+ votes; "leaked" and "tested twice" need a
            split named Training.
        near: Also look for near copies, which takes most of the time.
    """
    digests = image_digests(dataset.images)
    distinct, groups = np.unique(digests, return_inverse=True)
    by_split = groups.astype(np.int64) * len(dataset.split_names) + dataset.splits
    found: dict[str, Rows] = {"copied": np.flatnonzero(~_first_of_each(by_split))}
    if "Training" in dataset.split_names:
        training = dataset.split_mask("Training")
        found["leaked"] = np.flatnonzero(training & np.isin(digests, digests[~training]))
        found["tested twice"] = np.flatnonzero(~training & np.isin(digests, digests[training]))
    blank = blank_images(dataset.images)
    if near:
        first = np.flatnonzero(_first_of_each(groups) & ~blank)
        alike = near_groups(dataset.images, first)
        found["near copy"] = first[~_first_of_each(alike)]
    found["conflicting"] = _conflicting(groups, dataset.labels)
    found["blank"] = np.flatnonzero(blank)
    if dataset.votes is not None:
        found["not a face"] = np.flatnonzero(not_a_face(dataset.votes))
    findings = tuple(
        Finding(
            kind,
            rows,
            {
                name: int((dataset.splits[rows] == code).sum())
                for code, name in enumerate(dataset.split_names)
            },
        )
        for kind, rows in found.items()
    )
    return Audit(dataset, len(distinct), findings)


def drop_rows(dataset: FaceDataset, path: Path) -> FaceDataset:
    """Leave out the rows of Training that a list names.

    Other splits stay whole, or no figure measured on them could be compared with another.

    Args:
        dataset: Where to drop from.
        path: CSV with a column ``row``, as ``Audit.table`` numbers them.

    Raises:
        DatasetError: If the list cannot be read, or names a row that the data set does not have.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            listed = np.asarray([int(line["row"]) for line in csv.DictReader(file)], np.int64)
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as fault:
        raise DatasetError(
            f"{path}: expected a CSV with whole numbers in a column named row, got: {fault}; write "
            "it with fer dataset audit --output"
        ) from fault
    numbers = source_rows(dataset)
    foreign = listed[~np.isin(listed, numbers)]
    if len(foreign):
        raise DatasetError(
            f"{path}: expected rows of {dataset.source or 'the data set'}, got row {foreign[0]}; "
            "use the list that was made from this data"
        )
    out = np.isin(numbers, listed) & dataset.split_mask("Training")
    note = f"{out.sum():,} rows of Training left out, as {path.name} says"
    return replace(dataset.select(~out), notes=(*dataset.notes, note))


def agreement_table(dataset: FaceDataset, split: str | None = None) -> pd.DataFrame:
    """FER-2013 labels against FER+ labels, over the pictures that FER+'s majority protocol keeps.

    Args:
        dataset: With votes.
        split: Only this split; None for all.

    Returns:
        Counts: one row per FER-2013 class, one column per FER+ class.

    Raises:
        DatasetError: If the data set has no votes, or no such split.
    """
    import pandas as pd

    chosen = dataset if split is None else dataset.split(split)
    plus = majority_labels(chosen.need_votes())
    clear = plus >= 0
    classes = len(FERPLUS)
    cells = chosen.labels[clear].astype(np.int64) * classes + plus[clear]
    counts = np.bincount(cells, minlength=len(dataset.label_names) * classes)
    return pd.DataFrame(
        counts.reshape(-1, classes),
        index=pd.Index(dataset.label_names, name="FER-2013"),
        columns=pd.Index(FERPLUS, name="FER+"),
    )


def agreement(dataset: FaceDataset, split: str | None = None) -> dict[str, float]:
    """Share of pictures whose FER-2013 label is also their FER+ label: of all, and per class.

    Classes without a picture are left out.

    Raises:
        DatasetError: If the data set has no votes, or no such split.
    """
    table = agreement_table(dataset, split)
    equal = {name: int(table.loc[name, name]) for name in table.index if name in table.columns}
    totals = table.sum(axis=1)
    shares = {"all": sum(equal.values()) / max(1, int(totals.sum()))}
    shares |= {name: count / int(totals[name]) for name, count in equal.items() if totals[name]}
    return shares
