"""In what precision a network learns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fer.errors import InputError

POLICIES: tuple[str, ...] = ("float32", "mixed_bfloat16")
"""Keras's dtype policies that networks are trained under."""


def check_policy(name: str) -> str:
    """The name, if it is one of ``POLICIES``.

    Raises:
        InputError: If it is not.
    """
    if name not in POLICIES:
        raise InputError(
            f"precision: expected one of {', '.join(POLICIES)}, got {name!r}; choose one"
        )
    return name


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers made in this block compute in a precision; their weights are float32 in any case.

    Args:
        name: One of ``POLICIES``.

    Raises:
        InputError: If it is none.
    """
    import keras

    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(check_policy(name))
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy(before)
