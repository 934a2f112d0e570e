"""The feeder: augmented batches that depend only on seed, epoch and position."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.training.augmentation import augment
from fer.training.config import AugmentationConfig, TrainingConfig
from fer.training.targets import Targets


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One step's input.

    Attributes:
        pixels: ``(b, s, s, c)`` float32 in 0..255.
        targets: Head -> ``(b, classes)`` float32 distributions; of a network with one output,
            ``(b,)`` class indices.
        weights: Head -> ``(b,)`` float32; None where every row counts alike.
    """

    pixels: npt.NDArray[np.float32]
    targets: Any
    weights: Any = None


def make_batch(
    images: npt.NDArray[np.uint8],
    targets: Targets,
    rows: npt.NDArray[np.intp],
    size: int,
    augmentation: AugmentationConfig,
    seed: tuple[int, ...],
    *,
    straightened: npt.NDArray[np.uint8] | None = None,
    share: float = 0.0,
) -> Batch:
    """Augment the given rows; the same seed gives the same batch.

    ``straightened`` pictures of the same rows take the place of a ``share`` of them.
    """
    rng = np.random.default_rng(seed)
    chosen = images[rows]
    if straightened is not None:
        cut = rng.random(len(rows)) < share
        chosen[cut] = straightened[rows[cut]]
    views = np.stack([augment(one, size, augmentation, rng) for one in chosen])
    return Batch(
        views[..., None].astype(np.float32),
        {head: shares[rows] for head, shares in targets.shares.items()},
        {head: weights[rows] for head, weights in targets.weights.items()},
    )


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Whole batches in an epoch; a data set smaller than a batch makes one."""
    return max(1, rows // batch_size)


def epoch_batches(
    images: npt.NDArray[np.uint8],
    targets: Targets,
    epoch: int,
    config: TrainingConfig,
    *,
    size: int | None = None,
    straightened: npt.NDArray[np.uint8] | None = None,
) -> Iterator[Batch]:
    """Batches of one epoch in an order of its own.

    Args:
        images: ``(n, h, h)`` uint8.
        targets: Of the same rows.
        epoch: Counted from 0; one that repeats another's views gives the same batches.
        config: The recipe.
        size: Side of the pictures in pixels; None takes the epoch's.
        straightened: The same rows cut by their points, for the recipe's share of them.
    """
    side = size or config.size_at(epoch)
    epoch = config.view_at(epoch)
    order = np.random.default_rng((config.seed, epoch)).permutation(len(images))
    augmentation = config.augmentation_at(epoch)
    steps = steps_per_epoch(len(images), config.batch_size)

    def make(step: int) -> Batch:
        rows = order[step * config.batch_size : (step + 1) * config.batch_size]
        seed = (config.seed, epoch, step)
        return make_batch(
            images,
            targets,
            rows,
            side,
            augmentation,
            seed,
            straightened=straightened,
            share=config.straightened,
        )

    return prefetched(make, steps)


def prefetched(make: Callable[[int], Batch], steps: int) -> Iterator[Batch]:
    """Batches 0, 1, ... of an epoch, made two ahead in a feeder thread.

    Args:
        make: Makes the batch of a step.
        steps: How many there are.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="fer-feeder") as pool:
        pending = [pool.submit(make, step) for step in range(min(2, steps))]
        for step in range(steps):
            batch = pending.pop(0).result()
            if step + 2 < steps:
                pending.append(pool.submit(make, step + 2))
            yield batch
