"""Files read only if they are files, and written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

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


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Another name to write a file under, renamed at the block's end: it is never half there.

    After an error, or when the write is interrupted, nothing is left.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        yield partial
        os.replace(partial, target)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def replace_file(target: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: If it cannot be written.
    """
    with replacing(target) as partial:
        partial.write_bytes(data)


def how_to_find(given: str | Path) -> str:
    """What to do about a path that is not there, as the end of a message."""
    # pathlib makes one slash of two; a letter alone is a drive.
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(given), re.IGNORECASE):
        return "addresses are not offered, download it first"
    return "check the path"


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read; a pipe would wait for its writer, a device may do anything.

    Raises:
        OSError: If it is no regular file, or cannot be opened.
    """
    _check_regular(path.stat().st_mode)
    # Should it be replaced by a pipe at this very moment, opening must not wait either.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(path, flags), "rb")
    try:
        _check_regular(os.fstat(file.fileno()).st_mode)
    except OSError:
        file.close()
        raise
    return file


def _check_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        what = kinds.get(stat.S_IFMT(mode), "a device")
        raise OSError(errno.EINVAL, f"{what}, which is no file")


class FolderLock:
    """A folder for one process at a time; the system lets it go when that ends, however it ends.

    Args:
        folder: Made if need be; gets a file ``lock``.

    Raises:
        InputError: If another process holds it, or it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        place = folder / "lock"
        with write_faults(folder):
            while True:
                folder.mkdir(parents=True, exist_ok=True)
                try:
                    descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
                except FileNotFoundError:
                    continue  # its holder throws the folder away at this moment
                self._release = weakref.finalize(self, os.close, descriptor)
                if not _locked(descriptor):
                    self._release()
                    raise InputError(
                        f"{folder}: expected no other process at work on it, found one; wait "
                        "until it ends, or give another output"
                    )
                with contextlib.suppress(OSError):
                    if os.path.samestat(os.fstat(descriptor), os.stat(place)):
                        return
                # What was locked has been thrown away meanwhile.
                self._release()

    def close(self) -> None:
        """Let it go."""
        self._release()


def _locked(descriptor: int) -> bool:
    """Take a lock, without waiting; False when another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        # Some network drives know no locks; there the user has to take care.
        return fault.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True
