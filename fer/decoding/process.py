"""Reads what strangers hand in, in a child process of ``fer.decoding.decoders``.

``python -m fer.decoding.process FILE`` answers requests on its standard input until that closes: a
line of JSON, and bytes. An answer is a line of JSON; its image lies in ``FILE``, which both
processes have open, until the other side has sent an empty line. The process limits its own
memory, processor time and output.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from fer.decoding.job import Answer
from fer.errors import FerError

# Of all images on the way together; a larger one goes alone.
_ROOM_BYTES = 32 * 2**20


def _limit(name: str, soft: int, hard: int | None = None) -> None:
    """A limit of the system, where it has such limits."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        kind = getattr(resource, name)
        known = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (soft, known if hard is None else hard))


def _limit_time(seconds: float) -> None:
    """The deadline in processor time too, of all cores, for where the parent is gone."""
    with suppress(ImportError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        more = (seconds + 1) * (os.cpu_count() or 1)
        _limit("RLIMIT_CPU", int(used.ru_utime + used.ru_stime + more))


class _Work:
    """The function of a job, found once; the memory of its module does not count as its own."""

    def __init__(self) -> None:
        self._known: dict[str, Callable[..., Iterable[Answer]]] = {}
        self._idle_bytes = 0

    def find(self, name: str, memory_bytes: int) -> Callable[..., Iterable[Answer]]:
        """What does a job, with its memory limited."""
        if name not in self._known:
            _limit("RLIMIT_AS", -1)
            module, function = name.split(":")
            self._known[name] = getattr(import_module(module), function)
            with suppress(OSError):
                self._idle_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
        if self._idle_bytes:
            _limit("RLIMIT_AS", self._idle_bytes + memory_bytes)
        return self._known[name]


class _Reply:
    """The answers to one request.

    Args:
        requests: Where the other side says that it has taken an image.
        answers: Lines of JSON.
        pixels: The file that both have open.
        ahead: Images that may lie there at once.
    """

    def __init__(self, requests: BinaryIO, answers: BinaryIO, pixels: BinaryIO, ahead: int) -> None:
        self._requests, self._answers, self._pixels = requests, answers, pixels
        self._ahead = ahead
        self._place = self._size = self._untaken = 0

    def say(self, **facts: object) -> None:
        """One line."""
        self._answers.write(json.dumps(facts).encode() + b"\n")
        self._answers.flush()

    def wait(self, left: int = 0) -> None:
        """Until the other side has taken all but some images."""
        while self._untaken > left:
            self._requests.readline()
            self._untaken -= 1

    def give(self, facts: dict[str, Any], image: npt.NDArray[np.uint8]) -> None:
        """One line and its image."""
        image = np.ascontiguousarray(image)
        if image.nbytes > self._size:
            self.wait()
            self._size = image.nbytes
            self._ahead = min(self._ahead, max(1, _ROOM_BYTES // self._size))
            self._place = 0
        self.wait(self._ahead - 1)
        offset = self._place * self._size
        self._place = (self._place + 1) % self._ahead
        self._pixels.seek(offset)
        # Where there is no room, a raw file takes a part without a word.
        left = image.data.cast("B")
        while left:
            left = left[self._pixels.write(left) :]
        self._untaken += 1
        self.say(**facts, shape=image.shape, offset=offset)


def serve(requests: BinaryIO, answers: BinaryIO, pixels: BinaryIO) -> None:
    """Answer requests until there are none."""
    work = _Work()
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["bytes"])
        reply = _Reply(requests, answers, pixels, request["ahead"])
        end: dict[str, object] = {"end": True}
        name = request["name"]
        try:
            do = work.find(request["function"], request["memory_bytes"])
            _limit("RLIMIT_FSIZE", request["output_bytes"])
            _limit_time(request["deadline_s"])
            for facts, image in do(data, name=name, **request["arguments"]):
                if image is None:
                    reply.say(**facts)
                else:
                    reply.give(facts, image)
                if request["step_s"]:
                    _limit_time(request["deadline_s"])
                # The other side copies it: there are never three of a large one.
                del image
        except FerError as fault:
            end = {"error": str(fault)}
        except OSError as fault:
            reason = f"{name}: expected room for what is read, got: {fault.strerror}"
            end = {"error": f"{reason}; free some disk or memory"}
        except MemoryError:
            end = {"error": f"{name}: expected {request['what']} that fits into memory; shrink it"}
        reply.wait()
        reply.say(**end)


if __name__ == "__main__":
    _limit("RLIMIT_CORE", 0, 0)
    cv2.setNumThreads(1)
    with open(sys.argv[1], "r+b", buffering=0) as shared:
        serve(sys.stdin.buffer, sys.stdout.buffer, shared)
