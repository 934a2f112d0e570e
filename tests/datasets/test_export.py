"""A tree that is written reads back as the same data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer.datasets.base import FaceDataset
from fer.datasets.export import export_folders
from fer.datasets.folders import read_folders
from fer.errors import DatasetError


@pytest.fixture
def noise() -> FaceDataset:
    rng = np.random.default_rng(0)
    return FaceDataset(
        rng.integers(0, 256, (21, 48, 48)).astype(np.uint8),
        (np.arange(21) % 7).astype(np.int8),
        (np.arange(21) // 7).astype(np.int8),
    )


def test_what_is_written_reads_back_pixel_for_pixel(noise: FaceDataset, tmp_path: Path) -> None:
    assert export_folders(noise, tmp_path / "tree") == 21
    back = read_folders(tmp_path / "tree")
    for split in noise.split_names:
        one, other = noise.split(split), back.split(split)
        assert len(other) == 7
        order = np.argsort([back.label_names.index(noise.label_names[k]) for k in one.labels])
        assert [back.label_names[k] for k in np.sort(other.labels)] == [
            noise.label_names[one.labels[k]] for k in order
        ]
        for image, label in zip(one.images, one.labels, strict=True):
            same = other.labels == back.label_names.index(noise.label_names[label])
            np.testing.assert_array_equal(other.images[same][0], image)


def test_nothing_is_overwritten(noise: FaceDataset, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DatasetError, match="expected a new or empty folder"):
        export_folders(noise, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_disk_that_refuses_is_a_sentence(noise: FaceDataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="could not write the pictures"):
        export_folders(noise, tmp_path / "file" / "tree")
