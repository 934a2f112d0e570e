"""Light, contrast and sharpness of pictures, and the mean faces of classes."""

import numpy as np
import pytest

from fer.datasets import FaceDataset
from fer.datasets.quality import MEASURES, mean_faces, quality, quality_table


def test_measures_are_what_they_say() -> None:
    flat = np.full((48, 48), 90, np.uint8)
    halves = np.zeros((48, 48), np.uint8)
    halves[:, 24:] = 200
    found = quality(np.stack([flat, halves]))
    assert set(found) == set(MEASURES)
    np.testing.assert_allclose(found["brightness"], [90, 100])
    np.testing.assert_allclose(found["contrast"], [0, 100])
    # The Laplacian of a step of 200 is 200 on one side and -200 on the other: 2 of 48 columns.
    np.testing.assert_allclose(found["sharpness"], [0, np.log10(2 / 48 * 200**2 + 1)], rtol=1e-5)


def test_blur_lowers_sharpness_only() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 48, 48), dtype=np.uint8)
    wide = (noise.reshape(1, 24, 2, 24, 2).mean(axis=(2, 4))).repeat(2, axis=1).repeat(2, axis=2)
    before, after = quality(noise), quality(wide.astype(np.uint8))
    assert after["sharpness"] < before["sharpness"]
    np.testing.assert_allclose(after["brightness"], before["brightness"], atol=1)


@pytest.mark.parametrize("by", ["class", "split"])
def test_shares_of_a_group_sum_to_one_and_counts_to_its_rows(tiny: FaceDataset, by: str) -> None:
    table = quality_table(tiny, quality(tiny.images)["contrast"], by=by, bins=5)
    groups = table.groupby("group")
    np.testing.assert_allclose(groups["share"].sum(), 1)
    expected = {"angry": 2, "happy": 4, "neutral": 1}
    if by == "split":
        expected = {"Training": 4, "PublicTest": 2, "PrivateTest": 1}
    assert groups["count"].sum().to_dict() == expected


def test_mean_and_deviation_are_those_of_numpy_and_zero_for_an_empty_class(
    tiny: FaceDataset,
) -> None:
    means, deviations = mean_faces(tiny.images, tiny.labels, 7)
    happy = tiny.images[tiny.labels == 3].astype(np.float64)
    np.testing.assert_allclose(means[3], happy.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(deviations[3], happy.std(axis=0), atol=1e-2)
    assert not means[1].any() and not deviations[1].any()
