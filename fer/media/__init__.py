"""Pictures, archives and videos in; results and annotated copies out."""

from fer.media.pictures import (
    FORMAT_NAMES,
    IMAGE_SUFFIXES,
    MAX_BYTES,
    MAX_PIXELS,
    Picture,
    decode_image,
    encode_png,
    read_image,
)
from fer.media.sources import Source, find_images, find_sources

__all__ = [
    "FORMAT_NAMES",
    "IMAGE_SUFFIXES",
    "MAX_BYTES",
    "MAX_PIXELS",
    "Picture",
    "Source",
    "decode_image",
    "encode_png",
    "find_images",
    "find_sources",
    "read_image",
]
