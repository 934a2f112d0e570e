"""A registry of Keras 3 networks. Keras is imported when a network is built, not before."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fer.architectures.cnn4 import cnn4_2m7, cnn4_4m5, cnn4_56
from fer.architectures.cnn5 import cnn5_16, cnn5_224
from fer.architectures.transfer import BACKBONES, PREFIX, transfer_network
from fer.errors import InputError

if TYPE_CHECKING:
    import keras

__all__ = ["ARCHITECTURES", "SINGLE_OUTPUT", "TWO_HEADS", "build"]


def _residual(name: str, **shape: Any) -> Callable[..., keras.Model]:
    def builder(
        *, dropout: float = 0.3, input_size: int | None = 48, classes: int = 0
    ) -> keras.Model:
        from fer.architectures.residual import residual_network

        return residual_network(
            name, dropout=dropout, input_size=input_size, classes=classes, **shape
        )

    return builder


def _dlib27(name: str, side: int) -> Callable[..., keras.Model]:
    def builder(
        *, dropout: float = 0.4, input_size: int | None = 48, classes: int = 0
    ) -> keras.Model:
        from fer.architectures.dlib27 import dlib27

        return dlib27(name, side=side, dropout=dropout, input_size=input_size, classes=classes)

    return builder


def _transfer(backbone: str) -> Callable[..., keras.Model]:
    def builder(
        *, dropout: float = 0.3, image_size: int = 96, weights: str = "cache"
    ) -> keras.Model:
        return transfer_network(backbone, dropout=dropout, image_size=image_size, weights=weights)

    return builder


ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {
    "xs": _residual("xs", stem=24, widths=(48, 96, 192)),
    "s": _residual("s", stem=32, widths=(64, 128, 256)),
    "tiny": _residual("tiny", stem=16, widths=(16, 16), blocks_per_stage=1),
    "dlib27": _dlib27("dlib27", side=112),
    "dlib27-144": _dlib27("dlib27-144", side=144),
    "cnn4-4.5m": cnn4_4m5,
    "cnn4-2.7m": cnn4_2m7,
    "cnn4-56": cnn4_56,
    "cnn5-16": cnn5_16,
    "cnn5-224": cnn5_224,
    **{f"{PREFIX}{backbone}": _transfer(backbone) for backbone in BACKBONES},
}
"""Name -> builder. ``xs`` is the smallest network that ships and ``s`` the next wider one;
``tiny`` is for tests and quick trials; ``dlib27`` begins with what dlib learned of faces, and
``dlib27-144`` sees them larger; the others are those of the literature, each described where it is
built."""

TWO_HEADS = ("xs", "s", "tiny", "dlib27", "dlib27-144")
"""Networks with the heads "fer2013" and "ferplus", which ``fer train`` trains by its protocol."""

SINGLE_OUTPUT: frozenset[str] = frozenset(ARCHITECTURES) - set(TWO_HEADS)
"""Networks with one softmax instead of the heads "fer2013" and "ferplus"."""


def build(name: str, **options: Any) -> keras.Model:
    """Build an untrained network by name.

    Args:
        name: A key of ``ARCHITECTURES``.
        options: Keyword arguments of the builder, such as ``dropout``; ``input_size`` (side in
            pixels, None for any) for those that end in global pooling; ``classes`` of one's own
            for those with two heads; ``weights`` and ``image_size`` for ``transfer:``.

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
