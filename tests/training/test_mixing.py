"""Mixup: the arithmetic, the votes, and that a run with it can be repeated."""

from __future__ import annotations

import numpy as np
import pytest

from fer.training.batches import Batch, mix, mixed
from fer.training.config import AugmentationConfig, TrainingConfig


def a_batch(count: int = 64, *, voted: bool = True) -> Batch:
    """Pictures of one grey each, whose target is a class of their own."""
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, count).astype(np.float32)
    pixels = np.broadcast_to(grey[:, None, None, None], (count, 4, 4, 1)).copy()
    votes = np.eye(8, dtype=np.float32)[rng.integers(0, 8, count)]
    return Batch(
        pixels,
        {"fer2013": np.eye(count, dtype=np.float32), "ferplus": votes},
        {
            "fer2013": np.ones(count, np.float32),
            "ferplus": np.full(count, voted, np.float32),
        },
    )


def test_pictures_and_targets_mix_in_the_same_shares() -> None:
    batch = a_batch()
    got = mix(batch, 1.0, np.random.default_rng(1))
    shares = got.targets["fer2013"]
    grey = batch.pixels[:, 0, 0, 0]
    np.testing.assert_allclose(got.pixels[:, 0, 0, 0], shares @ grey, rtol=1e-5)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(got.targets["ferplus"], shares @ batch.targets["ferplus"], atol=1e-6)
    assert (np.diagonal(shares) >= 0.5 - 1e-6).all(), "the picture itself stays the stronger one"
    assert 0.6 < np.diagonal(shares).mean() < 0.9


def test_only_the_share_is_mixed() -> None:
    batch = a_batch(1000)
    got = mix(batch, 0.3, np.random.default_rng(2))
    changed = (got.targets["fer2013"] != batch.targets["fer2013"]).any(axis=1)
    assert 0.25 < changed.mean() < 0.35
    np.testing.assert_array_equal(got.pixels[~changed], batch.pixels[~changed])


def test_a_picture_without_votes_lends_none() -> None:
    batch = a_batch()
    batch.weights["ferplus"][::2] = 0
    batch.targets["ferplus"][::2] = 7.0
    got = mix(batch, 1.0, np.random.default_rng(3))
    shares = got.targets["fer2013"]
    np.testing.assert_allclose(
        got.weights["ferplus"], shares @ batch.weights["ferplus"], rtol=1e-5, atol=1e-7
    )
    counted = got.weights["ferplus"] > 0
    assert not counted.all()
    np.testing.assert_allclose(got.targets["ferplus"][counted].sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(got.targets["ferplus"]).all()


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_an_epoch_mixes_as_its_augmentation_says_and_each_time_the_same(share: float) -> None:
    config = TrainingConfig(
        epochs=4,
        sizes=((0.5, 48), (0.5, 48)),
        closing_augmentation=AugmentationConfig(mixup=share),
    )

    def pixels(epoch: int) -> np.ndarray:
        return next(mixed(iter([a_batch()]), epoch, config)).pixels

    plain = a_batch().pixels
    np.testing.assert_array_equal(pixels(0), plain)
    np.testing.assert_array_equal(pixels(2), pixels(2))
    assert (pixels(2) == plain).all() == (share == 0)
    assert (pixels(3) == pixels(2)).all() == (share == 0), "repeated pictures mix anew"
