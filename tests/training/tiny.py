"""A tiny run: its recipe, and faces that it can learn in seconds."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fer.datasets.base import FaceDataset
from fer.labels import FER2013, FERPLUS
from fer.training.config import AugmentationConfig, TrainingConfig
from fer.training.trainer import StepReport

CONFIG = TrainingConfig(
    architecture="tiny",
    epochs=2,
    batch_size=10,
    learning_rate=0.1,
    warmup_epochs=0.5,
    sizes=((0.5, 32), (0.5, 48)),
    dropout=0.2,
    ema=0.8,
    augmentation=AugmentationConfig(rotation_degrees=3, shift=0.02, flip=0, erase=0.1),
)
PLAIN = AugmentationConfig(0, (1, 1), 0, 0, 0, 0, 0)


def pattern(label: int) -> np.ndarray:
    """What global pooling can tell apart: stripes of two directions and three widths, squares."""
    stripe = [2, 4, 8][label % 3]
    down, across = np.indices((48, 48)) // stripe % 2
    return np.asarray([down, across, down ^ across][label // 3] * 120)


def make_faces(n: int = 200) -> FaceDataset:
    """Noisy patterns, 140 / 30 / 30 rows, with votes that agree with the labels."""
    rng = np.random.default_rng(0)
    labels = (np.arange(n) % 7).astype(np.int8)
    images = rng.integers(0, 120, (n, 48, 48)) + np.stack([pattern(label) for label in labels])
    votes = np.zeros((n, 10), np.uint8)
    for row, label in enumerate(labels):
        votes[row, FERPLUS.index(FER2013[label])] = 8
        votes[row, 7] = 2
    splits = np.repeat(np.arange(3, dtype=np.int8), [n - 60, 30, 30])
    # The last PrivateTest picture is also in Training.
    for column in (images, labels, votes):
        column[-1] = column[0]
    return FaceDataset(images.astype(np.uint8), labels, splits, source="stripes", votes=votes)


class Killed(Exception):
    """Stands for a kill in the middle of an epoch."""


def history_of(folder: Path) -> list[dict[str, float]]:
    with (folder / "history.csv").open(newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def assert_same_curve(straight: Path, resumed: Path, epochs: int) -> None:
    """The histories of two runs differ by no more than what threads round differently."""
    first, second = history_of(straight), history_of(resumed)
    assert [row["epoch"] for row in second] == list(range(1, epochs + 1))
    for one, other in zip(first, second, strict=True):
        for name in one.keys() - {"seconds"}:
            assert other[name] == pytest.approx(one[name], rel=1e-3, abs=1e-3), name


@dataclass(frozen=True)
class Runs:
    dataset: FaceDataset
    straight: Path
    resumed: Path
    steps: list[StepReport]
