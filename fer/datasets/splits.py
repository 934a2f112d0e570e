"""A division of one's own, without leaks.

``fer.datasets.resplit`` has those that published systems used, leaks included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import SPLITS, FaceDataset
from fer.datasets.protocol import fingerprint, image_digests
from fer.errors import InputError

USUAL_SHARES = (0.80, 0.12, 0.08)
VALIDATION_SHARE = 0.1

STRATIFIED, VALIDATION = "stratified", "validation"
"""Names of the two ways to divide, see ``FaceDataset.division``."""


def stratified_split(
    dataset: FaceDataset, shares: Sequence[float] = USUAL_SHARES, *, seed: int = 0
) -> FaceDataset:
    """Divide a data set anew, each class in the same shares, copies of a picture together.

    A split row by row would put copies of test pictures into Training, as the official one does.

    Args:
        dataset: Its own splits are ignored.
        shares: Of Training, PublicTest and PrivateTest; they sum to 1.
        seed: Another seed, another division.

    Returns:
        The same rows in the same order with other splits.

    Raises:
        InputError: If the shares are not three positive numbers that sum to 1.
    """
    if len(shares) != len(SPLITS) or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise InputError(
            f"shares: expected {len(SPLITS)} positive numbers that sum to 1, got {list(shares)}; "
            "for example 0.8, 0.12, 0.08"
        )
    codes = _divided(dataset, np.cumsum(shares)[:-1], seed)
    usual = tuple(shares) == USUAL_SHARES
    parts = ", ".join(f"{share:.0%}" for share in shares)
    note = f"Each class was divided anew into {', '.join(SPLITS)} ({parts}, seed {seed})."
    return replace(
        dataset,
        splits=codes,
        split_names=SPLITS,
        notes=(*dataset.notes, note),
        division=(STRATIFIED, seed) if usual else None,
    )


def with_validation(dataset: FaceDataset, *, seed: int = 0) -> FaceDataset:
    """A data set that can be trained on: with a validation part, cut from Training if it has none.

    Class folders often come as train and test, or without a split.

    Args:
        dataset: Any.
        seed: Another seed, another part.

    Returns:
        The same, or one where a tenth of each class of Training, copies of a picture together, is
        PublicTest; ``notes`` says so.
    """
    training = dataset.split_mask("Training") if "Training" in dataset.split_names else None
    if training is None or not training.any() or dataset.split_names != SPLITS:
        return dataset
    if dataset.split_mask("PublicTest").any():
        return dataset
    rows = np.flatnonzero(training)
    part = _divided(dataset.select(training), np.array([1 - VALIDATION_SHARE]), seed)
    for label in np.unique(dataset.labels[rows]):
        # The last of a class that is too small for a tenth.
        of_class = np.flatnonzero(dataset.labels[rows] == label)
        if len(of_class) > 1 and not part[of_class].any():
            part[of_class[-1]] = 1
    splits = dataset.splits.copy()
    splits[rows] = part
    note = (
        f"There is no validation split: {int(part.sum()):,} of {len(rows):,} pictures of Training "
        f"({VALIDATION_SHARE:.0%} of each class, seed {seed}) were taken as PublicTest."
    )
    return replace(
        dataset, splits=splits, notes=(*dataset.notes, note), division=(VALIDATION, seed)
    )


def same_faces(dataset: FaceDataset, record: Mapping[str, Any]) -> bool:
    """Whether pictures and labels are those that a model's record of its data tells of."""
    if "faces" not in record or record["rows"] != len(dataset):
        return False
    return bool(fingerprint(dataset)["faces"] == record["faces"])


def as_recorded(dataset: FaceDataset, record: Mapping[str, Any]) -> FaceDataset:
    """The same rows in the split that a model was trained with, where this is known.

    Args:
        dataset: Rows to measure a model on.
        record: What the model's ``metrics.json`` has of the data that it was trained on.

    Returns:
        The data set itself, unless its pictures and labels are those of the record.
    """
    division = record.get("division")
    if division is None or not same_faces(dataset, record):
        return dataset
    scheme, seed = division
    divide = stratified_split if scheme == STRATIFIED else with_validation
    return divide(dataset, seed=seed)


def _divided(
    dataset: FaceDataset, limits: npt.NDArray[np.float64], seed: int
) -> npt.NDArray[np.int8]:
    """Code ``(n,)`` of each row's part, each class cut at the same shares, copies together."""
    rng = np.random.default_rng(seed)
    _, first, groups, sizes = np.unique(
        image_digests(dataset.images), return_index=True, return_inverse=True, return_counts=True
    )
    # Copies under different labels count as the class of the first of them.
    classes = dataset.labels[first]
    of_group = np.zeros(len(first), np.int8)
    for label in range(len(dataset.label_names)):
        members = rng.permutation(np.flatnonzero(classes == label))
        rows = sizes[members]
        middle = (np.cumsum(rows) - rows / 2) / max(1, rows.sum())
        of_group[members] = np.searchsorted(limits, middle, side="right")
    return np.asarray(of_group[groups], np.int8)
