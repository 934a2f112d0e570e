"""A data set as a tree of class folders, which every other tool reads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fer.datasets.audit import source_rows
from fer.datasets.base import FaceDataset, Progress
from fer.errors import DatasetError


def export_folders(
    dataset: FaceDataset, folder: str | Path, *, progress: Progress | None = None
) -> int:
    """Write ``folder/<split>/<class>/<split>_<row>.png``, lossless; the reader takes it back.

    Args:
        dataset: What to write.
        folder: New or empty; nothing is overwritten.
        progress: Called with the share that is written.

    Returns:
        Pictures written.

    Raises:
        DatasetError: If the folder holds something already, or the disk refuses.
    """
    root = Path(folder)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise DatasetError(
            f"{root}: expected a new or empty folder, got one that holds something; choose another "
            "--output"
        )
    try:
        for split in dataset.split_names:
            for label in dataset.label_names:
                (root / split / label).mkdir(parents=True, exist_ok=True)
        for index, row in enumerate(source_rows(dataset)):
            split = dataset.split_names[dataset.splits[index]]
            label = dataset.label_names[dataset.labels[index]]
            done, content = cv2.imencode(".png", np.asarray(dataset.images[index]))
            if not done:
                raise OSError(f"row {row} could not be encoded")
            (root / split / label / f"{split}_{row:06d}.png").write_bytes(content.tobytes())
            if progress is not None and index % 500 == 0:
                progress(index / len(dataset))
    except OSError as fault:
        raise DatasetError(
            f"{root}: could not write the pictures ({fault.strerror or fault}); free some disk or "
            "choose another --output"
        ) from fault
    return len(dataset)
