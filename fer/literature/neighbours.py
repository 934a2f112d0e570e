"""K nearest neighbours on raw pixels: the baseline that every network has to beat."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.protocol import fingerprint, training_rows
from fer.datasets.resplit import OFFICIAL, resplit
from fer.errors import TrainingError
from fer.training.run_data import write_data
from fer.training.run_folder import CONFIG, read_arrays, write_arrays, write_json

NEIGHBOURS = 169
"""The square root of 28,709 training rows, rounded."""

COMPONENTS = 250
FILE = "neighbours.npz"
NAMES: dict[str, int] = {"knn-169": 0, "knn-169-pca": COMPONENTS}
"""Name -> principal components; 0 works on the pixels themselves."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """A fitted classifier: the training pictures themselves, or their principal components.

    Attributes:
        points: ``(n, d)`` training points: uint8 pixels, or float32 components.
        k: Neighbours that vote, each with one voice.
        mean: ``(p,)`` float32 mean picture, or None without components.
        axes: ``(d, p)`` float32 principal axes, or None.
    """

    points: npt.NDArray[Any]
    labels: npt.NDArray[np.int8]
    classes: int
    k: int = NEIGHBOURS
    mean: npt.NDArray[np.float32] | None = None
    axes: npt.NDArray[np.float32] | None = None

    @property
    def parameters(self) -> int:
        """Numbers that are stored: all of the training data."""
        extra = 0 if self.axes is None or self.mean is None else self.axes.size + self.mean.size
        return int(self.points.size) + extra

    @property
    def multiply_adds(self) -> int:
        """Multiplications for one face: a distance to every training point."""
        return int(self.points.size) + (0 if self.axes is None else self.axes.size)

    def _project(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        flat = images.reshape(len(images), -1).astype(np.float32)
        if self.mean is None or self.axes is None:
            return flat
        return np.asarray((flat - self.mean) @ self.axes.T, np.float32)

    @cached_property
    def _voters(self) -> Any:
        from sklearn.neighbors import KNeighborsClassifier

        model = KNeighborsClassifier(self.k, algorithm="brute")
        return model.fit(self.points.astype(np.float32), self.labels)

    def predict_heads(self, images: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float32]]:
        """Shares of the votes for faces ``(n, 48, 48)``: ``{"fer2013": (n, classes)}`` float32."""
        shares = np.zeros((len(images), self.classes), np.float32)
        if len(images):
            voted = self._voters.predict_proba(self._project(images))
            shares[:, self._voters.classes_.astype(int)] = voted
        return {"fer2013": shares}

    def save(self, path: Path) -> None:
        """Write plain arrays; nothing in the file can be executed.

        Raises:
            TrainingError: If the disk refuses.
        """
        none = np.zeros(0, np.float32)
        arrays = {
            "points": self.points,
            "labels": self.labels,
            "sizes": np.array([self.classes, self.k]),
            "mean": none if self.mean is None else self.mean,
            "axes": none if self.axes is None else self.axes,
        }
        write_arrays(path, arrays)

    @classmethod
    def load(cls, path: Path) -> Neighbours:
        """Read what ``save`` wrote.

        Raises:
            TrainingError: If the file is missing or damaged.
        """
        remedy = (
            f"make them with fer literature train --architecture {path.parent.name} --name "
            f"{path.parent.name} --replace"
        )
        with read_arrays(path, "stored neighbours", remedy) as stored:
            classes, k = (int(value) for value in stored["sizes"])
            mean, axes = stored["mean"], stored["axes"]
            return cls(
                stored["points"],
                stored["labels"],
                classes,
                k,
                mean if mean.size else None,
                axes if axes.size else None,
            )


def fit_neighbours(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int8],
    *,
    classes: int = 7,
    k: int = NEIGHBOURS,
    components: int = 0,
) -> Neighbours:
    """Fit pictures ``(n, h, w)`` by storing; with components, by a principal component analysis.

    Source: a student system that sets it beside its CNN (k = 169, 30.08 %, which is 864 of 2,872:
    the report calls the split stratified, but only the plain division with its seed gives that);
    the form with 250 principal components is its remedy against the cost of 2,304 dimensions.
    """
    flat = np.asarray(images).reshape(len(images), -1)
    if not components:
        return Neighbours(flat, labels, classes, min(k, len(flat)))
    from sklearn.decomposition import PCA

    pca = PCA(min(components, *flat.shape), svd_solver="randomized", random_state=0)
    points = pca.fit_transform(flat.astype(np.float32))
    return Neighbours(
        points.astype(np.float32),
        labels,
        classes,
        min(k, len(flat)),
        pca.mean_.astype(np.float32),
        pca.components_.astype(np.float32),
    )


def fit_run(dataset: FaceDataset, run_dir: Path, architecture: str, split: str) -> None:
    """Fit neighbours on the training rows of a split and store them in a run folder.

    Raises:
        TrainingError: If there is no training row, or the disk refuses.
        DatasetError: If the data cannot be split so.
    """
    chosen = resplit(dataset, split)
    mask = training_rows(chosen) if split == OFFICIAL else chosen.split_mask("Training")
    training = chosen.select(mask)
    if not len(training):
        raise TrainingError(
            f"{dataset.source or 'data set'}: expected rows in Training, got none; add the split"
        )
    started = time.perf_counter()
    model = fit_neighbours(training.images, training.labels, components=NAMES[architecture])
    model.save(run_dir / FILE)
    write_data(run_dir, fingerprint(dataset))
    write_json(
        run_dir / CONFIG,
        {
            "architecture": architecture,
            "split": split,
            "neighbours": model.k,
            "components": 0 if model.axes is None else len(model.axes),
            "training_rows": len(training),
            "seconds": round(time.perf_counter() - started, 2),
        },
    )
