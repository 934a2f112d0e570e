"""A published model read over many faces: probabilities, embeddings, mistakes, time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset, Progress
from fer.evaluation.calibrator import calibrators_of
from fer.evaluation.cross import label_indices
from fer.evaluation.evaluate import PredictHeads, evaluate_classifier
from fer.labels import OWN
from fer.preprocessing import CROP_SIZE
from fer.recognition.classifier import EmotionClassifier

Floats = npt.NDArray[np.float32]

LATENCY = "latency_ms"
"""Where a model's ``metrics.json`` has ``milliseconds_per_face``."""

# The feature maps of a chunk are held at once; of all faces they would take hundreds of MB.
_CHUNK = 128


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What a model says about faces.

    Attributes:
        heads: Head -> ``(n, k)`` float32 probabilities.
        embeddings: ``(n, c)`` float32, the last feature map averaged over its positions.
    """

    heads: dict[str, Floats]
    embeddings: Floats


def read_faces(
    classifier: EmotionClassifier,
    images: npt.NDArray[np.uint8],
    *,
    progress: Progress | None = None,
) -> Readings:
    """Run a model over faces ``(n, 48, 48)`` uint8 without keeping their feature maps."""
    heads: dict[str, list[Floats]] = {}
    embeddings: list[Floats] = []
    # No face at all is a chunk too.
    for start in range(0, max(1, len(images)), _CHUNK):
        outputs = classifier.predict_heads(np.asarray(images[start : start + _CHUNK]))
        embeddings.append(outputs.pop("features").mean(axis=(1, 2)))
        for head, rows in outputs.items():
            heads.setdefault(head, []).append(rows)
        if progress is not None:
            progress(min(1.0, (start + _CHUNK) / max(1, len(images))))
    return Readings(
        {head: np.concatenate(rows) for head, rows in heads.items()}, np.concatenate(embeddings)
    )


def heads_reader(
    classifier: EmotionClassifier, *, passes: int = 1, progress: Progress | None = None
) -> PredictHeads:
    """What ``evaluate_classifier`` takes, with progress over ``passes``, in bounded memory."""
    done = 0

    def predict(images: npt.NDArray[np.uint8]) -> dict[str, Floats]:
        nonlocal done

        def show(share: float) -> None:
            if progress is not None:
                progress(min(1.0, (done + share) / passes))

        heads = read_faces(classifier, images, progress=show).heads
        done += 1
        return heads

    return predict


def worst_mistakes(
    dataset: FaceDataset, probabilities: Floats, names: Sequence[str]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows that are read wrongly, the surest first, and the classes that they were read as."""
    labels = label_indices(dataset, names)
    predicted = probabilities.argmax(axis=1)
    rows = np.flatnonzero((labels >= 0) & (predicted != labels))
    order = rows[np.argsort(-probabilities[rows].max(axis=1), kind="stable")]
    return order, predicted[order]


def milliseconds_per_face(
    predict: Callable[[npt.NDArray[np.uint8]], object], *, faces: int = 40
) -> float:
    """Median processor time of one face here, after a warm-up; other work hardly counts."""
    crop = np.random.default_rng(0).integers(0, 256, (1, CROP_SIZE, CROP_SIZE), np.uint8)
    predict(crop)
    times = []
    for _ in range(faces):
        start = time.process_time()
        predict(crop)
        times.append((time.process_time() - start) * 1000)
    return statistics.median(times)


def evaluate_model(
    classifier: EmotionClassifier,
    dataset: FaceDataset,
    split: str,
    *,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Evaluate a published model on one split, as ``fer evaluate`` and the Model page do.

    Raises:
        DatasetError: If the split does not exist, or holds no row of the model's classes.
    """
    card = classifier.folder.card
    # Every face is read twice: as it is and mirrored.
    predict = heads_reader(classifier, passes=2, progress=progress)
    calibrators = calibrators_of(card.temperature, card.exponent)
    report = evaluate_classifier(
        predict,
        dataset,
        split,
        calibrators=calibrators,
        thresholds=card.thresholds,
        own=card.labels.get(OWN, ()),
    )
    return {"model": card.name, "version": card.version, **report}
