"""What happens after the last epoch: raw or averaged weights, and their BN statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.training.augmentation import augment
from fer.training.config import TrainingConfig
from fer.training.network_pass import resized, validation_scores
from fer.training.perceived import fit_perceived
from fer.training.run import usable_rows
from fer.training.starting import start_weights

if TYPE_CHECKING:
    import keras

STATISTICS_BATCHES = 100
"""Batches that the BN statistics are averaged over; at 128 images, 45 % of FER-2013."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to end a run, measured on PublicTest at full size.

    Attributes:
        weights: "raw" for the last step's, "ema" for the moving average, "halfway" for the middle
            between those that the run began with and the last step's.
        statistics: Where BN's mean and variance come from: "training" for the moving averages of
            the run, "augmented" or "plain" for a re-estimate on such training images.
        vote_loss: Loss of the FER+ votes there, both heads joined, held out; None without votes.
    """

    weights: str
    statistics: str
    val_accuracy: float
    val_macro_f1: float
    vote_loss: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate that a model was finalised with, and all that were compared."""

    chosen: Candidate
    candidates: tuple[Candidate, ...]


def reestimate_statistics(model: keras.Model, batches: Iterator[npt.NDArray[np.float32]]) -> None:
    """Replace every BN layer's mean and variance by their average over the given batches.

    Averaged weights never ran a training step, so that their BN statistics do not exist yet
    (Izmailov et al. 2018, arXiv 1803.05407, section 3.2).
    """
    from keras import layers

    norms = [one for one in model.layers if isinstance(one, layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    try:
        for seen, pixels in enumerate(batches):
            for norm in norms:
                # old * k/(k+1) + new * 1/(k+1) is the mean of k + 1 batches.
                norm.momentum = seen / (seen + 1)
            # A plain call reads the momentum each time; a compiled one would have frozen it.
            model(pixels, training=True)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def statistics_batches(
    images: npt.NDArray[np.uint8], config: TrainingConfig, *, augmented: bool
) -> Iterator[npt.NDArray[np.float32]]:
    """Training images ``(n, h, h)`` uint8 at full size in a seeded order, at most one pass."""
    rng = np.random.default_rng((config.seed, config.epochs))
    order = rng.permutation(len(images))
    end = min(len(order), STATISTICS_BATCHES * config.batch_size)
    for start in range(0, end, config.batch_size):
        rows = order[start : start + config.batch_size]
        if start and len(rows) < config.batch_size:
            return  # A small last batch would count as much as a whole one.
        chosen = images[rows]
        if augmented:
            views = [
                augment(one, IMAGE_SIZE, config.augmentation_at(config.epochs - 1), rng)
                for one in chosen
            ]
            chosen = np.stack(views)
        yield resized(chosen, IMAGE_SIZE)


def finalize(
    model: keras.Model, config: TrainingConfig, dataset: FaceDataset
) -> tuple[keras.Model, Choice]:
    """Compare the ways to end a run on PublicTest and leave the best one in the model.

    Candidates: the raw weights; where the run began with a network's weights, the middle between
    these and the raw ones, which often keeps what both are good at (Wortsman et al. 2022, arXiv
    2109.01903); and, when the recipe keeps a moving average, the averaged weights with BN
    statistics from augmented and from plain training images. All are measured at
    48 px, whatever size the last epoch had. What makes the FER+ votes most likely wins; without
    votes, the best accuracy; the first of equals.

    Returns:
        The same model with the chosen weights, and what was compared.

    Raises:
        TrainingError: If the data is not that of a run.
    """
    training, validation = usable_rows(dataset, config)
    compared: list[tuple[Candidate, list[npt.NDArray[np.float32]]]] = []

    def measure(weights: str, statistics: str) -> None:
        pixels = resized(validation.images, IMAGE_SIZE)
        logits = model.predict(pixels, batch_size=256, verbose=0)
        scores = validation_scores(logits, validation)
        votes = validation.votes if config.ferplus_weight > 0 else None
        candidate = Candidate(
            weights,
            statistics,
            scores["val_accuracy"],
            scores["val_macro_f1"],
            None if votes is None else fit_perceived(logits, votes).loss_held_out,
            len(validation),
        )
        compared.append((candidate, model.get_weights()))

    def reestimate(*, augmented: bool) -> None:
        reestimate_statistics(
            model, statistics_batches(training.images, config, augmented=augmented)
        )

    measure("raw", "training")
    before = start_weights(config)
    if before is not None:
        raw = model.get_weights()
        model.set_weights([(one + other) / 2 for one, other in zip(raw, before, strict=True)])
        reestimate(augmented=True)
        measure("halfway", "augmented")
        model.set_weights(raw)
    if config.ema:
        model.optimizer.finalize_variable_values(model.trainable_variables)
        for statistics in ("augmented", "plain"):
            reestimate(augmented=statistics == "augmented")
            measure("ema", statistics)
    chosen, weights = min(
        compared,
        key=lambda one: -one[0].val_accuracy if one[0].vote_loss is None else one[0].vote_loss,
    )
    model.set_weights(weights)
    return model, Choice(chosen, tuple(candidate for candidate, _ in compared))
