"""One decoder: a process that is asked by one thread at a time and can be killed."""

from __future__ import annotations

import json
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.decoding.job import MIB, Answer, Job

_POLL_S = 0.1
_LINE = 2**20
# Answers that nobody has asked for yet; then the process waits.
_LINES_AHEAD = 64
# A picture of 16 megapixels: to fill new memory takes longer than to copy.
_KEPT_BYTES = 48 * MIB
_PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_REQUEST = [one.name for one in fields(Job) if one.name not in ("fault", "remedy")]


class Cancelled(Exception):
    """Whoever handed something in does not want it any more; no fault of what was handed in."""


class Child:
    """The process.

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
            [sys.executable, "-m", "fer.decoding.process", place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                # Each arena counts as 64 MiB of its memory.
                "MALLOC_ARENA_MAX": "2",
                # Memory of one picture is kept for the next: new pages cost a third of a JPEG.
                "MALLOC_MMAP_THRESHOLD_": str(8 * MIB),
                "MALLOC_TRIM_THRESHOLD_": str(32 * MIB),
                "PYTHONPATH": os.pathsep.join(part for part in search if part),
            },
            **shared,
        )
        self._lines: queue.Queue[bytes] = queue.Queue(_LINES_AHEAD)
        self._pump = threading.Thread(target=self._take_lines, name="fer-decoder", daemon=True)
        self._pump.start()

    def _take_lines(self) -> None:
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
        # The thread that takes its lines may be waiting for room.
        while self._pump.is_alive():
            with suppress(queue.Empty):
                self._lines.get(timeout=_POLL_S)

    def _send(self, content: bytes) -> None:
        assert self._process.stdin is not None
        # A process that has died says so when it is asked for its answer.
        with suppress(OSError):
            self._process.stdin.write(content)
            self._process.stdin.flush()

    def work(
        self,
        job: Job,
        name: str,
        data: bytes,
        arguments: dict[str, object],
        cancel: Callable[[], bool],
    ) -> Iterator[Answer]:
        """Its answers; it is to be killed unless all are taken.

        Raises:
            FerError: The job's, when it cannot be read, takes too long or too much.
            Cancelled: Once ``cancel`` says so.
        """
        # Only its last answer makes it so again.
        self.usable = False
        request: dict[str, object] = {one: getattr(job, one) for one in _REQUEST}
        request |= {"name": name, "bytes": len(data), "arguments": arguments}
        self._send(json.dumps(request).encode() + b"\n")
        self._send(data)
        left_s = job.deadline_s
        while True:
            begun_s = time.monotonic()
            answer = self._answer(job, name, left_s, cancel)
            left_s = min(job.deadline_s, left_s - (time.monotonic() - begun_s) + job.step_s)
            self.usable = "error" in answer or "end" in answer
            if "error" in answer:
                raise job.fault(answer["error"])
            if self.usable:
                self._let_go()
                return
            image = None
            if "shape" in answer:
                image = self._image(answer.pop("shape"), answer.pop("offset"), job)
                self._send(b"\n")
            elif cancel():
                raise Cancelled
            yield answer, image

    def _answer(
        self, job: Job, name: str, left_s: float, cancel: Callable[[], bool]
    ) -> dict[str, Any]:
        until_s = time.monotonic() + left_s
        while True:
            try:
                line = self._lines.get(timeout=_POLL_S)
                break
            except queue.Empty:
                if cancel():
                    raise Cancelled from None
                if time.monotonic() > until_s:
                    raise job.fault(
                        f"{name}: expected {job.what} {job.in_time}, got one that takes longer; "
                        f"{job.remedy}"
                    ) from None
        if not line:
            raise job.fault(
                f"{name}: expected {job.what} that can be read, got one that takes more memory or "
                f"time than it may; {job.remedy}"
            )
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise job.fault(f"{name}: expected {job.what}, got nonsense; {job.remedy}") from None
        return answer

    def _image(self, shape: list[int], offset: int, job: Job) -> npt.NDArray[np.uint8]:
        size = math.prod(shape)
        if len(shape) != 3 or not 0 < size <= job.output_bytes:
            raise job.fault(f"expected {job.what}, got nonsense; {job.remedy}")
        image = np.empty(shape, np.uint8)
        self._pixels.seek(offset)
        left = image.data.cast("B")
        while left and (count := self._pixels.readinto(left)):
            left = left[count:]
        if job.ahead == 1:
            self._let_go()
        return image

    def _let_go(self) -> None:
        """Free the shared memory, unless the next image is likely to need as much."""
        if os.fstat(self._pixels.fileno()).st_size > _KEPT_BYTES:
            self._pixels.truncate(0)
