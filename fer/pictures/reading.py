"""Pictures from untrusted bytes, with limits; every refusal is one clear line."""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
from PIL import Image as PilImage
from PIL import ImageOps, UnidentifiedImageError

from fer.errors import MediaError
from fer.files import how_to_find, open_regular
from fer.pictures.content import FORMAT_NAMES, HEAD_BYTES, Kind, content_of
from fer.pictures.pixels import brighten, to_bgr
from fer.preprocessing import Image

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 50_000_000
"""Of a picture as it is searched; a larger one is read smaller."""
MAX_DECODED_PIXELS = 120_000_000
"""What is decoded at most to make it smaller: half a gigabyte of memory."""
MAX_SCANS = 100
MAX_FRAMES = 1000
"""Frames or pages that are read of one picture."""

# Pillow knows some forty formats, and opens EPS with Ghostscript. Its JPEG reader also takes MPO,
# a JPEG with more than one picture, as many phones write it.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF", "PPM")
_ORIENTATION = 0x0112
# Start of a scan: its length, and one to four components.
_SCAN = re.compile(rb"\xff\xda\x00[\x08\x0a\x0c\x0e][\x01-\x04]")
# How a JPEG begins and ends.
_JPEG = (b"\xff\xd8\xff", b"\xff\xd9")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        name: File name, for tables and messages.
        image_bgr: ``(h, w, 3)`` uint8, upright.
        notes: What was changed on the way in, one sentence each.
        fault: Why it is not whole, or nothing.
        frame: From 1, where every frame or page was asked for and there are several; else 0.
        time_s: When that frame of an animation is shown, in seconds; None for pages.
    """

    name: str
    image_bgr: Image
    notes: tuple[str, ...] = ()
    fault: str = ""
    frame: int = 0
    time_s: float | None = None


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


def _check_scans(data: bytes, name: str) -> None:
    """A progressive JPEG has some ten scans; each of thousands would take as long as the first."""
    if sum(1 for _ in itertools.islice(_SCAN.finditer(data), MAX_SCANS + 1)) > MAX_SCANS:
        raise MediaError(
            f"{name}: expected a JPEG of at most {MAX_SCANS} scans, got more; save it again"
        )


def _draft(image: PilImage.Image) -> None:
    """Have a large JPEG decoded at half its size, which takes a quarter of time and memory."""
    if image.width * image.height > MAX_PIXELS:
        image.draft(image.mode, (image.width // 2, image.height // 2))


def _too_many_pixels(name: str, got: str) -> MediaError:
    return MediaError(
        f"{name}: expected at most {MAX_DECODED_PIXELS / 1e6:.0f} megapixels, got {got}"
        "; shrink it first"
    )


@functools.cache
def _register_heif() -> None:
    """Teach Pillow HEIC, once; libheif's own limits stay on."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False, decode_threads=1)


