"""What a viewer has begun ends soon after the viewer has left.

A page that is open renews its viewer's lease; a thread ends the work and takes away the files of
those whose lease ran out, and of those who use more temporary space than they may. Waiting for the
garbage collector would keep an uploaded video for as long as it likes.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from fer.errors import InputError
from fer.temporary import used_bytes

LEASE_S = 120.0
"""A viewer who was not heard of for so long has left. Browsers let a page that is not in sight act
once a minute."""
RENEW_S = 20.0
_STEP_S = 5.0
_log = logging.getLogger(__name__)

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Quota:
    """Temporary space that viewers may fill.

    Attributes:
        viewer_bytes: One of them.
        all_bytes: All together.
        spare_bytes: What must stay free on the disk.
    """

    viewer_bytes: int = 4 * GIB
    all_bytes: int = 16 * GIB
    spare_bytes: int = GIB // 4


class Leased(Protocol):
    """What ends with its viewer."""

    @property
    def folder(self) -> Path | None:
        """Its temporary files, if they have a name."""

    @property
    def active(self) -> bool:
        """Whether it is being worked on."""

    def close(self) -> None:
        """End it, and throw its files away."""

    def refuse(self, reason: str) -> None:
        """End it early with a sentence; what it has made stays."""


@dataclass(slots=True)
class _Viewer:
    renewed_s: float
    holds: int = 0
    things: WeakSet[Leased] = field(default_factory=WeakSet)


class Leases:
    """The viewers of a server and what they have begun."""

    def __init__(
        self,
        quota: Quota | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.quota = quota or Quota()
        self._clock = clock
        self._free_bytes = free_bytes
        self._viewers: dict[str, _Viewer] = {}
        self._lock = threading.Lock()
        self._reaper: threading.Thread | None = None

    def enter(self, viewer: str, thing: Leased) -> None:
        """Let something end with its viewer."""
        with self._lock:
            self._known(viewer).things.add(thing)
            if self._reaper is None:
                self._reaper = threading.Thread(target=self._reap, name="fer-reaper", daemon=True)
                self._reaper.start()

    def renew(self, viewer: str) -> None:
        """The viewer is still there."""
        with self._lock:
            self._known(viewer)

    @contextmanager
    def held(self, viewer: str) -> Iterator[None]:
        """The viewer waits for what is done here, and cannot renew meanwhile."""
        self._hold(viewer, 1)
        try:
            yield
        finally:
            self._hold(viewer, -1)

    def _hold(self, viewer: str, more: int) -> None:
        with self._lock:
            self._known(viewer).holds += more

    def _known(self, viewer: str) -> _Viewer:
        """Renewed; to be called with the lock."""
        found = self._viewers.setdefault(viewer, _Viewer(0.0))
        found.renewed_s = self._clock()
        return found

    def check_room(self, viewer: str, more: int, folder: Path) -> None:
        """Whether a viewer may fill so many bytes more.

        Raises:
            InputError: If that is too much for this viewer, for all, or for the disk.
        """
        used = self._used()
        room = min(
            self.quota.viewer_bytes - used.get(viewer, 0),
            self.quota.all_bytes - sum(used.values()),
            self._free_bytes(folder) - self.quota.spare_bytes,
        )
        if more > room:
            raise InputError(
                f"temporary space: expected at most {max(0, room) / 2**20:,.0f} MiB more, got "
                f"{more / 2**20:,.0f} MiB; discard other work, try a smaller file or come later"
            )

    def _used(self) -> dict[str, int]:
        """Bytes of every viewer."""
        with self._lock:
            viewers = {name: list(viewer.things) for name, viewer in self._viewers.items()}
        return {
            name: sum(used_bytes(thing.folder) for thing in things if thing.folder is not None)
            for name, things in viewers.items()
        }

    def step(self) -> None:
        """End what is over; what the thread does every few seconds."""
        now = self._clock()
        with self._lock:
            left = {
                name: viewer
                for name, viewer in self._viewers.items()
                if not viewer.holds and now - viewer.renewed_s > LEASE_S
            }
            for name in left:
                del self._viewers[name]
        for viewer in left.values():
            for thing in list(viewer.things):
                try:
                    thing.close()
                except Exception:
                    _log.exception("what a viewer who left had begun was not put away whole")
        used = self._used()
        over = {name for name, size in used.items() if size > self.quota.viewer_bytes}
        if sum(used.values()) > self.quota.all_bytes:
            over.add(max(used, key=used.__getitem__))
        with self._lock:
            things = [
                t for name in over if name in self._viewers for t in self._viewers[name].things
            ]
        for thing in things:
            if thing.active:
                thing.refuse(
                    "It was ended because its temporary files grew beyond what one viewer, or all "
                    "together, may fill. What was done until then is kept."
                )

    def _reap(self) -> None:
        while True:
            time.sleep(_STEP_S)
            try:
                self.step()
            except Exception:
                # Without this thread nobody's files would be taken away.
                _log.exception("leases were not looked after this time")
