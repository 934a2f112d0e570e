"""What several test modules share: a portrait, ways to place it, and the shipped model."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

# First of all: imported after TensorFlow, its C library takes over TensorFlow's symbols and dies.
# The dashboard never has both; only this test process does.
import pylibsrtp  # noqa: F401
import pytest
import skimage.data
from hypothesis import settings

from fer import Box, EmotionClassifier, EmotionRecognizer
from fer.datasets import find_data, find_ferplus

# Tests are of the shipped model, whatever their shell has chosen.
os.environ.pop("FER_MODEL", None)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# The same examples everywhere, and no deadline: a busy machine is not a fault of the code.
settings.register_profile("fer", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("fer")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers: a file stays together, and so do all browser tests.

    Files share costly fixtures, and two browsers at once would take the frames from each other.
    """
    for item in items:
        browser = "e2e" in item.path.parts
        item.add_marker(pytest.mark.xdist_group("browser" if browser else item.path.stem))


@dataclass(frozen=True)
class Said:
    """What a command ended with; standard error with single spaces, however wide the terminal."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def fer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The ``fer`` command, in this process."""
    from fer.cli.main import main

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["fer", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, " ".join(said.err.split()))

    return run


@pytest.fixture
def astronaut_bgr() -> np.ndarray:
    """Eileen Collins, ``(512, 512, 3)`` BGR: NASA photograph, public domain (scikit-image)."""
    return np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])


@pytest.fixture(scope="session")
def astronaut_face() -> Box:
    """Her face as a person would frame it: from the hairline to the chin."""
    return Box(177, 66, 95, 95)


@pytest.fixture
def letterboxed(astronaut_bgr: np.ndarray) -> Callable[..., np.ndarray]:
    """Places the portrait on a grey frame, never stretched."""

    def place(
        width: int = 640, height: int = 480, side: int = 480, left: int = 0, top: int = 0
    ) -> np.ndarray:
        frame = np.full((height, width, 3), 114, np.uint8)
        portrait = cv2.resize(astronaut_bgr, (side, side), interpolation=cv2.INTER_AREA)
        frame[top : top + side, left : left + side] = portrait[: height - top, : width - left]
        return frame

    return place


@pytest.fixture(scope="session")
def full_data() -> Path:
    """The whole of FER-2013, with its FER+ votes beside it; where CI has it, it must be found."""
    path = find_data()
    if path is not None and path.is_file() and find_ferplus(None, path) is not None:
        return path
    reason = f"no fer2013.csv.gz with fer2013new.csv found (got {path}); set FER_DATA to it"
    if os.environ.get("CI") and (Path(__file__).resolve().parents[2] / "shared").is_dir():
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def classifier() -> EmotionClassifier:
    """The shipped model, seven classes."""
    return EmotionClassifier.load()


@pytest.fixture(scope="session")
def recognizer() -> EmotionRecognizer:
    """The shipped model behind the live detector."""
    return EmotionRecognizer.load()
