"""The splits that published systems used on FER-2013 instead of the official one.

They are here to reproduce figures, not to compare models: each of them puts pixel copies of
training pictures into the test, and all but one test on the rows that chose the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fer.datasets.base import SPLITS, FaceDataset
from fer.errors import DatasetError
from fer.labels import FER2013

OFFICIAL = "official"

FOLDER_VALIDATION: dict[str, int] = {
    "angry": 960,
    "disgust": 111,
    "fear": 1018,
    "happy": 1825,
    "sad": 1139,
    "surprise": 797,
    "neutral": 1216,
}
"""Validation pictures of each class in the public ``images/train``, ``images/validation`` tree."""

STRATIFIED_SEED = 121


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to split FER-2013.

    Attributes:
        text: What it is, for tables.
        test: The split, after ``resplit``, that its figures are measured on.
    """

    text: str
    test: str


SCHEMES: dict[str, Scheme] = {
    OFFICIAL: Scheme("official: Training / PublicTest / PrivateTest", "PrivateTest"),
    "folder": Scheme("folder tree, 28,821 / 7,066, tested on its validation rows", "PublicTest"),
    "test-folder": Scheme("official folders, 28,709 / 7,178, validated on the test", "PublicTest"),
    "stratified": Scheme("stratified 80 / 12 / 8 %, seed 121", "PrivateTest"),
    "plain": Scheme("80 / 12 / 8 %, seed 121, not stratified", "PrivateTest"),
}
"""Name -> scheme."""


def _folder(labels: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """As many rows of each class as the folder tree has, drawn at random.

    Which rows its author drew is not recorded in the pictures; class sizes are.
    """
    rng = np.random.default_rng(0)
    splits = np.zeros(len(labels), np.int8)
    for index, name in enumerate(FER2013):
        rows = np.flatnonzero(labels == index)
        splits[rng.permutation(rows)[: FOLDER_VALIDATION[name]]] = 1
    return splits


def _divided(labels: npt.NDArray[np.int8], *, stratified: bool) -> npt.NDArray[np.int8]:
    """80 % for training; of the rest, three fifths for validation and two for the test."""
    from sklearn.model_selection import train_test_split

    splits = np.zeros(len(labels), np.int8)
    _, rest = train_test_split(
        np.arange(len(labels)),
        test_size=0.2,
        random_state=STRATIFIED_SEED,
        stratify=labels if stratified else None,
    )
    validation, test = train_test_split(
        rest,
        test_size=0.4,
        random_state=STRATIFIED_SEED,
        stratify=labels[rest] if stratified else None,
    )
    splits[validation], splits[test] = 1, 2
    return splits


def resplit(dataset: FaceDataset, scheme: str) -> FaceDataset:
    """The same rows in the same order under another split.

    Args:
        dataset: FER-2013 with its official splits.
        scheme: A key of ``SCHEMES``.

    Returns:
        The data set with Training, PublicTest (validation) and PrivateTest (test; empty where the
        scheme tests on its validation rows).

    Raises:
        DatasetError: If the scheme is unknown, or the data is not the whole of FER-2013 where the
            scheme needs it.
    """
    if scheme not in SCHEMES:
        raise DatasetError(
            f"split: expected one of {', '.join(SCHEMES)}, got {scheme!r}; choose one of them"
        )
    if scheme == OFFICIAL:
        return dataset
    if dataset.split_names != SPLITS or dataset.label_names != FER2013:
        raise DatasetError(
            f"{dataset.source or 'data set'}: expected FER-2013 with its official splits and seven "
            f"classes for the split {scheme!r}, got others; use fer2013.csv"
        )
    if scheme == "test-folder":
        splits = np.minimum(dataset.splits, 1).astype(np.int8)
    elif scheme in ("stratified", "plain"):
        splits = _divided(dataset.labels, stratified=scheme == "stratified")
    else:
        counts = np.bincount(dataset.labels, minlength=len(FER2013))
        short = [
            name for index, name in enumerate(FER2013) if counts[index] <= FOLDER_VALIDATION[name]
        ]
        if short:
            raise DatasetError(
                f"{dataset.source or 'data set'}: expected the whole of FER-2013 for the split "
                f"{scheme!r}, got too few pictures of {', '.join(short)}; use fer2013.csv"
            )
        splits = _folder(dataset.labels)
    note = f"Split anew: {SCHEMES[scheme].text}."
    return replace(dataset, splits=splits, notes=(*dataset.notes, note))
