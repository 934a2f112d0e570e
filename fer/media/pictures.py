"""Pictures from untrusted bytes, with limits; every refusal is one clear line."""

from __future__ import annotations

import functools
import io
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PilImage
from PIL import ImageOps, UnidentifiedImageError

from fer.errors import MediaError
from fer.preprocessing import Image

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif"}
)
FORMAT_NAMES = "JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIC"
MAX_BYTES = 64 * 2**20
MAX_PIXELS = 50_000_000

# Pillow knows some forty formats, and opens EPS with Ghostscript. Its JPEG reader also takes MPO,
# a JPEG with more than one picture, as many phones write it.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        name: File name, for tables and messages.
        image_bgr: ``(h, w, 3)`` uint8, upright.
        notes: What was changed on the way in, one sentence each.
    """

    name: str
    image_bgr: Image
    notes: tuple[str, ...] = ()


def _too_large(name: str, size: int) -> MediaError:
    return MediaError(
        f"{name}: expected at most {MAX_BYTES / 2**20:.0f} MiB, got {size / 2**20:.1f} MiB or "
        "more; shrink it first"
    )


def _check_size(image: PilImage.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise MediaError(
            f"{name}: expected at most {MAX_PIXELS / 1e6:.0f} megapixels, got {width:,} x "
            f"{height:,} ({width * height / 1e6:,.0f} megapixels); shrink it first"
        )


def _to_bgr(image: PilImage.Image) -> Image:
    """Any Pillow mode to BGR uint8; transparency goes on white, 16 bits are scaled to 8."""
    if image.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(image, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        # 16-bit files use the full range of 65,535; floats are taken as they span.
        top = 65_535.0 if image.mode.startswith("I") else max(float(values.max()), 1e-9)
        values *= 255 / top
        grey = np.clip(values, 0, 255, out=values).round().astype(np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        canvas = PilImage.new("RGBA", rgba.size, (255, 255, 255, 255))
        image = PilImage.alpha_composite(canvas, rgba)
    rgb = np.asarray(image.convert("RGB"), np.uint8)
    return np.ascontiguousarray(rgb[..., ::-1])


@functools.cache
def _register_heif() -> None:
    """Teach Pillow HEIC, once; libheif's own limits stay on."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False, decode_threads=1)


def decode_image(data: bytes, name: str = "picture") -> Picture:
    """Decode a picture from bytes of unknown origin.

    JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF and HEIC in any colour mode; the EXIF orientation is
    applied; of an animation the first frame is taken.

    Args:
        data: The whole file, at most 64 MiB.
        name: File name for messages.

    Raises:
        MediaError: If the bytes are no such picture, are damaged, or exceed a limit.
    """
    if not data:
        raise MediaError(f"{name}: expected a picture, got an empty file (0 bytes); save it again")
    if len(data) > MAX_BYTES:
        raise _too_large(name, len(data))
    notes: list[str] = []
    _register_heif()
    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes near its own limit and of odd metadata; what matters is
            # refused below.
            warnings.simplefilter("ignore")
            image = PilImage.open(io.BytesIO(data), formats=_FORMATS)
            _check_size(image, name)
            frames = getattr(image, "n_frames", 1)
            if frames > 1:
                notes.append(f"holds {frames} frames or pages; the first was read")
            # Asked before loading, since Pillow turns a TIFF while it loads.
            turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
            image.load()
            upright = ImageOps.exif_transpose(image)
            if turned:
                notes.append("turned upright by its EXIF orientation")
            return Picture(name, _to_bgr(upright), tuple(notes))
    except MediaError:
        raise
    except PilImage.DecompressionBombError as fault:
        # Its message begins "Image size (2500000000 pixels) exceeds ...".
        size = re.search(r"\d+", str(fault))
        got = f"{int(size[0]) / 1e6:,.0f} megapixels" if size else "far more"
        raise MediaError(
            f"{name}: expected at most {MAX_PIXELS / 1e6:.0f} megapixels, got {got}; "
            "shrink it first"
        ) from None
    except UnidentifiedImageError:
        raise MediaError(
            f"{name}: expected a {FORMAT_NAMES} picture, got something else; "
            "open it in a viewer and save it as one of these"
        ) from None
    # Pillow's decoders raise many kinds of errors on hostile bytes; none may end a batch.
    except Exception as fault:
        raise MediaError(
            f"{name}: expected a whole picture, got a damaged or truncated one "
            f"({' '.join(str(fault).split())}); copy or save it again"
        ) from fault


def read_image(path: str | Path) -> Picture:
    """``decode_image`` for a file.

    Raises:
        MediaError: If the file cannot be read, or as ``decode_image``.
    """
    path = Path(path)
    return decode_image(read_bytes(path), path.name)


def read_bytes(path: Path) -> bytes:
    """A file of at most 64 MiB, as it was at one moment.

    Raises:
        MediaError: If it cannot be read, is too large, or changes while it is read.
    """
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            # A device or a pipe has no size: never read much more than the limit.
            data = file.read(MAX_BYTES + 1) if before.st_size <= MAX_BYTES else b""
            after = os.fstat(file.fileno())
    except OSError as fault:
        raise MediaError(
            f"{path}: expected a readable file, got: {fault.strerror or fault}; check the path"
        ) from None
    size = max(before.st_size, len(data))
    if size > MAX_BYTES:
        raise _too_large(path.name, size)
    stamps = [(facts.st_size, facts.st_mtime_ns) for facts in (before, after)]
    if stamps[0] != stamps[1] or (before.st_size and len(data) != before.st_size):
        raise MediaError(
            f"{path.name}: expected a file at rest, got one that changed while it was read; wait "
            "until it is written and try again"
        )
    return data


def encode_png(image_bgr: Image) -> bytes:
    """PNG bytes of a BGR picture ``(h, w, 3)`` uint8."""
    _done, data = cv2.imencode(".png", image_bgr)
    return data.tobytes()


def encode_jpeg(image_bgr: Image, quality: int = 92) -> bytes:
    """JPEG bytes of a BGR picture ``(h, w, 3)`` uint8."""
    _done, data = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()
