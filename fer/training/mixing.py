"""Mixup: two pictures over each other, and their targets in the same shares."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fer.training.batches import Batch
from fer.training.config import TrainingConfig

Floats = npt.NDArray[np.float32]


def mix(batch: Batch, share: float, rng: np.random.Generator) -> Batch:
    """Lay another picture of the batch, fainter, over a share of its pictures.

    Mixup after Zhang et al. 2018 (arXiv 1710.09412) with an even distribution of the shares: the
    picture keeps a half to all of itself. The fainter one teaches that a face can show a second
    expression, such as a smile that it has at rest.

    Args:
        batch: Of augmented pictures, with the targets of each.
        share: Probability that a picture is mixed.
        rng: Source of randomness; the same state gives the same batch.

    Returns:
        A batch of the same shapes. A row without a usable vote lends none to its mixture.
    """
    count = len(batch.pixels)
    drawn = np.where(rng.random(count) < share, rng.uniform(0.5, 1.0, count), 1.0)
    other = rng.permutation(count)
    own: Floats = drawn.astype(np.float32)
    rest: Floats = np.float32(1) - own
    targets: dict[str, Floats] = {}
    weights: dict[str, Floats] = {}
    for head, target in batch.targets.items():
        one, two = own * batch.weights[head], rest * batch.weights[head][other]
        weights[head] = one + two
        # Where neither has a vote the target stays; nothing learns from it.
        sure = np.maximum(weights[head], np.finfo(np.float32).tiny)
        mixed = (one / sure)[:, None] * target + (two / sure)[:, None] * target[other]
        targets[head] = np.where(weights[head][:, None] > 0, mixed, target).astype(np.float32)
    along = own[:, None, None, None]
    pixels: Floats = along * batch.pixels + rest[:, None, None, None] * batch.pixels[other]
    return Batch(pixels, targets, weights)


def mixed(batches: Iterator[Batch], epoch: int, config: TrainingConfig) -> Iterator[Batch]:
    """The batches of an epoch, counted from 0, mixed as its augmentation says.

    Epochs that show the same pictures again mix them anew.
    """
    share = config.augmentation_at(epoch).mixup
    for step, batch in enumerate(batches):
        if share:
            batch = mix(batch, share, np.random.default_rng((config.seed, epoch, step, 1)))
        yield batch
