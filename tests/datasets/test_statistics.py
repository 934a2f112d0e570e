from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fer.datasets import (
    SPLITS,
    FaceDataset,
    class_distribution,
    ferplus_distribution,
    imbalance_ratio,
    sample_indices,
    summary,
)
from fer.datasets.statistics import blank_images
from fer.errors import DatasetError, InputError
from fer.labels import FER2013, FERPLUS


def test_distribution_has_every_split_and_label(tiny: FaceDataset) -> None:
    table = class_distribution(tiny)
    assert list(table.columns) == ["split", "label", "count", "share"]
    assert list(zip(table["split"], table["label"], strict=True)) == [
        (split, label) for split in SPLITS for label in FER2013
    ]
    filled = table[table["count"] > 0]
    assert filled.to_numpy().tolist() == [
        ["Training", "angry", 1, 0.25],
        ["Training", "happy", 2, 0.5],
        ["Training", "neutral", 1, 0.25],
        ["PublicTest", "angry", 1, 0.5],
        ["PublicTest", "happy", 1, 0.5],
        ["PrivateTest", "happy", 1, 1.0],
    ]


def test_empty_split_has_shares_of_zero(tiny: FaceDataset) -> None:
    table = class_distribution(tiny.split("Training"))
    assert (table.loc[table["split"] == "PrivateTest", ["count", "share"]] == 0).all(axis=None)


def test_ferplus_distribution_counts_the_majority_protocol(tiny: FaceDataset) -> None:
    votes = np.zeros((7, 10), np.uint8)
    votes[:3, 0] = 10  # neutral
    votes[3, 7] = 9  # contempt
    votes[4, :2] = 5  # no majority
    votes[5, 8] = 10  # unknown
    votes[6, 1] = 10  # happy
    table = ferplus_distribution(tiny.with_votes(votes))
    assert table["label"].tolist() == list(FERPLUS) * 3
    assert table[table["count"] > 0].to_numpy().tolist() == [
        ["Training", "neutral", 3, 0.75],
        ["Training", "contempt", 1, 0.25],
        ["PrivateTest", "happy", 1, 1.0],
    ]


def test_imbalance_is_largest_over_smallest() -> None:
    assert imbalance_ratio([10, 40, 5]) == 8
    assert imbalance_ratio({"angry": 3, "sad": 3}) == 1
    assert imbalance_ratio(np.array([1, 2])) == 2
    assert imbalance_ratio([1, 0]) == float("inf")


@pytest.mark.parametrize("counts", [[], [0, 0], {}])
def test_imbalance_of_nothing_is_an_error(counts: list[int]) -> None:
    with pytest.raises(InputError, match="expected at least one image"):
        imbalance_ratio(counts)


def test_only_constant_images_are_blank() -> None:
    images = np.zeros((4, 48, 48), np.uint8)
    images[1] = 200
    images[2, 20, 20] = 1  # its corners are equal
    images[3, -1, -1] = 1
    assert blank_images(images).tolist() == [True, True, False, False]
    assert blank_images(images[:0]).tolist() == []


def test_summary_counts_by_hand(tiny: FaceDataset) -> None:
    result = summary(replace(tiny, skipped=3, notes=("assumed",)))
    assert result["rows"] == 7
    assert result["distinct_images"] == 5
    assert result["splits"] == {"Training": 4, "PublicTest": 2, "PrivateTest": 1}
    assert result["classes"] == {**dict.fromkeys(FER2013, 0), "angry": 2, "happy": 4, "neutral": 1}
    assert result["classes_by_split"]["PublicTest"]["angry"] == 1
    assert result["imbalance_ratio"] is None
    assert result["blank_images"] == 1
    assert result["copies_of_training"] == {"PublicTest": 1, "PrivateTest": 1}
    assert result["ferplus_majority"] is None
    assert (result["skipped"], result["source"], result["notes"]) == (3, "tiny", ["assumed"])


def test_summary_is_json(tiny: FaceDataset) -> None:
    votes = np.zeros((7, 10), np.uint8)
    votes[:, 1] = 10
    result = summary(tiny.with_votes(votes))
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["ferplus_majority"] == {"Training": 4, "PublicTest": 2, "PrivateTest": 1}


def test_summary_of_a_data_set_without_training_rows_finds_no_copies(tiny: FaceDataset) -> None:
    result = summary(tiny.split("PublicTest"))
    assert result["copies_of_training"] == {"PublicTest": 0, "PrivateTest": 0}


def test_sample_is_within_split_and_class_without_repetition(tiny: FaceDataset) -> None:
    assert sorted(sample_indices(tiny, "train", "happiness", 10, seed=0)) == [1, 2]
    assert sorted(sample_indices(tiny, None, "happy", 10, seed=0)) == [1, 2, 5, 6]
    assert sorted(sample_indices(tiny, "PublicTest", None, 10, seed=0)) == [4, 5]
    assert len(sample_indices(tiny, None, None, 3, seed=0)) == 3
    assert len(sample_indices(tiny, "train", "fear", 3, seed=0)) == 0


def test_sample_depends_on_the_seed_alone(tiny: FaceDataset) -> None:
    drawn = [tuple(sample_indices(tiny, None, None, 7, seed=seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_sample_of_an_unknown_class_or_size_is_an_error(tiny: FaceDataset) -> None:
    with pytest.raises(DatasetError, match=r"expected a class named one of angry.*got 'contempt'"):
        sample_indices(tiny, None, "contempt", 1, seed=0)
    with pytest.raises(DatasetError, match="expected a split"):
        sample_indices(tiny, "holdout", None, 1, seed=0)
    with pytest.raises(InputError, match="expected 0 or more images, got -1"):
        sample_indices(tiny, None, None, -1, seed=0)
