"""What a file is, told by how it begins, never by its name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"}
    | {".heic", ".heif", ".pgm", ".ppm", ".pbm", ".pnm"}
)
"""What the pages offer; what a file is, its content says."""
FORMAT_NAMES = "JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC or PNM"
HEAD_BYTES = 512
"""As many as ``content_of`` looks at."""


class Kind(StrEnum):
    """What to do with what was handed in."""

    picture = "picture"
    video = "video"
    archive = "archive"
    refused = "refused"


_PICTURES = (
    (b"\xff\xd8\xff", "a JPEG"),
    (b"\x89PNG\r\n\x1a\n", "a PNG"),
    (b"GIF8", "a GIF"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"II+\0", "a TIFF"),
    (b"MM\0+", "a TIFF"),
    (b"BM", "a BMP"),
)
_VIDEOS = (
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media video"),
    (b"\0\0\x01\xba", "an MPEG video"),
)
_ARCHIVES = ((b"PK\x03\x04", "a ZIP archive"), (b"PK\x05\x06", "a ZIP archive"))
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"FLV\x01", "a Flash video"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format", "a database"),
    (b"PAR1", "a Parquet table"),
)
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# A QuickTime file of old may begin with any of these.
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def content_of(head: bytes) -> tuple[Kind, str]:
    """What a file is.

    Args:
        head: Its first ``HEAD_BYTES``, or all.

    Returns:
        The kind, and a name for messages such as ``a PNG`` or ``text``; ``refused`` for what is
        neither picture, video nor archive.
    """
    if not head:
        return Kind.refused, "an empty file (0 bytes)"
    known = (
        (Kind.picture, _PICTURES),
        (Kind.video, _VIDEOS),
        (Kind.archive, _ARCHIVES),
        (Kind.refused, _OTHERS),
    )
    for kind, table in known:
        for start, name in table:
            if head.startswith(start):
                return kind, name
    if head[:4] == b"RIFF":
        if head[8:12] == b"WEBP":
            return Kind.picture, "a WebP"
        return (Kind.video, "an AVI video") if head[8:12] == b"AVI " else (Kind.refused, "sound")
    if head[4:8] in _BOXES:
        brand = head[8:12] if head[4:8] == b"ftyp" else b""
        if brand in (b"avif", b"avis"):
            return Kind.picture, "an AVIF"
        if brand in _HEIC:
            return Kind.picture, "a HEIC"
        return Kind.video, "an MP4, MOV or 3GP video"
    if head[:1] == b"P" and head[1:2] in b"123456f" and head[2:3].isspace():
        return Kind.picture, "a PNM"
    # Packets of 188 bytes, in the files of camcorders with a time of four bytes before each.
    if any(head[at::step][:2] == b"GG" for at, step in ((0, 188), (4, 192))):
        return Kind.video, "an MPEG transport stream"
    return Kind.refused, "text" if _is_text(head) else "an unknown kind of file"


def _is_text(head: bytes) -> bool:
    try:
        # A character may be cut in two at the end.
        text = head[:-3].decode() if len(head) > HEAD_BYTES - 3 else head.decode()
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)


def is_junk(path: PurePath) -> bool:
    """What operating systems leave in folders and archives without being asked."""
    hidden = any(part.startswith(".") for part in path.parts if part != "..")
    return hidden or "__MACOSX" in path.parts or path.name.lower() in ("thumbs.db", "desktop.ini")
