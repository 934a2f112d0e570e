"""Decodes pictures of strangers, in a child process of ``decoders``.

``python -m fer.media.decoder_process FILE`` answers requests on its standard input until that
closes: a line of JSON and the bytes of the picture. An answer is a line of JSON, its pixels lie in
``FILE``, which both processes have open. The process limits its own memory, processor time and
output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import cv2

from fer.errors import MediaError
from fer.media.pictures import MAX_PIXELS, Picture, decode_frames, decode_image

DEADLINE_S = 20
MAX_MEMORY = 768 * 2**20
"""What a picture may take beside what the process has at its start."""


def _limit(name: str, soft: int, hard: int | None = None) -> None:
    """A limit of the system, where it has such limits."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        kind = getattr(resource, name)
        known = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (soft, known if hard is None else hard))


def _limit_process() -> None:
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _limit("RLIMIT_AS", pages * 4096 + MAX_MEMORY)
    _limit("RLIMIT_FSIZE", MAX_PIXELS * 3)
    _limit("RLIMIT_CORE", 0, 0)
    cv2.setNumThreads(1)


def _limit_request() -> None:
    """The deadline in processor time too, for where the parent is gone."""
    with suppress(ImportError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit("RLIMIT_CPU", int(used.ru_utime + used.ru_stime) + DEADLINE_S + 1)


def _answer(answers: BinaryIO, **content: object) -> None:
    answers.write(json.dumps(content).encode() + b"\n")
    answers.flush()


def _pictures(data: bytes, name: str, every_frame: bool) -> Iterator[Picture]:
    if every_frame:
        yield from decode_frames(data, name)
    else:
        yield decode_image(data, name)


def _hand_over(picture: Picture, pixels: BinaryIO) -> None:
    """Write all pixels: where there is no room, a raw file takes a part without a word."""
    pixels.seek(0)
    left = picture.image_bgr.data.cast("B")
    while left:
        left = left[pixels.write(left) :]


def serve(requests: BinaryIO, answers: BinaryIO, pixels: BinaryIO) -> None:
    """Answer requests until there are none."""
    while line := requests.readline():
        request = json.loads(line)
        _limit_request()
        try:
            data = requests.read(request["bytes"])
            for picture in _pictures(data, request["name"], request["every_frame"]):
                _hand_over(picture, pixels)
                _answer(
                    answers,
                    size=picture.image_bgr.shape[:2],
                    notes=picture.notes,
                    fault=picture.fault,
                    frame=picture.frame,
                    time_s=picture.time_s,
                )
                # The pixels are taken before the next ones overwrite them.
                requests.readline()
            _answer(answers, end=True)
        except MediaError as fault:
            _answer(answers, error=str(fault))
        except OSError as fault:
            reason = f"{request['name']}: expected room for its pixels, got: {fault.strerror}"
            _answer(answers, error=f"{reason}; free some disk or memory")
        except MemoryError:
            _answer(answers, error=f"{request['name']}: expected a picture that fits into memory")


if __name__ == "__main__":
    _limit_process()
    with open(sys.argv[1], "r+b", buffering=0) as shared:
        serve(sys.stdin.buffer, sys.stdout.buffer, shared)
