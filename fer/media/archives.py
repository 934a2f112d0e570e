"""Pictures inside ZIP archives of unknown origin, read in memory, never unpacked to disk."""

from __future__ import annotations

import functools
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from fer.decoding import Answer
from fer.errors import MediaError
from fer.pictures.content import FORMAT_NAMES, HEAD_BYTES, IMAGE_SUFFIXES, Kind, content_of, is_junk
from fer.pictures.reading import MAX_BYTES

ARCHIVE_SUFFIXES = frozenset({".zip"})
MAX_MEMBERS = 50_000
MAX_TOTAL = 16 * 2**30
MAX_RATIO = 500
# Below this size any ratio is harmless, and a plain drawing may well reach it.
_RATIO_FROM = 8 * 2**20

_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)


def _one_line(fault: BaseException) -> str:
    return " ".join(str(getattr(fault, "strerror", None) or fault or type(fault).__name__).split())


def _refusal(member: zipfile.ZipInfo) -> str:
    """Why a member is not read, or nothing; told from the directory, before anything is unpacked.

    Names do no harm here, since nothing is written under them; but an archive with such a name
    was made to harm, and its user should know.
    """
    name = member.filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":"):
        return "expected a name inside the archive, got one that leads out of it; make it again"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "expected a picture, got a symbolic link; put the picture itself into the archive"
    if path.suffix.lower() in ARCHIVE_SUFFIXES:
        return "expected pictures, got an archive inside an archive; unpack it first"
    if member.flag_bits & 0x1:
        return "expected a picture, got an encrypted member; unpack it first"
    if member.file_size > MAX_BYTES:
        return (
            f"expected at most {MAX_BYTES / 2**20:.0f} MiB, got {member.file_size / 2**20:.1f} "
            "MiB; shrink it first"
        )
    ratio = member.file_size / max(1, member.compress_size)
    if member.file_size > _RATIO_FROM and ratio > MAX_RATIO:
        return (
            f"expected a picture packed at most {MAX_RATIO} to 1, got {ratio:,.0f} to 1, as in an "
            "archive bomb; unpack it yourself if you trust it"
        )
    return ""


def _told_by_content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """Why a member that is not called a picture is not read, or nothing."""
    try:
        with archive.open(member) as file:
            kind, what = content_of(file.read(HEAD_BYTES))
    except _FAULTS as fault:
        return f"expected a whole member, got a damaged one ({_one_line(fault)}); pack it again"
    if kind is Kind.picture:
        return ""
    return f"expected a {FORMAT_NAMES} picture, got {what}; take it out or unpack it first"


def list_members(archive: Path, name: str) -> Iterator[tuple[str, str]]:
    """The members of a ZIP as (member, refusal); the refusal is empty for pictures.

    Only folders, and what operating systems leave behind, are passed over.

    Args:
        archive: The file.
        name: The archive's name in messages.

    Raises:
        MediaError: If it is no ZIP, is damaged, or holds too much.
    """
    try:
        opened = zipfile.ZipFile(archive)
    except _FAULTS as fault:
        raise MediaError(
            f"{name}: expected a ZIP archive, got something else or a damaged one "
            f"({_one_line(fault)}); pack it again"
        ) from None
    with opened:
        members = opened.infolist()
        if len(members) > MAX_MEMBERS:
            raise MediaError(
                f"{name}: expected at most {MAX_MEMBERS:,} members, got {len(members):,}; split it"
            )
        total = sum(member.file_size for member in members)
        if total > MAX_TOTAL:
            raise MediaError(
                f"{name}: expected at most {MAX_TOTAL / 2**30:.0f} GiB when unpacked, got "
                f"{total / 2**30:,.1f} GiB, as in an archive bomb; split it"
            )
        for member in members:
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if member.is_dir() or is_junk(path):
                continue
            refusal = _refusal(member)
            # What is called a picture is looked at when it is read.
            if not refusal and path.suffix.lower() not in IMAGE_SUFFIXES:
                refusal = _told_by_content(opened, member)
            yield member.filename, refusal


@functools.lru_cache(1)
def _opened(archive: Path, _size: int, _changed_ns: int) -> zipfile.ZipFile:
    """An archive, kept open for its next member: its directory may be long."""
    return zipfile.ZipFile(archive)


def read_member(archive: Path, member: str, name: str) -> bytes:
    """The bytes of a member, at most 64 MiB, whatever the archive's directory promised.

    Raises:
        MediaError: If it cannot be unpacked whole.
    """
    try:
        facts = archive.stat()
        with _opened(archive, facts.st_size, facts.st_mtime_ns).open(member) as file:
            data = file.read(MAX_BYTES + 1)
    except KeyError:
        raise MediaError(
            f"{name}: expected a member of the archive, found none any more; pack it again"
        ) from None
    except _FAULTS as fault:
        raise MediaError(
            f"{name}: expected a whole member of the archive, got a damaged one "
            f"({_one_line(fault)}); pack it again"
        ) from None
    if len(data) > MAX_BYTES:
        raise MediaError(
            f"{name}: expected at most {MAX_BYTES / 2**20:.0f} MiB, got more than its archive "
            "says; shrink it first"
        )
    return data


def members(_data: bytes, *, name: str, path: str) -> Iterator[Answer]:
    """In the decoder: each member of an archive, and why it is not read or nothing."""
    for member, refusal in list_members(Path(path), name):
        yield {"member": member, "refusal": refusal}, None
