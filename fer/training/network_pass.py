"""Forward passes of a network during training: validation, and a teacher's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import majority_labels
from fer.evaluation.metrics import accuracy, macro_f1
from fer.training.run_folder import answers_path, load_answers, save_answers

if TYPE_CHECKING:
    import keras


def resized(images: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.float32]:
    """Faces ``(n, h, h)`` as network input ``(n, size, size, 1)`` float32 in 0..255."""
    if images.shape[1] != size:
        images = np.stack(
            [cv2.resize(i, (size, size), interpolation=cv2.INTER_AREA) for i in images]
        )
    return images[..., None].astype(np.float32)


def validate(model: keras.Model, dataset: FaceDataset, size: int) -> dict[str, float]:
    """Accuracy and macro-F1 on a split by one forward pass of the Keras model."""
    logits = model.predict(resized(dataset.images, size), batch_size=256, verbose=0)
    return validation_scores(logits, dataset)


def validation_scores(
    logits: Mapping[str, npt.NDArray[np.float32]], dataset: FaceDataset
) -> dict[str, float]:
    """Accuracy and macro-F1 of the heads' logits ``(n, classes)`` for a split's faces."""
    predicted = np.argmax(logits["fer2013"], axis=1)
    row = {
        "val_accuracy": accuracy(dataset.labels, predicted),
        "val_macro_f1": macro_f1(dataset.labels, predicted, len(dataset.label_names)),
    }
    if dataset.votes is not None:
        labels = majority_labels(dataset.votes)
        clear = labels >= 0
        row["val_ferplus_accuracy"] = accuracy(
            labels[clear], np.argmax(logits["ferplus"][clear], axis=1)
        )
    return row


def teacher_answers(
    models: Sequence[keras.Model],
    images: npt.NDArray[np.uint8],
    run_dir: Path,
    epoch: int,
    *,
    fresh: bool,
    keep: bool = True,
) -> dict[str, npt.NDArray[np.float32]]:
    """What the network, or its teachers, knew when a cycle began of the plain training images.

    Args:
        models: The networks that are asked; none when the answers are not fresh.
        images: ``(n, 48, 48)`` uint8 rows of Training.
        run_dir: Folder of the run, which keeps the answers for a resumed one.
        epoch: The epoch at which the cycle began.
        fresh: Whether the run stands at that epoch now: ask.
        keep: Whether to keep fresh answers in the folder.

    Returns:
        Head -> ``(n, classes)`` float32, the mean over the networks, the picture and its mirror
        image.

    Raises:
        TrainingError: If a resumed run lacks the answers.
    """
    kept = answers_path(run_dir, epoch)
    if not fresh:
        return load_answers(kept, len(images))
    answers: dict[str, npt.NDArray[np.float32]] = {}
    for model in models:
        for view in (images, images[:, :, ::-1]):
            for head, logits in model.predict(resized(view, 48), batch_size=256, verbose=0).items():
                share = np.asarray(softmax(logits, axis=1) / (2 * len(models)), np.float32)
                answers[head] = answers[head] + share if head in answers else share
    if keep:
        save_answers(kept, answers)
    return answers
