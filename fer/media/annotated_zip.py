"""Annotated pictures as ZIPs, drawn and written one by one, none larger than memory should hold."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from fer.files import write_faults
from fer.media.photo import Photo

PART_BYTES = 256 * 2**20
"""A browser's download lies in the server's memory as a whole, so a large one comes in parts."""


def zip_parts(photos: Sequence[Photo], limit: int = PART_BYTES) -> list[list[Photo]]:
    """Photos grouped so that each group's ZIP has about ``limit`` bytes at most, or one picture."""
    parts: list[list[Photo]] = []
    size = 0
    for photo in photos:
        try:
            more = photo.picture.stat().st_size if photo.picture else 0
        except OSError:
            more = 0  # taken out meanwhile
        if not more:
            continue
        if not parts or size + more > limit:
            parts.append([])
            size = 0
        parts[-1].append(photo)
        size += more
    return parts


def zip_bytes(photos: Sequence[Photo]) -> bytes:
    """A ZIP of pictures with their faces drawn; only the finished ZIP is ever in memory.

    Raises:
        InputError: If the temporary folder cannot be written, as when the disk is full.
    """
    place = Path(tempfile.gettempdir())
    with write_faults(place), tempfile.TemporaryFile(prefix="fer-zip-") as file:
        # Stored: pictures are compressed already.
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for photo in photos:
                if photo.picture is None:
                    continue
                try:
                    archive.writestr(photo.picture.name, photo.drawn())
                except FileNotFoundError:
                    continue  # taken out meanwhile
        file.seek(0)
        return file.read()
