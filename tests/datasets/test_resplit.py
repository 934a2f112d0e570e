"""The unofficial splits of published systems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer.datasets.base import FaceDataset
from fer.datasets.resplit import FOLDER_VALIDATION, SCHEMES, resplit
from fer.errors import DatasetError
from fer.labels import FER2013

SIZES = (4953, 547, 5121, 8989, 6077, 4002, 6198)


@pytest.fixture(scope="module")
def whole() -> FaceDataset:
    """As many rows of each class and split as FER-2013 has, without pictures in them."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(7), SIZES)).astype(np.int8)
    splits = np.repeat(np.arange(3, dtype=np.int8), [28_709, 3_589, 3_589])
    images = np.zeros((1, 48, 48), np.uint8)
    return FaceDataset(np.broadcast_to(images, (len(labels), 48, 48)), labels, splits)


def counts(dataset: FaceDataset) -> list[int]:
    return np.bincount(dataset.splits, minlength=3).tolist()


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("official", [28_709, 3_589, 3_589]),
        ("folder", [28_821, 7_066, 0]),
        ("test-folder", [28_709, 7_178, 0]),
        ("stratified", [28_709, 4_306, 2_872]),
        ("plain", [28_709, 4_306, 2_872]),
    ],
)
def test_each_scheme_has_its_published_sizes(
    whole: FaceDataset, scheme: str, expected: list[int]
) -> None:
    split = resplit(whole, scheme)
    assert counts(split) == expected
    assert split.images is whole.images
    test = SCHEMES[scheme].test
    assert len(split.labels[split.split_mask(test)]) > 0


def test_the_folder_scheme_has_the_class_sizes_of_the_tree(whole: FaceDataset) -> None:
    split = resplit(whole, "folder")
    validation = np.bincount(split.labels[split.splits == 1], minlength=7)
    assert dict(zip(FER2013, validation.tolist(), strict=True)) == FOLDER_VALIDATION
    assert sum(FOLDER_VALIDATION.values()) == 7_066


def test_the_stratified_scheme_keeps_class_shares(whole: FaceDataset) -> None:
    split = resplit(whole, "stratified")
    for code in range(3):
        shares = np.bincount(split.labels[split.splits == code], minlength=7)
        np.testing.assert_allclose(
            shares / shares.sum(), np.asarray(SIZES) / sum(SIZES), atol=0.001
        )


def test_a_scheme_is_the_same_every_time(whole: FaceDataset) -> None:
    for scheme in SCHEMES:
        first, second = resplit(whole, scheme), resplit(whole, scheme)
        np.testing.assert_array_equal(first.splits, second.splits)


def test_part_of_the_data_cannot_be_split_as_the_whole(whole: FaceDataset) -> None:
    part = whole.select(np.arange(300))
    with pytest.raises(DatasetError, match="expected the whole of FER-2013"):
        resplit(part, "folder")
    with pytest.raises(DatasetError, match="seven classes"):
        resplit(replace(whole, label_names=tuple(reversed(FER2013))), "test-folder")
    with pytest.raises(DatasetError, match="expected one of official, folder"):
        resplit(whole, "mine")
