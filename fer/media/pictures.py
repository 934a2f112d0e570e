"""Pictures from untrusted bytes, with limits; every refusal is one clear line."""

from __future__ import annotations

import functools
import io
import math
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
from fer.media.depth import eight_bits
from fer.preprocessing import Image

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif"}
)
FORMAT_NAMES = "JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIC"
MAX_BYTES = 64 * 2**20
MAX_PIXELS = 50_000_000
"""Of a picture as it is searched; a larger one is read smaller."""
MAX_DECODED_PIXELS = 120_000_000
"""What is decoded at most to make it smaller: half a gigabyte of memory."""

_WHITE = (255, 255, 255, 255)
_STRIP_PIXELS = 2**20

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
    if width * height > MAX_DECODED_PIXELS:
        megapixels = width * height / 1e6
        raise _too_many_pixels(name, f"{width:,} x {height:,} ({megapixels:,.0f} megapixels)")


def _draft(image: PilImage.Image) -> None:
    """Have a large JPEG decoded at half its size, which takes a quarter of time and memory."""
    if image.width * image.height > MAX_PIXELS:
        image.draft(image.mode, (image.width // 2, image.height // 2))


def _too_many_pixels(name: str, got: str) -> MediaError:
    return MediaError(
        f"{name}: expected at most {MAX_DECODED_PIXELS / 1e6:.0f} megapixels, got {got}"
        "; shrink it first"
    )


def _strip(part: PilImage.Image) -> bytes:
    """Some rows as BGR; transparency goes on white."""
    if part.has_transparency_data:
        rgba = part.convert("RGBA")
        part = PilImage.alpha_composite(PilImage.new("RGBA", rgba.size, _WHITE), rgba)
    return part.convert("RGB").tobytes("raw", "BGR")


def _to_bgr(image: PilImage.Image, notes: list[str]) -> Image:
    """Any Pillow mode to BGR uint8, at most 50 megapixels."""
    factor = math.ceil(math.sqrt(image.width * image.height / MAX_PIXELS))
    if image.mode.startswith(("I", "F")):
        grey, note = eight_bits(np.asarray(image))
        notes += [note] if note else []
        if factor > 1:
            size = (grey.shape[1] // factor, grey.shape[0] // factor)
            grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    if factor > 1:
        if image.mode in ("1", "P"):
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        image = image.reduce(factor)
    width, height = image.size
    result = np.empty((height, width, 3), np.uint8)
    # In strips: a picture of 50 megapixels in three versions at once would fill a small server.
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        part = image.crop((0, top, width, min(height, top + rows)))
        result[top : top + rows] = np.frombuffer(_strip(part), np.uint8).reshape(-1, width, 3)
    return result


def _brightened(image: PilImage.Image, data: bytes, notes: list[str]) -> None:
    """Read 10 or 12 bits of colour in a file of 16 anew, since Pillow keeps the upper eight.

    They would be black, and no face would be found without a word.
    """
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    if max(high for _low, high in bands[:3]) >= 64:
        return
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.ndim != 3 or values.shape[1::-1] != image.size:
        return
    colours, note = eight_bits(values[..., :3])
    notes += [note] if note else []
    image.paste(PilImage.fromarray(colours[..., ::-1]).convert(image.mode))


@functools.cache
def _register_heif() -> None:
    """Teach Pillow HEIC, once; libheif's own limits stay on."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False, decode_threads=1)


def decode_image(data: bytes, name: str = "picture") -> Picture:
    """Decode a picture from bytes of unknown origin.

    JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF and HEIC in any colour mode and depth; the EXIF
    orientation is applied; more than 50 megapixels are read smaller; of an animation the first
    frame is taken.

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
            stored = image.size
            if image.format in ("JPEG", "MPO"):
                _draft(image)
            _check_size(image, name)
            frames = getattr(image, "n_frames", 1)
            if frames > 1:
                notes.append(f"holds {frames} frames or pages; the first was read")
            deep = ";16" in str(image.tile) and not image.mode.startswith("I")
            # Asked before loading, since Pillow turns a TIFF while it loads.
            turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
            image.load()
            if deep and not (turned and image.format == "TIFF"):
                _brightened(image, data, notes)
            ImageOps.exif_transpose(image, in_place=True)
            if turned:
                notes.append("turned upright by its EXIF orientation")
            pixels = _to_bgr(image, notes)
            if max(pixels.shape[:2]) < max(stored):
                notes.append(
                    f"read at {pixels.shape[1]:,} x {pixels.shape[0]:,} of {stored[0]:,} x "
                    f"{stored[1]:,} pixels; boxes are in the pixels read"
                )
            return Picture(name, pixels, tuple(notes))
    except MediaError:
        raise
    except PilImage.DecompressionBombError as fault:
        # Its message begins "Image size (2500000000 pixels) exceeds ...".
        size = re.search(r"\d+", str(fault))
        got = f"{int(size[0]) / 1e6:,.0f} megapixels" if size else "far more"
        raise _too_many_pixels(name, got) from None
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
