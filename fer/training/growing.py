"""A wider network that begins where a narrower one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fer.errors import TrainingError

if TYPE_CHECKING:
    import keras

Floats = npt.NDArray[np.float32]


def channel_sources(narrow: int, wide: int) -> npt.NDArray[np.intp]:
    """Which of ``narrow`` channels each of ``wide`` channels copies.

    It depends on the two numbers alone, so that tensors that are added to each other, such as the
    two sides of a residual block, are widened alike.

    Raises:
        ValueError: If there would be fewer channels than before.
    """
    if wide < narrow:
        raise ValueError(f"{wide} channels instead of at least {narrow}")
    extra = np.random.default_rng((narrow, wide)).integers(0, narrow, wide - narrow)
    return np.concatenate([np.arange(narrow), extra]).astype(np.intp)


def _widened(old: Floats, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """One weight in its new shape: the last axis is copied, the one before it is shared out."""
    values = old
    if old.ndim > 1:
        source = channel_sources(old.shape[-2], shape[-2])
        # Copies of a channel share what it gave to the next layer in random parts. Equal parts
        # would keep copies equal for ever: their gradients would be, too.
        parts = rng.uniform(0.25, 0.75, (len(source), old.shape[-1])).astype(np.float32)
        sums = np.zeros((old.shape[-2], old.shape[-1]), np.float32)
        np.add.at(sums, source, parts)
        values = old[..., source, :] * (parts / sums[source])
    return values[..., channel_sources(old.shape[-1], shape[-1])]


def grow(narrow: keras.Model, wide: keras.Model, *, seed: int = 0) -> None:
    """Give a wider network the weights that make it answer as a narrower one does.

    Net2WiderNet (Chen, Goodfellow & Shlens 2016, arXiv 1511.05641): every further channel is a
    copy, and the layers that read it share the weight out between the copies. Networks of the same
    width are copied.

    Args:
        narrow: A trained network.
        wide: A network of the same layers in the same order, none of them narrower; its weights
            are replaced.
        seed: Of how copies share a weight.

    Raises:
        TrainingError: If the layers do not match.
    """
    rng = np.random.default_rng(seed)
    kinds = [type(layer).__name__ for layer in narrow.layers]
    wanted = [type(layer).__name__ for layer in wide.layers]
    if kinds != wanted:
        raise TrainingError(
            f"{narrow.name}: expected the same layers as {wide.name}, got {len(kinds)} that are "
            f"not its {len(wanted)}; start from a narrower network of the same family"
        )
    for before, after in zip(narrow.layers, wide.layers, strict=True):
        weights = []
        for old, new in zip(before.get_weights(), after.weights, strict=True):
            try:
                if old.ndim != len(new.shape) or old.shape[:-2] != tuple(new.shape)[:-2]:
                    raise ValueError(f"{tuple(new.shape)} instead of {old.shape}")
                weights.append(_widened(old, tuple(new.shape), rng))
            except ValueError as fault:
                raise TrainingError(
                    f"{narrow.name}, layer {before.name}: expected one that fits into "
                    f"{wide.name}'s, got {fault}; start from a narrower network"
                ) from fault
        after.set_weights(weights)
