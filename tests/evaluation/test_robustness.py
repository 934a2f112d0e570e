from __future__ import annotations

import numpy as np
import pytest

from fer.datasets.base import FaceDataset
from fer.evaluation.robustness import (
    CLEAN,
    CONDITIONS,
    Condition,
    exposed,
    half_hidden,
    mean_loss,
    robustness,
    rotated,
    shifted,
    small,
    zoomed,
)


def gradient() -> np.ndarray:
    """Brightness rises to the right, from 0 to 235."""
    return np.tile((np.arange(48) * 5).astype(np.uint8), (48, 1))


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda one: one.name)
def test_every_corruption_changes_the_picture_and_keeps_its_form(condition: Condition) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    before = picture.copy()
    for level in condition.levels:
        changed = condition.apply(picture, level)
        assert (changed.shape, changed.dtype) == ((48, 48), np.uint8)
        assert (changed != picture).any()
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize(
    "condition",
    [one for one in CONDITIONS if one.name in ("blur", "small face", "rotation", "JPEG")],
    ids=lambda one: one.name,
)
def test_levels_go_from_mild_to_severe(condition: Condition) -> None:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (8, 8), dtype=np.uint8)
    picture = np.kron(coarse, np.ones((6, 6))).astype(np.uint8)
    damage = [
        np.abs(condition.apply(picture, level).astype(int) - picture).mean()
        for level in condition.levels
    ]
    assert damage == sorted(damage)


def test_a_box_off_to_the_right_moves_the_face_to_the_left() -> None:
    # A tenth of 48 px is 4.8 columns of 5 grey levels each.
    moved = shifted(gradient(), 10).astype(int) - gradient()
    assert moved[:, :40] == pytest.approx(24, abs=1)


def test_a_larger_box_shows_a_smaller_face_around_the_same_centre() -> None:
    picture = np.zeros((48, 48), np.uint8)
    picture[14:34, 14:34] = 255
    larger, smaller = zoomed(picture, 30), zoomed(picture, -15)
    sides = [np.sqrt((one > 127).sum()) for one in (larger, picture, smaller)]
    assert sides == pytest.approx([20 / 1.3, 20, 20 / 0.85], abs=1.2)
    for one in (larger, smaller):
        np.testing.assert_array_equal(one, one[::-1, ::-1])


def test_rotating_by_a_right_angle_is_numpy_s() -> None:
    np.testing.assert_array_equal(rotated(gradient(), 90), np.rot90(gradient()))


def test_gamma_darkens_above_one_and_keeps_black_and_white() -> None:
    ends = np.array([[0, 128, 255]], np.uint8)
    assert exposed(ends, 2.5)[0, 1] < 128 < exposed(ends, 0.4)[0, 1]
    assert exposed(ends, 2.5)[0, [0, 2]].tolist() == [0, 255]


def test_each_half_is_hidden_once() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (48, 48), dtype=np.uint8)
    hidden = [half_hidden(picture, side) != picture for side in range(4)]
    assert not (hidden[0] & hidden[1]).any()
    assert not (hidden[2] & hidden[3]).any()
    assert [mask.mean() for mask in hidden] == pytest.approx([0.5] * 4, abs=0.01)


def test_a_small_face_has_no_more_detail_than_its_pixels() -> None:
    checks = (np.indices((48, 48)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert small(checks, 12).std() < 1


def dataset() -> FaceDataset:
    """PublicTest: a bright left half is class 0, a bright right half is class 3."""
    images = np.zeros((4, 48, 48), np.uint8)
    images[::2, :, :24] = 200
    images[1::2, :, 24:] = 200
    return FaceDataset(
        images, np.array([0, 3, 0, 3], np.int8), np.array([1, 1, 1, 1], np.int8), source="halves"
    )


def brighter_half(images: np.ndarray) -> dict[str, np.ndarray]:
    left = images[:, :, :24].mean(axis=(1, 2)) >= images[:, :, 24:].mean(axis=(1, 2))
    return {"fer2013": np.eye(7)[np.where(left, 0, 3)]}


def test_rows_name_condition_level_and_n() -> None:
    flip = Condition("mirrored", "times", (1, 2), lambda one, level: one[:, :: (-1) ** int(level)])
    rows = robustness(brighter_half, dataset(), conditions=[flip])
    assert [(row["condition"], row["level"], row["accuracy"]) for row in rows] == [
        (CLEAN, 0, 1.0),
        ("mirrored", 1, 0.0),
        ("mirrored", 2, 1.0),
    ]
    assert {row["n"] for row in rows} == {4}
    assert mean_loss(rows) == pytest.approx(0.5)
