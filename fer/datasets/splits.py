"""A division of one's own, without leaks.

``fer.datasets.resplit`` has those that published systems used, leaks included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fer.datasets.base import SPLITS, FaceDataset
from fer.datasets.protocol import image_digests
from fer.errors import InputError

USUAL_SHARES = (0.80, 0.12, 0.08)


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
    rng = np.random.default_rng(seed)
    _, first, groups, sizes = np.unique(
        image_digests(dataset.images), return_index=True, return_inverse=True, return_counts=True
    )
    # Copies under different labels count as the class of the first of them.
    classes = dataset.labels[first]
    limits = np.cumsum(shares)[:-1]
    of_group = np.zeros(len(first), np.int8)
    for label in range(len(dataset.label_names)):
        members = rng.permutation(np.flatnonzero(classes == label))
        rows = sizes[members]
        middle = (np.cumsum(rows) - rows / 2) / max(1, rows.sum())
        of_group[members] = np.searchsorted(limits, middle, side="right")
    return replace(dataset, splits=of_group[groups], split_names=SPLITS)
