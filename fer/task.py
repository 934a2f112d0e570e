"""Work on a thread of its own, for a page that asks how far it is: its photos, its video."""

from __future__ import annotations

import shutil
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, Self

Arguments = ParamSpec("Arguments")

# One frame or picture; what takes longer finds its folder gone.
_END_S = 30.0


class Task:
    """Work of one viewer: started, watched, cancelled, gone on with.

    Its folder is temporary and goes with the object, or when it is closed (``fer.leases``).

    Args:
        folder: Of this work alone.

    Attributes:
        error: Why it ended early, one line, or nothing.
        closed: Whether its files are gone.
    """

    def __init__(self, folder: Path) -> None:
        self.error = ""
        self.closed = False
        self._folder = folder
        self._clean = weakref.finalize(self, shutil.rmtree, folder, True)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._folder

    @property
    def active(self) -> bool:
        """Whether it is being worked on."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def cancelled(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """End soon, with everything so far kept."""
        self._stop.set()

    def refuse(self, reason: str) -> None:
        """End soon, with a reason; everything so far is kept."""
        self.error = self.error or reason
        self.cancel()

    def wait(self, timeout_s: float | None = None) -> None:
        """Until the work has ended."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def close(self) -> None:
        """End the work and throw its files away."""
        self.closed = True
        self.cancel()
        self.wait(_END_S)
        self._clean()

    def _begin(
        self,
        work: Callable[Concatenate[weakref.ref[Self], Arguments], None],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> None:
        """Start the thread; with a weak reference it keeps no work whose viewer has left."""
        if self.closed:
            return
        self._stop.clear()
        self.error = ""
        self._thread = threading.Thread(
            target=work,
            args=(weakref.ref(self), *args),
            kwargs=kwargs,
            name="fer-work",
            daemon=True,
        )
        self._thread.start()
