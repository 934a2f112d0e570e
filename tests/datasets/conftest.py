"""Small data sets made on the spot; no test writes to the user's own cache."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fer.datasets import FaceDataset

Row = tuple[str, str, str]
"""``emotion``, ``pixels``, ``Usage`` as they stand in the file."""


def rows_of(dataset: FaceDataset) -> list[tuple[str, str, int]]:
    """Split, label and grey value of each row, where pictures are constant."""
    return [
        (dataset.split_names[split], dataset.label_names[label], int(image[24, 24]))
        for split, label, image in zip(dataset.splits, dataset.labels, dataset.images, strict=True)
    ]


def assert_same(first: FaceDataset, second: FaceDataset) -> None:
    """Everything that a file says is equal."""
    for name in ("images", "labels", "splits", "rows"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert getattr(first, name).dtype == getattr(second, name).dtype
    for name in ("label_names", "split_names", "skipped", "notes"):
        assert getattr(first, name) == getattr(second, name)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for each test."""
    path = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("FER_CACHE", str(path))
    return path


@pytest.fixture
def faces() -> npt.NDArray[np.uint8]:
    """Six different images."""
    return np.random.default_rng(7).integers(0, 256, (6, 48, 48), dtype=np.uint8)


@pytest.fixture
def rows(faces: npt.NDArray[np.uint8]) -> list[Row]:
    """Six good rows: labels 0, 3, 6, 1, 3, 5; four of Training, one of each test split."""
    labels = ("0", "3", "6", "1", "3", "5")
    splits = ("Training",) * 4 + ("PublicTest", "PrivateTest")
    return [
        (label, " ".join(map(str, face.ravel())), split)
        for label, face, split in zip(labels, faces, splits, strict=True)
    ]


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as ``fer2013.csv``, or compressed when the name ends in ``.gz``."""

    def write(
        rows: Sequence[Row],
        name: str = "fer2013.csv",
        columns: Sequence[str] = ("emotion", "pixels", "Usage"),
        line_end: str = "\n",
    ) -> Path:
        order = [("emotion", "pixels", "Usage").index(column) for column in columns]
        lines = [",".join(columns), *(",".join(row[place] for place in order) for row in rows)]
        text = (line_end.join(lines) + line_end).encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(text, 1) if name.endswith(".gz") else text)
        return path

    return write


@pytest.fixture
def write_votes(tmp_path: Path) -> Callable[..., Path]:
    """Write ``fer2013new.csv`` with the given votes and splits."""

    def write(votes: Sequence[Sequence[object]], splits: Sequence[str]) -> Path:
        header = (
            "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
            "unknown,NF"
        )
        lines = [
            f"{split},fer{number:07}.png," + ",".join(map(str, row))
            for number, (row, split) in enumerate(zip(votes, splits, strict=True))
        ]
        path = tmp_path / "fer2013new.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_picture() -> Callable[..., Path]:
    """Write a constant grey picture, making its folder."""

    def write(path: Path, grey: int = 128, size: tuple[int, int] = (48, 48)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", size, grey).save(path)
        return path

    return write


@pytest.fixture
def tiny() -> FaceDataset:
    """Seven rows whose statistics can be counted by hand.

    Image 4 (PublicTest) copies image 0 (Training); image 6 (PrivateTest) copies image 1
    (Training); image 2 is blank. Labels: angry 2, happy 4, neutral 1.
    """
    images = np.random.default_rng(3).integers(0, 256, (7, 48, 48), dtype=np.uint8)
    images[2] = 90
    images[4] = images[0]
    images[6] = images[1]
    return FaceDataset(
        images=images,
        labels=np.array([0, 3, 3, 6, 0, 3, 3], np.int8),
        splits=np.array([0, 0, 0, 0, 1, 1, 2], np.int8),
        source="tiny",
    )
