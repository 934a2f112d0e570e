"""What a data set holds: distributions, imbalance, repeated and blank images, samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import majority_labels
from fer.datasets.protocol import image_digests
from fer.errors import DatasetError, InputError
from fer.labels import FERPLUS, canonical

if TYPE_CHECKING:
    import pandas as pd


def _counts(
    dataset: FaceDataset, labels: npt.NDArray[np.int8], classes: int
) -> npt.NDArray[np.int64]:
    """Table ``(splits, classes)`` of row counts; labels of -1 are left out."""
    kept = labels >= 0
    cells = dataset.splits[kept].astype(np.int64) * classes + labels[kept]
    size = len(dataset.split_names) * classes
    return np.bincount(cells, minlength=size).reshape(-1, classes).astype(np.int64)


def _table(
    counts: npt.NDArray[np.int64], splits: tuple[str, ...], labels: tuple[str, ...]
) -> pd.DataFrame:
    import pandas as pd

    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return pd.DataFrame(
        {
            "split": np.repeat(np.asarray(splits, dtype=object), len(labels)),
            "label": np.tile(np.asarray(labels, dtype=object), len(splits)),
            "count": counts.ravel(),
            "share": share.ravel(),
        }
    )


def class_distribution(dataset: FaceDataset) -> pd.DataFrame:
    """How many images each class has in each split.

    Returns:
        One row per split and label, also where there are none: ``split``, ``label``, ``count``
        (int64) and ``share`` of the split's rows (float64, 0 to 1; 0 in an empty split).
    """
    counts = _counts(dataset, dataset.labels, len(dataset.label_names))
    return _table(counts, dataset.split_names, dataset.label_names)


def ferplus_distribution(dataset: FaceDataset) -> pd.DataFrame:
    """The same table for the FER+ labels of the official "majority" protocol.

    Shares are of the images that the protocol keeps.

    Raises:
        DatasetError: If the data set has no votes.
    """
    counts = _counts(dataset, majority_labels(dataset.need_votes()), len(FERPLUS))
    return _table(counts, dataset.split_names, FERPLUS)


def imbalance_ratio(counts: Mapping[str, int] | Iterable[int]) -> float:
    """The largest class divided by the smallest; infinite when a class is empty.

    Args:
        counts: Images per class, as numbers or as a mapping from the class.

    Raises:
        InputError: If there is no class, or no image in any.
    """
    values = list(counts.values() if isinstance(counts, Mapping) else counts)
    if not values or max(values) <= 0:
        raise InputError(f"class counts: expected at least one image, got {values}; count again")
    return float(max(values) / min(values)) if min(values) > 0 else float("inf")


def blank_images(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Mask ``(n,)`` of the images ``(n, h, w)`` that are one constant grey."""
    if images.size == 0:
        return np.zeros(len(images), np.bool_)
    pixels = np.asarray(images).reshape(len(images), -1)
    blank = pixels[:, 0] == pixels[:, -1]
    # Two pixels rule most images out, so that the rest need not be read twice.
    blank[blank] = (pixels[blank] == pixels[blank, :1]).all(axis=1)
    return np.asarray(blank)


def summary(dataset: FaceDataset) -> dict[str, Any]:
    """Counts and defects of a data set, ready for JSON.

    Returns:
        ``rows``, ``distinct_images``, ``splits`` (rows of each), ``classes`` (images of each),
        ``classes_by_split``, ``imbalance_ratio`` (None where a class is empty), ``blank_images``
        (one constant grey), ``copies_of_training`` (per other split, the images whose pixels also
        occur in Training), ``ferplus_majority`` (per split, the images that FER+'s protocol keeps;
        None without votes), ``skipped``, ``source`` and ``notes``.
    """
    counts = _counts(dataset, dataset.labels, len(dataset.label_names))
    by_class = [int(count) for count in counts.sum(axis=0)]
    digests = image_digests(dataset.images)
    copies: dict[str, int] = {}
    if "Training" in dataset.split_names:
        training = digests[dataset.split_mask("Training")]
        for name in dataset.split_names:
            if name != "Training":
                others = digests[dataset.split_mask(name)]
                copies[name] = int(np.isin(others, training).sum())
    kept: dict[str, int] | None = None
    if dataset.votes is not None:
        voted = _counts(dataset, majority_labels(dataset.votes), len(FERPLUS)).sum(axis=1)
        kept = dict(zip(dataset.split_names, map(int, voted), strict=True))
    return {
        "rows": len(dataset),
        "distinct_images": len(np.unique(digests)),
        "splits": dict(zip(dataset.split_names, map(int, counts.sum(axis=1)), strict=True)),
        "classes": dict(zip(dataset.label_names, by_class, strict=True)),
        "classes_by_split": {
            split: dict(zip(dataset.label_names, map(int, row), strict=True))
            for split, row in zip(dataset.split_names, counts, strict=True)
        },
        "imbalance_ratio": imbalance_ratio(by_class) if min(by_class) > 0 else None,
        "blank_images": int(blank_images(dataset.images).sum()),
        "copies_of_training": copies,
        "ferplus_majority": kept,
        "skipped": dataset.skipped,
        "source": dataset.source,
        "notes": list(dataset.notes),
    }


def sample_indices(
    dataset: FaceDataset, split: str | None, label: str | None, count: int, seed: int
) -> npt.NDArray[np.intp]:
    """Rows drawn at random without repetition; the same seed gives the same rows.

    Args:
        dataset: Where to draw from.
        split: Only this split, in any known spelling; None for all.
        label: Only this class, in any known spelling; None for all.
        count: How many; all matching rows, in drawn order, when there are fewer.
        seed: Of the generator.

    Returns:
        ``(m,)`` row indices, ``m <= count``.

    Raises:
        DatasetError: If the data set has no such split or class.
        InputError: If ``count`` is negative.
    """
    if count < 0:
        raise InputError(f"count: expected 0 or more images, got {count}; ask for some")
    mask = np.ones(len(dataset), np.bool_) if split is None else dataset.split_mask(split)
    if label is not None:
        wanted = label if label in dataset.label_names else canonical(label)
        if wanted not in dataset.label_names:
            raise DatasetError(
                f"{dataset.source or 'data set'}: expected a class named one of "
                f"{', '.join(dataset.label_names)}, got {label!r}; choose one of them"
            )
        mask = mask & (dataset.labels == dataset.label_names.index(wanted))
    rows = np.flatnonzero(mask)
    drawn = np.random.default_rng(seed).permutation(rows)[:count]
    return np.asarray(drawn, dtype=np.intp)
