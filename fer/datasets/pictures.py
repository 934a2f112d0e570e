"""One picture file of any size as a 48x48 grey face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer.datasets.base import IMAGE_SIZE
from fer.files import open_regular
from fer.results import Box

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".pgm"})
# Named because Pillow would otherwise try every format it knows, among them EPS, for which it
# starts an external program.
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF", "PPM")
MAX_MEGAPIXELS = 50
_SIXTEEN_BIT_TO_EIGHT = 257


class BadPicture(Exception):
    """A picture that cannot be used; the reader adds the file's name and the remedy."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """Where a row of a data set came from.

    Attributes:
        path: The picture.
        box: Where the face is in it, in pixels; None where the picture is the face.
    """

    path: Path
    box: Box | None = None


def read_grey(path: Path) -> npt.NDArray[np.uint8]:
    """Read one picture, upright and grey.

    Args:
        path: A picture in one of the formats of ``SUFFIXES``.

    Returns:
        ``(h, w)`` uint8.

    Raises:
        BadPicture: If the file cannot be decoded, is above 50 megapixels or has no 8- or 16-bit
            channels. The message says what was expected and what came.
    """
    return _read(path, "L")


def read_colour(path: Path) -> npt.NDArray[np.uint8]:
    """Read one picture, upright and in colour.

    Args:
        path: As ``read_grey``.

    Returns:
        ``(h, w, 3)`` uint8 RGB; of a grey picture three times the same.

    Raises:
        BadPicture: As ``read_grey``.
    """
    picture = _read(path, "RGB")
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def _read(path: Path, mode: str) -> npt.NDArray[np.uint8]:
    """In a mode of Pillow's; 16 bits a pixel, which are grey, as ``(h, w)`` in any mode."""
    # Imported here so that the package's import stays light.
    from PIL import Image, ImageOps

    try:
        with open_regular(path) as file, Image.open(file, formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MAX_MEGAPIXELS * 1_000_000:
                raise BadPicture(
                    f"expected at most {MAX_MEGAPIXELS} megapixels, got {width} x {height}"
                )
            image.load()
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I;16"):
                # convert() would clip 16 bits to 255 instead of scaling them.
                deep = np.asarray(upright, dtype=np.uint16) // _SIXTEEN_BIT_TO_EIGHT
                return deep.astype(np.uint8)
            if upright.mode in ("I", "F"):
                raise BadPicture(f"expected 8 or 16 bits per channel, got mode {upright.mode!r}")
            # Pillow warns about palettes with transparency unless they go through RGBA.
            plain = upright.convert("RGBA") if upright.mode == "P" else upright
            return np.asarray(plain.convert(mode), dtype=np.uint8)
    except BadPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(f"expected at most {MAX_MEGAPIXELS} megapixels, got more") from None
    except Exception as fault:
        # Decoders raise whatever their format's code runs into: OSError, SyntaxError,
        # struct.error, zlib.error, IndexError...
        detail = " ".join(str(fault).split())[:120] or type(fault).__name__
        raise BadPicture(f"expected a readable picture, got: {detail}") from None


def as_face(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A grey picture ``(h, w)`` as a face ``(48, 48)``: area averaging, bilinear if smaller.

    A picture that is not square is stretched: faces in class folders are crops already.
    """
    from PIL import Image

    if grey.shape == (IMAGE_SIZE, IMAGE_SIZE):
        return grey
    shrinks = min(grey.shape) >= IMAGE_SIZE
    filter_ = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    resized = Image.fromarray(grey).resize((IMAGE_SIZE, IMAGE_SIZE), filter_)
    return np.asarray(resized, dtype=np.uint8)


def read_picture(path: Path) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """Read one picture as a face, see ``read_grey`` and ``as_face``.

    Returns:
        ``(48, 48)`` uint8, and the original width and height in pixels.

    Raises:
        BadPicture: As ``read_grey``.
    """
    grey = read_grey(path)
    return as_face(grey), (grey.shape[1], grey.shape[0])
