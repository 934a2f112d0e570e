"""The decoders of this process: at most a few at once, and who may use them next."""

from __future__ import annotations

import atexit
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator
from dataclasses import dataclass

from fer.decoding.child import Cancelled, Child
from fer.decoding.job import Answer, Job

_POLL_S = 0.1
_IDLE_S = 60.0
_MOST_LONG = 4


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """Whose work it is: sessions take turns.

    Attributes:
        cancel: Asked often, from several threads; true ends what is under way.
    """

    cancel: Callable[[], bool] = lambda: False


class Decoders:
    """All child processes of this one, at most a few, and who may use them next.

    Args:
        most: At work at once; default one per core, two to four.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most or min(4, max(2, os.cpu_count() or 2))
        self._turn = threading.Condition()
        self._idle: list[Child] = []
        self._busy = 0
        self._line: deque[Session] = deque()
        self._waiting: Counter[Session] = Counter()
        self._rest: threading.Timer | None = None

    def start(self) -> None:
        """Have one ready before it is needed, since Python takes half a second to begin."""
        with self._turn:
            if not self._idle and not self._busy:
                self._idle.append(Child())

    def work(
        self, job: Job, name: str, session: Session, data: bytes = b"", **arguments: object
    ) -> Generator[Answer]:
        """The answers of a job that is done in another process, as they come.

        Args:
            job: What to do, and what it may take.
            name: Of what was handed in, for messages.
            session: Whose it is.
            data: What was handed in, unless it is a file.
            arguments: Of the job's function, as JSON has them.

        Raises:
            FerError: The job's, if it cannot be read within its limits.
            Cancelled: If the session is cancelled meanwhile.
        """
        self._wait(session)
        child = None
        try:
            child = self._take()
            yield from child.work(job, name, data, arguments, session.cancel)
        finally:
            self._give(child)

    def close(self) -> None:
        """End all that do nothing."""
        with self._turn:
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()

    def _wait(self, session: Session) -> None:
        """Until it is this session's turn; they go round, however much each hands in."""
        with self._turn:
            self._waiting[session] += 1
            if session not in self._line:
                self._line.append(session)
            try:
                while self._busy >= self._most or self._line[0] is not session:
                    self._turn.wait(_POLL_S)
                    if session.cancel():
                        raise Cancelled
                self._busy += 1
            finally:
                self._waiting[session] -= 1
                self._line.remove(session)
                if self._waiting[session]:
                    self._line.append(session)
                else:
                    del self._waiting[session]
                self._turn.notify_all()

    def _take(self) -> Child:
        with self._turn:
            if self._rest is not None:
                self._rest.cancel()
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    return child
                child.close()
        return Child()

    def _give(self, child: Child | None) -> None:
        if child is not None and not child.alive:
            child.close()
            child = None
        with self._turn:
            if child is not None:
                self._idle.append(child)
            self._busy -= 1
            self._turn.notify_all()
            if not self._busy:
                self._rest = threading.Timer(_IDLE_S, self.close)
                self._rest.daemon = True
                self._rest.start()


decoders = Decoders()
"""Those of this process for what is read at once: the bound is for all its sessions together."""
long_decoders = Decoders(_MOST_LONG)
"""Those for videos and data sets, which would hold up everybody else's pictures."""

atexit.register(decoders.close)
atexit.register(long_decoders.close)
