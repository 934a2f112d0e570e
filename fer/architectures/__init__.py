"""A registry of Keras 3 networks. Keras is imported when a network is built, not before."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from fer.architectures.cnn4 import cnn4_2m7, cnn4_4m5, cnn4_56
from fer.architectures.cnn5 import cnn5_16, cnn5_224
from fer.architectures.dlib27 import dlib27 as dlib27_network
from fer.architectures.residual import residual_network
from fer.architectures.transfer import BACKBONES, PREFIX, transfer_network
from fer.errors import InputError

if TYPE_CHECKING:
    import keras

__all__ = ["ARCHITECTURES", "TWO_HEADS", "build"]

ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {
    "xs": partial(residual_network, "xs", stem=24, widths=(48, 96, 192)),
    "s": partial(residual_network, "s", stem=32, widths=(64, 128, 256)),
    "tiny": partial(residual_network, "tiny", stem=16, widths=(16, 16), blocks_per_stage=1),
    "dlib27": partial(dlib27_network, "dlib27", side=112),
    "dlib27-144": partial(dlib27_network, "dlib27-144", side=144),
    "cnn4-4.5m": cnn4_4m5,
    "cnn4-2.7m": cnn4_2m7,
    "cnn4-56": cnn4_56,
    "cnn5-16": cnn5_16,
    "cnn5-224": cnn5_224,
    **{f"{PREFIX}{backbone}": partial(transfer_network, backbone) for backbone in BACKBONES},
}
"""Name -> builder. ``xs`` is the smallest network that ships and ``s`` the next wider one;
``tiny`` is for tests and quick trials; ``dlib27`` begins with what dlib learned of faces, and
``dlib27-144`` sees them larger; the others are those of the literature, each described where it is
built."""

TWO_HEADS = ("xs", "s", "tiny", "dlib27", "dlib27-144")
"""Networks with the heads "fer2013" and "ferplus", which ``fer train`` trains by its protocol."""


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
