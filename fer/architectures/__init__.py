"""A registry of Keras 3 networks. Keras is imported when a network is built, not before."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fer.errors import InputError

if TYPE_CHECKING:
    import keras

__all__ = ["ARCHITECTURES", "SINGLE_OUTPUT", "build"]


def _xs(*, dropout: float = 0.3, input_size: int | None = 48) -> keras.Model:
    from fer.architectures.residual import residual_network

    return residual_network(
        "xs", stem=24, widths=(48, 96, 192), dropout=dropout, input_size=input_size
    )


def _tiny(*, dropout: float = 0.3, input_size: int | None = 48) -> keras.Model:
    from fer.architectures.residual import residual_network

    return residual_network(
        "tiny",
        stem=16,
        widths=(16, 16),
        blocks_per_stage=1,
        dropout=dropout,
        input_size=input_size,
    )


def _cnn4(*, dropout: float = 0.25) -> keras.Model:
    from fer.architectures.cnn4 import cnn4_4m5

    return cnn4_4m5(dropout=dropout)


ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {
    "xs": _xs,
    "tiny": _tiny,
    "cnn4-4.5m": _cnn4,
}
"""Name -> builder. ``xs`` is the shipped network; ``tiny`` is for tests and quick trials."""

SINGLE_OUTPUT: frozenset[str] = frozenset({"cnn4-4.5m"})
"""Networks with one softmax instead of the heads "fer2013" and "ferplus"."""


def build(name: str, **options: Any) -> keras.Model:
    """Build an untrained network by name.

    Args:
        name: A key of ``ARCHITECTURES``.
        options: Keyword arguments of the builder: ``dropout`` for all of them, and
            ``input_size`` (side in pixels, None for any) for those that end in global pooling.

    Raises:
        InputError: If the name is unknown, or the network has no such option.
    """
    if name not in ARCHITECTURES:
        raise InputError(
            f"architecture: expected one of {', '.join(ARCHITECTURES)}, got {name!r}; "
            "choose one of them"
        )
    builder = ARCHITECTURES[name]
    known = inspect.signature(builder).parameters
    unknown = [option for option in options if option not in known]
    if unknown:
        raise InputError(
            f"{name}: expected options among {', '.join(known)}, got {', '.join(unknown)}; "
            "leave them out"
        )
    return builder(**options)