@contextlib.contextmanager
def _decoding(data: bytes, name: str) -> Iterator[None]:
    """What Pillow says about bytes that it cannot read, as a ``MediaError``."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes near its own limit and of odd metadata; what matters is
            # refused here.
            warnings.simplefilter("ignore")
            yield
    except MediaError:
        raise
    except PilImage.DecompressionBombError as fault:
        # Its message begins "Image size (2500000000 pixels) exceeds ...".
        size = re.search(r"\d+", str(fault))
        got = f"{int(size[0]) / 1e6:,.0f} megapixels" if size else "far more"
        raise _too_many_pixels(name, got) from None
    except UnidentifiedImageError:
        kind, what = content_of(data[:HEAD_BYTES])
        got = f"{what} that is damaged" if kind is Kind.picture else what
        raise MediaError(
            f"{name}: expected a {FORMAT_NAMES} picture, got {got}; open it in a viewer and save "
            "it as one of these"
        ) from None
    except MemoryError:
        raise MediaError(
            f"{name}: expected a picture that fits into memory, got one that does not; shrink it"
        ) from None
    # Pillow's decoders raise many kinds of errors on hostile bytes; none may end a batch.
    except Exception as fault:
        raise MediaError(
            f"{name}: expected a whole picture, got a damaged or truncated one "
            f"({' '.join(str(fault).split())}); copy or save it again"
        ) from fault


def _opened(data: bytes, name: str) -> PilImage.Image:
    if not data:
        raise MediaError(f"{name}: expected a picture, got an empty file (0 bytes); save it again")
    if len(data) > MAX_BYTES:
        raise _too_large(name, len(data))
    _register_heif()
    return PilImage.open(io.BytesIO(data), formats=_FORMATS)


def _read(image: PilImage.Image, data: bytes, name: str, notes: list[str]) -> Picture:
    """A picture from what Pillow has opened, and perhaps loaded."""
    stored = image.size
    if image.format in ("JPEG", "MPO"):
        _check_scans(data, name)
        _draft(image)
    _check_size(image, name)
    deep = ";16" in str(getattr(image, "tile", "")) and not image.mode.startswith("I")
    # Asked before loading, since Pillow turns a TIFF while it loads.
    turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
    image.load()
    if deep and not (turned and image.format == "TIFF"):
        brighten(image, data, notes)
    ImageOps.exif_transpose(image, in_place=True)
    if turned:
        notes.append("turned upright by its EXIF orientation")
    pixels = to_bgr(image, MAX_PIXELS, notes)
    if max(pixels.shape[:2]) < max(stored):
        notes.append(
            f"read at {pixels.shape[1]:,} x {pixels.shape[0]:,} of {stored[0]:,} x {stored[1]:,} "
            "pixels; boxes are in the pixels read"
        )
    return Picture(name, pixels, tuple(notes))


def decode_image(data: bytes, name: str = "picture") -> Picture:
    """Decode a picture from bytes of unknown origin.

    JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC and PNM in any colour mode and depth; the EXIF
    orientation is applied; more than 50 megapixels are read smaller; of an animation the first
    frame is taken; of a JPEG without its end, what is there.

    Args:
        data: The whole file, at most 64 MiB.
        name: File name for messages.

    Raises:
        MediaError: If the bytes are no such picture, are damaged, or exceed a limit.
    """
    with _decoding(data, name):
        image = _opened(data, name)
        many = getattr(image, "is_animated", False)
        notes = ["holds more frames or pages; the first was read"] if many else []
        try:
            return _read(image, data, name, list(notes))
        except OSError as fault:
            if "truncated" not in str(fault) or not data.startswith(_JPEG[0]):
                raise
        picture = _read(_opened(data + _JPEG[1], name), data, name, notes)
        return replace(
            picture,
            fault=f"{name}: expected a whole JPEG, got one that lacks its end; what is there was "
            "read, copy it again",
        )


def decode_frames(data: bytes, name: str = "picture") -> Iterator[Picture]:
    """``decode_image`` for every frame or page, one after the other.

    Raises:
        MediaError: As ``decode_image``; in the place of a frame that is damaged or one too many.
    """
    with _decoding(data, name):
        image = _opened(data, name)
        many = getattr(image, "is_animated", False)
    if not many:
        yield decode_image(data, name)
        return
    time_s = 0.0
    for number in range(1, MAX_FRAMES + 1):
        with _decoding(data, name):
            try:
                image.seek(number - 1)
            except EOFError:
                return
            _check_size(image, name)
            # Turning and converting must not touch what the next frame builds on.
            picture = _read(image.copy(), data, name, [])
            shown_s = image.info.get("duration", 0) / 1000
        yield replace(picture, frame=number, time_s=time_s if shown_s else None)
        time_s += shown_s
    raise MediaError(
        f"{name}: expected at most {MAX_FRAMES:,} frames or pages, got more; split it for the rest"
    )


def read_image(path: str | Path) -> Picture:
    """``decode_image`` for a file.

    Raises:
        MediaError: If the file cannot be read, or as ``decode_image``.
    """
    path = Path(path)
    return decode_image(read_bytes(path), path.name)


def read_whole(path: Path) -> Image:
    """The pixels of a file from which nothing may be missing: a label is of the whole picture.

    Raises:
        MediaError: If it lacks its end, or as ``read_image``.
    """
    picture = read_image(path)
    if picture.fault:
        raise MediaError(
            f"{path.name}: expected a whole picture, got one that lacks its end; copy it again"
        )
    return picture.image_bgr


def read_bytes(path: Path) -> bytes:
    """A file of at most 64 MiB, as it was at one moment.

    Raises:
        MediaError: If it cannot be read, is too large, or changes while it is read.
    """
    try:
        with open_regular(path) as file:
            before = os.fstat(file.fileno())
            data = file.read(MAX_BYTES + 1) if before.st_size <= MAX_BYTES else b""
            after = os.fstat(file.fileno())
    except OSError as fault:
        raise MediaError(
            f"{path}: expected a readable file, got: {fault.strerror or fault}; {how_to_find(path)}"
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
