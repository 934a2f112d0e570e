from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer.datasets import SPLITS, FaceDataset, canonical_split
from fer.errors import DatasetError


@pytest.mark.parametrize(
    ("spelling", "split"),
    [
        ("Training", "Training"),
        ("train", "Training"),
        ("PublicTest", "PublicTest"),
        ("public_test", "PublicTest"),
        ("Private Test", "PrivateTest"),
        ("validation", "PublicTest"),
        ("VAL", "PublicTest"),
        ("test", "PrivateTest"),
        ("holdout", None),
        ("", None),
    ],
)
def test_split_names_are_known_in_every_spelling(spelling: str, split: str | None) -> None:
    assert canonical_split(spelling) == split


def test_split_takes_exactly_its_rows(tiny: FaceDataset) -> None:
    assert [len(tiny.split(name)) for name in SPLITS] == [4, 2, 1]
    np.testing.assert_array_equal(tiny.split("validation").images, tiny.images[4:6])


def test_unknown_split_names_the_known_ones(tiny: FaceDataset) -> None:
    with pytest.raises(DatasetError, match=r"^tiny: .*PublicTest.*got 'holdout'"):
        tiny.split("holdout")


def test_select_keeps_votes_and_rows_beside_their_images(tiny: FaceDataset) -> None:
    votes = np.arange(70, dtype=np.uint8).reshape(7, 10)
    full = replace(tiny, votes=votes, rows=np.arange(1, 8, dtype=np.int32))
    part = full.select(np.array([5, 2]))
    np.testing.assert_array_equal(part.images, tiny.images[[5, 2]])
    assert part.votes is not None and part.rows is not None
    np.testing.assert_array_equal(part.votes, votes[[5, 2]])
    assert part.rows.tolist() == [6, 3]


def test_rows_side_by_side_are_not_copied(tiny: FaceDataset) -> None:
    assert np.shares_memory(tiny.split("Training").images, tiny.images)
    assert np.shares_memory(tiny.select(np.array([2, 3, 4])).images, tiny.images)
    for rows in (np.array([2, 3, 5]), np.array([3, 2]), np.array([4, 4]), np.array([], np.intp)):
        np.testing.assert_array_equal(tiny.select(rows).images, tiny.images[rows])
    apart = np.array([True, False, True, False, False, False, True])
    np.testing.assert_array_equal(tiny.select(apart).images, tiny.images[[0, 2, 6]])


def test_arrays_of_different_length_are_refused(tiny: FaceDataset) -> None:
    with pytest.raises(DatasetError, match="expected 7 splits, one per label, got 3"):
        replace(tiny, splits=tiny.splits[:3])


def test_votes_of_another_length_are_refused(tiny: FaceDataset) -> None:
    with pytest.raises(DatasetError, match="expected 7 rows, one per image of tiny, got 6"):
        tiny.with_votes(np.zeros((6, 10), np.uint8))


def test_votes_of_skipped_rows_are_left_out(tiny: FaceDataset) -> None:
    good = np.array([1, 2, 3, 5, 6, 8, 9], np.int32)  # rows 4 and 7 were bad
    votes = np.repeat(np.arange(1, 10, dtype=np.uint8)[:, None], 10, axis=1)
    voted = replace(tiny, rows=good, skipped=2).with_votes(votes)
    assert voted.votes is not None
    np.testing.assert_array_equal(voted.votes[:, 0], good)
