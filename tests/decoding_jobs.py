"""What ``test_decoding`` has done in a decoder."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fer.decoding import Answer
from fer.errors import MediaError


def hang(_data: bytes, *, name: str, first: int = 0) -> Iterator[Answer]:
    for _ in range(first):
        yield {}, None
    time.sleep(600)


def wait(_data: bytes, *, name: str, times: int, seconds: float) -> Iterator[Answer]:
    for _ in range(times):
        time.sleep(seconds)
        yield {}, None


def spin(_data: bytes, *, name: str) -> Iterator[Answer]:
    for _ in itertools.count():
        yield {}, None


def eat(_data: bytes, *, name: str) -> Iterator[Answer]:
    kept = [np.ones(2**24, np.uint8) for _ in range(200)]
    yield {"kept": len(kept)}, None


def fill(_data: bytes, *, name: str, path: str) -> Iterator[Answer]:
    Path(path).write_bytes(bytes(2**22))
    yield {}, None


def refuse(_data: bytes, *, name: str) -> Iterator[Answer]:
    raise MediaError(f"{name}: expected a thing, got none; try again")
    yield


def images(_data: bytes, *, name: str, sides: list[int]) -> Iterator[Answer]:
    for number, side in enumerate(sides):
        yield {"number": number}, np.full((side, side, 3), number, np.uint8)
