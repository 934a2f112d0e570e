"""Files that are written whole or not at all, and what to say when they cannot be."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from fer.errors import InputError


@contextlib.contextmanager
def write_faults(target: Path) -> Iterator[None]:
    """Operating system errors of a block that writes ``target``, as one line.

    Raises:
        InputError: Instead of ``OSError``, as when the disk is full.
    """
    try:
        yield
    except OSError as fault:
        raise InputError(
            f"{target}: expected a place that can be written, got: {fault.strerror or fault}; "
            "choose another folder or free some disk"
        ) from None


def replace_file(target: Path, data: bytes) -> None:
    """Write a file under another name and then rename it, so that it is never half there.

    Raises:
        OSError: If it cannot be written; nothing is left then.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_bytes(data)
        os.replace(partial, target)
    finally:
        # Gone already after a success; also taken away when the write is interrupted.
        with contextlib.suppress(OSError):
            partial.unlink()
