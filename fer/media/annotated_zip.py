"""Annotated pictures as ZIPs, written picture by picture, none larger than memory should hold."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from fer.files import write_faults

PART_BYTES = 256 * 2**20
"""A browser's download lies in the server's memory as a whole, so a large one comes in parts."""


def zip_parts(pictures: Sequence[Path], limit: int = PART_BYTES) -> list[list[Path]]:
    """Pictures grouped so that each group's ZIP has at most ``limit`` bytes, or one picture."""
    parts: list[list[Path]] = []
    size = 0
    for picture in pictures:
        try:
            more = picture.stat().st_size
        except OSError:
            continue  # taken out meanwhile
        if not parts or size + more > limit:
            parts.append([])
            size = 0
        parts[-1].append(picture)
        size += more
    return parts


def zip_bytes(pictures: Sequence[Path]) -> bytes:
    """A ZIP of files under their own names; only the finished ZIP is ever in memory.

    Raises:
        InputError: If the temporary folder cannot be written, as when the disk is full.
    """
    place = Path(tempfile.gettempdir())
    with write_faults(place), tempfile.TemporaryFile(prefix="fer-zip-") as file:
        # Stored: pictures are compressed already.
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for picture in pictures:
                try:
                    archive.write(picture, picture.name)
                except FileNotFoundError:
                    continue  # taken out meanwhile
        file.seek(0)
        return file.read()
