"""A one-slot mailbox for frames, and the thread that empties it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fer.preprocessing import Image


class LatestFrameWorker:
    """Gives the newest frame to a function on a thread of its own; older ones are dropped unseen.

    The function, called with a frame, its time and that of its arrival, must not raise. ``changed``
    guards the mailbox, and the owner's results, which change together with it. After ``idle_s``
    without a frame the thread ends; a later frame starts another.
    """

    def __init__(
        self,
        work: Callable[[Image, float, float], None],
        *,
        changed: threading.Condition,
        idle_s: float,
    ) -> None:
        self._work = work
        self._changed = changed
        self._idle_s = idle_s
        self._mailbox: tuple[Image, float, float] | None = None
        self._worker: threading.Thread | None = None
        self._stopping = False

    def submit(self, frame: Image, time_s: float, arrived: float) -> bool:
        """Leave a frame.

        Returns:
            Whether another frame, which nobody had time for, was thrown away for it.
        """
        with self._changed:
            dropped = self._mailbox is not None
            self._mailbox = (frame, time_s, arrived)
            if self._worker is None or not self._worker.is_alive() or self._stopping:
                self._stopping = False
                self._worker = threading.Thread(target=self._run, name="fer-live", daemon=True)
                self._worker.start()
            self._changed.notify_all()
            return dropped

    def stop(self) -> threading.Thread | None:
        """Tell the thread to end; a frame that it works on may take its time.

        Returns:
            The thread, to be joined by whoever holds no lock; None from the thread itself.
        """
        with self._changed:
            worker, self._stopping, self._mailbox = self._worker, True, None
            self._changed.notify_all()
        return None if worker is threading.current_thread() else worker

    def wanted(self) -> bool:
        """Whether the calling thread still has the job: not stopped, and not replaced."""
        return self._worker is threading.current_thread() and not self._stopping

    def _take(self) -> tuple[Image, float, float] | None:
        """The newest frame, or None when this thread should end."""
        with self._changed:
            while self._mailbox is None and self.wanted():
                if not self._changed.wait(timeout=self._idle_s):
                    break
            if self._mailbox is None or not self.wanted():
                if self._worker is threading.current_thread():
                    self._worker = None
                return None
            item, self._mailbox = self._mailbox, None
            return item

    def _run(self) -> None:
        while (item := self._take()) is not None:
            self._work(*item)
