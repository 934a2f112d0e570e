"""The temporary files of a server: one private folder with a lock, swept when its owner has died.

A process that is killed leaves its files behind. Here every process keeps its own in a folder that
it holds a lock on; a process that starts takes away the folders whose lock nobody holds.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import IO

if os.name == "nt":  # pragma: no cover
    import msvcrt
else:
    import fcntl

_LOCK = ".lock"


def _lock(file: IO[bytes]) -> bool:
    """Take the lock of an open file, unless a living process has it."""
    try:
        if os.name == "nt":  # pragma: no cover
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _private_base() -> Path:
    """This user's folder of folders; another one where somebody else has taken its name."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    base = Path(tempfile.gettempdir()) / f"fer-dashboard-{user}"
    base.mkdir(mode=0o700, exist_ok=True)
    facts = base.lstat()
    own = not hasattr(os, "getuid") or (facts.st_uid == os.getuid() and not facts.st_mode & 0o077)
    return base if stat.S_ISDIR(facts.st_mode) and own else Path(tempfile.mkdtemp())


def sweep(base: Path) -> None:
    """Take away what dead processes have left."""
    for lock in base.glob(f"*{_LOCK}"):
        with contextlib.suppress(OSError), lock.open("r+b") as file:
            if _lock(file):
                shutil.rmtree(base / lock.name.removesuffix(_LOCK), ignore_errors=True)
                lock.unlink()


@functools.cache
def own_folder() -> Path:
    """This process's folder for temporary files; goes with the process, or with the next start."""
    base = _private_base()
    sweep(base)
    while True:
        name = f"{os.getpid()}-{time.time_ns()}"
        lock = (base / f"{name}{_LOCK}").open("x+b")
        # A sweep between the two calls has taken the file for a dead one's.
        if _lock(lock) and Path(lock.name).exists():
            break
        lock.close()
    folder = base / name
    folder.mkdir(mode=0o700)
    pid = os.getpid()

    def remove() -> None:
        # A fork has the same handlers and not the right.
        if os.getpid() == pid:
            shutil.rmtree(folder, ignore_errors=True)
            lock.close()
            Path(lock.name).unlink(missing_ok=True)

    atexit.register(remove)
    return folder


def keep_private() -> None:
    """Let every temporary file of this process lie in its own folder."""
    tempfile.tempdir = str(own_folder())


def used_bytes(folder: Path) -> int:
    """Size of all files in a folder; of those that vanish meanwhile nothing."""
    total = 0
    for parent, _folders, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total
