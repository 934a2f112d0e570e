"""Memory that glibc keeps after a stream; other C libraries have nothing of the kind to set."""

from __future__ import annotations

import ctypes
import threading
from contextlib import suppress

# Of malloc.h.
_M_ARENA_MAX = -8


def share_heaps() -> None:
    """At most two heaps for all threads: each keeps what was freed in it to itself.

    A stream has a dozen threads that pass frames of a megabyte on to each other.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def give_back() -> None:
    """Return what is free to the system."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def give_back_soon(seconds: float = 3.0) -> threading.Thread:
    """``give_back`` when a stream that has just ended has let go of its buffers."""
    timer = threading.Timer(seconds, give_back)
    timer.name, timer.daemon = "fer-memory", True
    timer.start()
    return timer
