"""The feeder: augmented, mixed batches that depend only on seed, epoch and position."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.training.augmentation import augment
from fer.training.config import AugmentationConfig, TrainingConfig
from fer.training.targets import Floats, Targets


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
    size: int | None = None,
    *,
    straightened: npt.NDArray[np.uint8] | None = None,
) -> Iterator[Batch]:
    """Batches of one epoch, counted from 0, in an order of its own, of images ``(n, h, h)`` uint8.

    Epochs that repeat another's views give the same batches. ``size`` overrides the epoch's side in
    pixels; ``straightened`` are the same rows cut by their points, for the recipe's share of them.
    """
    side = size or config.size_at(epoch)
    epoch = config.view_at(epoch)
    order = np.random.default_rng((config.seed, epoch)).permutation(len(images))
    steps = steps_per_epoch(len(images), config.batch_size)

    def make(step: int) -> Batch:
        rows = order[step * config.batch_size : (step + 1) * config.batch_size]
        return make_batch(
            images,
            targets,
            rows,
            side,
            config.augmentation_at(epoch),
            (config.seed, epoch, step),
            straightened=straightened,
            share=config.straightened,
        )

    return prefetched(make, steps)


def prefetched(make: Callable[[int], Batch], steps: int) -> Iterator[Batch]:
    """Batches 0, 1, ... of an epoch, made two ahead in a feeder thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="fer-feeder") as pool:
        pending = [pool.submit(make, step) for step in range(min(2, steps))]
        for step in range(steps):
            batch = pending.pop(0).result()
            if step + 2 < steps:
                pending.append(pool.submit(make, step + 2))
            yield batch


def mix(batch: Batch, share: float, rng: np.random.Generator) -> Batch:
    """Lay another picture of the batch, fainter, over a share of its pictures.

    Mixup after Zhang et al. 2018 (arXiv 1710.09412) with an even distribution of the shares: the
    picture keeps a half to all of itself. The fainter one teaches that a face can show a second
    expression, such as a smile that it has at rest.

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
