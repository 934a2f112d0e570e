"""Pictures of strangers, decoded in processes that can be killed, in a fair line."""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer.errors import MediaError
from fer.media.decoder_process import DEADLINE_S
from fer.media.pictures import MAX_PIXELS, Picture
from fer.preprocessing import Image

_POLL_S = 0.1
_IDLE_S = 60.0
_LINE = 2**16
_PACKAGE_PARENT = Path(__file__).resolve().parents[2]


class Cancelled(Exception):
    """Whoever handed a picture in does not want it any more; no fault of the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """Whose pictures they are: sessions take turns.

    Attributes:
        cancel: Asked often, from several threads; true ends what is under way.
    """

    cancel: Callable[[], bool] = lambda: False


class _Decoder:
    """One child process, for one thread at a time.

    Attributes:
        usable: False once it can only be closed.
    """

    def __init__(self) -> None:
        self.usable = True
        shared: dict[str, Any] = {}
        self._place = ""
        if hasattr(os, "memfd_create"):
            # In memory, and not bounded by what /dev/shm has in a container.
            self._pixels = os.fdopen(os.memfd_create("fer-pixels"), "r+b", buffering=0)
            descriptor = self._pixels.fileno()
            place, shared["pass_fds"] = f"/proc/self/fd/{descriptor}", [descriptor]
        else:
            descriptor, self._place = tempfile.mkstemp(prefix="fer-pixels-")
            self._pixels, place = os.fdopen(descriptor, "r+b", buffering=0), self._place
        search = [str(_PACKAGE_PARENT), os.environ.get("PYTHONPATH", "")]
        if sys.platform == "win32":
            shared["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        else:
            # A Ctrl-C is for the parent alone.
            shared["start_new_session"] = True
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fer.media.decoder_process", place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "PYTHONPATH": os.pathsep.join(part for part in search if part),
            },
            **shared,
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._pump, name="fer-decoder", daemon=True).start()

    def _pump(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            while line := lines.readline(_LINE):
                self._lines.put(line)
        self._lines.put(b"")

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self.usable and self._process.poll() is None

    def close(self) -> None:
        """Kill it, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._pixels):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        if self._place:
            with suppress(OSError):
                os.unlink(self._place)

    def _send(self, content: bytes) -> None:
        assert self._process.stdin is not None
        # A process that has died says so when it is asked for its answer.
        with suppress(OSError):
            self._process.stdin.write(content)
            self._process.stdin.flush()

    def _answer(self, name: str, left_s: float, cancel: Callable[[], bool]) -> dict[str, Any]:
        until_s = time.monotonic() + left_s
        # Only an answer in time makes it so again.
        self.usable = False
        while True:
            try:
                line = self._lines.get(timeout=_POLL_S)
                break
            except queue.Empty:
                if cancel():
                    raise Cancelled from None
                if time.monotonic() > until_s:
                    raise MediaError(
                        f"{name}: expected a picture that is decoded within {DEADLINE_S} s, got "
                        "one that takes longer; save it again as a plain picture"
                    ) from None
        if not line:
            raise MediaError(
                f"{name}: expected a picture that can be decoded, got one that takes more memory "
                "or time than a picture may; save it again as a plain picture"
            )
        answer: dict[str, Any] = json.loads(line)
        self.usable = "error" in answer or "end" in answer
        if "error" in answer:
            raise MediaError(answer["error"])
        return answer

    def pictures(
        self, data: bytes, name: str, every_frame: bool, cancel: Callable[[], bool]
    ) -> Iterator[Picture]:
        """The frames that were asked for; what decodes them is killed when it takes too long."""
        request = {"name": name, "bytes": len(data), "every_frame": every_frame}
        left_s = float(DEADLINE_S)
        begun_s = time.monotonic()
        self._send(json.dumps(request).encode() + b"\n")
        self._send(data)
        while "end" not in (answer := self._answer(name, left_s, cancel)):
            left_s -= time.monotonic() - begun_s
            height, width = answer["size"]
            if not 0 < height * width <= MAX_PIXELS:
                raise MediaError(f"{name}: expected a picture, got nonsense; save it again")
            yield Picture(
                name,
                self._image(height, width),
                tuple(answer["notes"]),
                answer["fault"],
                answer["frame"],
                answer["time_s"],
            )
            begun_s = time.monotonic()
            self._send(b"\n")

    def _image(self, height: int, width: int) -> Image:
        image = np.empty((height, width, 3), np.uint8)
        self._pixels.seek(0)
        left = image.data.cast("B")
        while left and (count := self._pixels.readinto(left)):
            left = left[count:]
        # Large pictures are seldom followed by others.
        self._pixels.truncate(0)
        return image


class Decoders:
    """All child processes of this one, at most a few, and who may use them next.

    Args:
        most: At work at once; default one per core, two to four.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most or min(4, max(2, os.cpu_count() or 2))
        self._turn = threading.Condition()
        self._idle: list[_Decoder] = []
        self._busy = 0
        self._line: deque[Session] = deque()
        self._waiting: Counter[Session] = Counter()
        self._rest: threading.Timer | None = None

    def start(self) -> None:
        """Have one ready before it is needed, since Python takes half a second to begin."""
        with self._turn:
            if not self._idle and not self._busy:
                self._idle.append(_Decoder())

    def decode(
        self, data: bytes, name: str, session: Session, *, every_frame: bool = False
    ) -> Iterable[Picture]:
        """As ``fer.media.pictures.decode_image``, or ``decode_frames``, in another process.

        Args:
            data: The whole file.
            name: File name for messages.
            session: Whose it is.
            every_frame: Every frame of an animation and every page.

        Raises:
            MediaError: As those; or if it takes more time or memory than a picture may.
            Cancelled: If the session is cancelled meanwhile.
        """
        found = self._held(data, name, session, every_frame)
        # A single picture lets its decoder go before anybody looks for faces in it.
        return found if every_frame else list(found)

    def _held(
        self, data: bytes, name: str, session: Session, every_frame: bool
    ) -> Iterator[Picture]:
        self._wait(session)
        decoder = None
        try:
            decoder = self._take()
            yield from decoder.pictures(data, name, every_frame, session.cancel)
        finally:
            self._give(decoder)

    def close(self) -> None:
        """End all that do nothing."""
        with self._turn:
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.close()

    def _wait(self, session: Session) -> None:
        """Until it is this session's turn; sessions go round, however many pictures each has."""
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

    def _take(self) -> _Decoder:
        with self._turn:
            if self._rest is not None:
                self._rest.cancel()
            while self._idle:
                decoder = self._idle.pop()
                if decoder.alive:
                    return decoder
                decoder.close()
        return _Decoder()

    def _give(self, decoder: _Decoder | None) -> None:
        if decoder is not None and not decoder.alive:
            decoder.close()
            decoder = None
        with self._turn:
            if decoder is not None:
                self._idle.append(decoder)
            self._busy -= 1
            self._turn.notify_all()
            if not self._busy:
                self._rest = threading.Timer(_IDLE_S, self.close)
                self._rest.daemon = True
                self._rest.start()


decoders = Decoders()
"""Those of this process: the bound is for all its sessions together."""

atexit.register(decoders.close)
