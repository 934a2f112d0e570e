"""A division of one's own: shares, copies together, the seed."""

from dataclasses import replace

import numpy as np
import pytest

from fer.datasets import SPLITS, FaceDataset, image_digests
from fer.datasets.splits import USUAL_SHARES, stratified_split, with_validation
from fer.errors import InputError


@pytest.fixture(scope="module")
def many() -> FaceDataset:
    """Two classes, 400 and 100 rows, of which every fifth repeats the row before it."""
    images = np.random.default_rng(1).integers(0, 256, (500, 6, 6), dtype=np.uint8)
    images[4::5] = images[3::5]
    return FaceDataset(
        images=images,
        labels=np.repeat(np.array([0, 3], np.int8), [400, 100]),
        splits=np.zeros(500, np.int8),
        source="many",
    )


def test_every_class_is_divided_in_the_shares(many: FaceDataset) -> None:
    divided = stratified_split(many)
    assert divided.split_names == SPLITS
    for label in (0, 3):
        codes = divided.splits[divided.labels == label]
        np.testing.assert_allclose(
            np.bincount(codes, minlength=3) / len(codes), USUAL_SHARES, atol=0.021
        )


def test_copies_stay_in_one_split(many: FaceDataset) -> None:
    divided = stratified_split(many, seed=3)
    digests = image_digests(many.images)
    for digest in np.unique(digests):
        assert len(np.unique(divided.splits[digests == digest])) == 1


def test_the_seed_decides(many: FaceDataset) -> None:
    first, same, other = (stratified_split(many, seed=seed).splits for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


@pytest.mark.parametrize("shares", [(0.8, 0.2), (0.8, 0.3, 0.1), (1.0, 0.0, 0.0)])
def test_shares_that_are_none_are_refused(many: FaceDataset, shares: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="expected 3 positive numbers that sum to 1"):
        stratified_split(many, shares)


def test_a_validation_part_is_cut_from_training_where_there_is_none(many: FaceDataset) -> None:
    splits = np.where(np.arange(len(many)) % 5 == 0, 2, 0).astype(np.int8)
    tree = replace(many, splits=splits, split_names=SPLITS)
    divided = with_validation(tree, seed=4)
    training = splits == 0
    assert (divided.splits[~training] == 2).all()
    for label in np.unique(tree.labels):
        of_class = training & (tree.labels == label)
        assert (divided.splits[of_class] == 1).mean() == pytest.approx(0.1, abs=0.05)
    assert "seed 4) were taken as PublicTest" in divided.notes[-1]
    np.testing.assert_array_equal(divided.splits, with_validation(tree, seed=4).splits)
    assert with_validation(divided) is divided


def test_a_class_of_two_pictures_has_one_of_them_in_validation(many: FaceDataset) -> None:
    small = replace(many, splits=np.zeros(len(many), np.int8), split_names=SPLITS)
    rows = np.concatenate([np.flatnonzero(small.labels == label)[:2] for label in (0, 3)])
    mask = np.isin(np.arange(len(small)), rows)
    assert with_validation(small.select(mask)).splits.tolist().count(1) == 2
