"""Faces as a network of the literature wants them: any size, grey or colour, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from fer.datasets.base import PictureFile
from fer.errors import InputError, TrainingError
from fer.literature.recipes import Recipe
from fer.pictures.reading import read_whole
from fer.preprocessing import crop_face
from fer.training.augmentation import augment
from fer.training.batches import Batch, prefetched
from fer.training.network_pass import resized

if TYPE_CHECKING:
    import keras

Pictures = npt.NDArray[np.uint8]


class PictureSource(Protocol):
    """Pictures ``(n, h, w)`` or ``(n, h, w, 3)`` uint8: an array, or what reads them in turn."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, rows: npt.NDArray[np.intp], /) -> Pictures:
        """Copies of the pictures of these rows."""
        ...


class FileSource:
    """Pictures of files, read in colour when they are needed, ``side`` pixels square."""

    def __init__(self, files: Sequence[PictureFile], side: int) -> None:
        self._files = files
        self._side = side

    def __len__(self) -> int:
        """How many there are."""
        return len(self._files)

    def __getitem__(self, rows: npt.NDArray[np.intp], /) -> Pictures:
        """These rows ``(b, side, side, 3)`` uint8 RGB.

        Raises:
            TrainingError: If a file is gone or has changed.
        """
        return np.stack([self._read(self._files[row]) for row in rows])

    def _read(self, file: PictureFile) -> Pictures:
        try:
            picture = np.ascontiguousarray(read_whole(file.path)[..., ::-1])
            height, width = picture.shape[:2]
            if file.box is not None:
                return crop_face(picture, file.box, self._side)
        except InputError as fault:
            raise TrainingError(
                f"{file.path}: {fault}; it could be read when the data set was: put it back and "
                "train again with --resume"
            ) from None
        # Whole pictures are stretched to a square: faces in class folders are crops already.
        method = cv2.INTER_AREA if min(height, width) > self._side else cv2.INTER_LINEAR
        shape = (self._side, self._side)
        return np.asarray(cv2.resize(picture, shape, interpolation=method), np.uint8)


def model_input(model: keras.Model) -> tuple[int, int]:
    """Side in pixels and channels that a network takes."""
    _, side, _, channels = model.input_shape
    return int(side), int(channels)


def epoch_batches(
    source: PictureSource,
    labels: npt.NDArray[np.intp],
    recipe: Recipe,
    epoch: int,
    shape: tuple[int, int],
) -> Iterator[Batch]:
    """Batches of one epoch, counted from 0, which with the seed decides order and augmentation.

    ``shape`` is the side in pixels and the channels of the input. The last batch may be smaller.
    """
    order = np.random.default_rng((recipe.seed, epoch)).permutation(len(source))

    def make(step: int) -> Batch:
        start = step * recipe.batch_size
        rows = order[start : start + recipe.batch_size]
        rng = np.random.default_rng((recipe.seed, epoch, start))
        images = source[rows]
        if recipe.augmentation is not None and images.ndim == 3:
            images = np.stack([augment(i, shape[0], recipe.augmentation, rng) for i in images])
        elif recipe.flip:
            mirrored = rng.random(len(rows)) < recipe.flip
            images[mirrored] = images[mirrored, :, ::-1]
        return Batch(resized(images, *shape), labels[rows])

    return prefetched(make, recipe.steps(len(source)))
