"""A data set as a folder of plain ``.npy`` files and one of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fer.datasets.base import IMAGE_SIZE, FaceDataset

META = "meta.json"
_ARRAYS = {
    "images": np.uint8,
    "labels": np.int8,
    "splits": np.int8,
    "rows": np.int32,
    "votes": np.uint8,
    "affect": np.float32,
}
_FACTS = ("label_names", "split_names", "source", "skipped", "notes")


def store(dataset: FaceDataset, folder: Path) -> None:
    """Write a data set; where its pictures came from is left out.

    Raises:
        OSError: If it cannot be written.
    """
    arrays = {name: getattr(dataset, name) for name in _ARRAYS}
    there = [name for name, array in arrays.items() if array is not None]
    for name in there:
        np.save(folder / f"{name}.npy", arrays[name], allow_pickle=False)
    facts = {name: getattr(dataset, name) for name in _FACTS}
    (folder / META).write_text(json.dumps({**facts, "arrays": there}), encoding="utf-8")


def load(folder: Path, *, mapped: bool = True) -> FaceDataset:
    """Read a data set, its images as a read-only memory map unless told otherwise.

    Raises:
        OSError, ValueError, KeyError, TypeError, DatasetError: If it is incomplete or damaged.
    """
    facts: dict[str, Any] = json.loads((folder / META).read_text(encoding="utf-8"))
    # Only the images are mapped: each map keeps a file open, and the other arrays are small.
    for name in facts.pop("arrays"):
        mode: Literal["r"] | None = "r" if mapped and name == "images" else None
        facts[name] = np.load(folder / f"{name}.npy", mmap_mode=mode, allow_pickle=False)
        if facts[name].dtype != _ARRAYS[name]:
            raise ValueError(f"{name}: expected {_ARRAYS[name]}, got {facts[name].dtype}")
    for name in ("label_names", "split_names", "notes"):
        facts[name] = tuple(facts[name])
    dataset = FaceDataset(**facts)
    if dataset.images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise ValueError(f"images: got {dataset.images.shape}")
    for codes, names in (
        (dataset.labels, dataset.label_names),
        (dataset.splits, dataset.split_names),
    ):
        if codes.min() < 0 or codes.max() >= len(names):
            raise ValueError("a code is out of range")
    return dataset
