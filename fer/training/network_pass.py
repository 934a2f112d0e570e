"""Forward passes of a network during training, and in what precision it learns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import majority_labels
from fer.errors import InputError
from fer.evaluation.metrics import accuracy, macro_f1
from fer.labels import OWN

if TYPE_CHECKING:
    import keras


POLICIES: tuple[str, ...] = ("float32", "mixed_bfloat16")
"""Keras's dtype policies that networks are trained under."""


def check_policy(name: str) -> str:
    """The name, if it is one of ``POLICIES``.

    Raises:
        InputError: If it is not.
    """
    if name not in POLICIES:
        raise InputError(
            f"precision: expected one of {', '.join(POLICIES)}, got {name!r}; choose one"
        )
    return name


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers made in this block compute in one of ``POLICIES``; their weights stay float32.

    Raises:
        InputError: If it is none.
    """
    import keras

    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(check_policy(name))
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy(before)


def resized(images: npt.NDArray[np.uint8], size: int, channels: int = 1) -> npt.NDArray[np.float32]:
    """Pictures ``(b, h, w[, 3])`` uint8 as network input ``(b, size, size, channels)`` in 0..255.

    Enlarged bilinearly, as the model does that is served; shrunk by area averaging.
    """
    if images.shape[1:3] != (size, size):
        method = cv2.INTER_AREA if images.shape[1] > size else cv2.INTER_LINEAR
        images = np.stack([cv2.resize(i, (size, size), interpolation=method) for i in images])
    if images.ndim == 3:
        images = np.repeat(images[..., None], channels, axis=-1)
    return images.astype(np.float32)


def validate(model: keras.Model, dataset: FaceDataset, size: int) -> dict[str, float]:
    """Accuracy and macro-F1 on a split by one forward pass of the Keras model."""
    logits = model.predict(resized(dataset.images, size), batch_size=256, verbose=0)
    return validation_scores(logits, dataset)


def validation_scores(
    logits: Mapping[str, npt.NDArray[np.float32]], dataset: FaceDataset
) -> dict[str, float]:
    """Accuracy and macro-F1 of the heads' logits ``(n, classes)`` for a split's faces."""
    predicted = np.argmax(logits[OWN if OWN in logits else "fer2013"], axis=1)
    row = {
        "val_accuracy": accuracy(dataset.labels, predicted),
        "val_macro_f1": macro_f1(dataset.labels, predicted, len(dataset.label_names)),
    }
    if dataset.votes is not None and "ferplus" in logits:
        labels = majority_labels(dataset.votes)
        clear = labels >= 0
        row["val_ferplus_accuracy"] = accuracy(
            labels[clear], np.argmax(logits["ferplus"][clear], axis=1)
        )
    return row
