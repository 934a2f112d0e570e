"""Fitting a face gate to a published model, and measuring it on what it was not fitted to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import not_a_face
from fer.datasets.protocol import training_rows
from fer.errors import TrainingError
from fer.evaluation.robustness import CONDITIONS
from fer.models.card import GateRecord
from fer.models.parts import put_part
from fer.models.store import GATE, ModelFolder
from fer.recognition.classifier import EmotionClassifier
from fer.recognition.gate import FaceGate, pooled
from fer.training.augmentation import augment
from fer.training.config import AugmentationConfig
from fer.training.non_faces import NonFaces

FACES_LOST = 0.007
"""Share of PublicTest's faces that the threshold gives up; leaves room under one in a hundred."""

HIDDEN = 64
NETWORKS = 4
"""Hidden layers fitted one by one and put side by side: their mean errs less than one of them."""
_BATCH = 512

_Report = Callable[[str, int, int], None]


def _pool(
    classifier: EmotionClassifier,
    crops: npt.NDArray[np.uint8],
    what: str,
    report: _Report | None,
) -> npt.NDArray[np.float32]:
    """Pooled features ``(n, 3c)``, in parts: the maps of a whole data set would fill memory."""
    parts = []
    for start in range(0, len(crops), _BATCH):
        parts.append(pooled(classifier.predict_heads(crops[start : start + _BATCH])["features"]))
        if report is not None:
            report(what, min(start + _BATCH, len(crops)), len(crops))
    return np.concatenate(parts)


def _varied(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """One harsh view of each face: what a webcam and a careless box do to it."""
    config = AugmentationConfig(low_resolution=0.3)
    views = []
    for image in images:
        view = augment(image, image.shape[0], config, rng)
        if rng.random() < 0.5:
            condition = CONDITIONS[rng.integers(len(CONDITIONS))]
            view = condition.apply(view, float(rng.choice(condition.levels)))
        views.append(view)
    return np.stack(views)


def fit_gate(
    classifier: EmotionClassifier,
    dataset: FaceDataset,
    non_faces: NonFaces,
    *,
    seed: int = 0,
    report: _Report | None = None,
) -> tuple[FaceGate, GateRecord]:
    """Fit on Training and the pictures not held out; choose the threshold on PublicTest.

    Rows with a FER+ "not a face" majority are no faces here: those of Training are learned from,
    those of the other splits are left out.

    Args:
        classifier: The model whose features are used.
        dataset: FER-2013 with its splits; with votes, rows that show no face are known.
        non_faces: As ``harvest`` returns it.
        seed: Seed of the views and of the initial weights.
        report: Called with what is being computed, how much of it is done, and how much there is.

    Returns:
        The gate, and its figures on PrivateTest and on the pictures held out.

    Raises:
        TrainingError: If no cascade false alarm is held out, or there is nothing to learn from.
        DatasetError: If the data lacks a split.
    """
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    held_alarms = non_faces.held_out & non_faces.false_alarm
    if not held_alarms.any() or non_faces.held_out.all():
        raise TrainingError(
            "face gate: expected pictures with cascade false alarms, some of them held out, got "
            f"{int(non_faces.false_alarm.sum())} false alarms in {non_faces.pictures} pictures; "
            "pass more pictures without people"
        )
    rng = np.random.default_rng(seed)
    empty = np.zeros(len(dataset), bool) if dataset.votes is None else not_a_face(dataset.votes)
    faces = dataset.images[training_rows(dataset)]
    learned = non_faces.crops[~non_faces.held_out]
    known = np.concatenate([learned, dataset.images[empty & dataset.split_mask("Training")]])
    no_face = [
        _pool(classifier, known, "non-faces", report),
        _pool(classifier, _varied(known, rng), "varied non-faces", report),
        _pool(classifier, _varied(known, rng), "more non-faces", report),
    ]
    # False alarms are few among the crops, and they are what the gate is for: once more.
    repeated = np.flatnonzero(non_faces.false_alarm[~non_faces.held_out])
    seen = [
        _pool(classifier, faces, "faces", report),
        _pool(classifier, _varied(faces, rng), "varied faces", report),
        *no_face,
        *(one[repeated] for one in no_face[:2]),
    ]
    inputs = np.concatenate(seen)
    truth = (np.arange(len(inputs)) < 2 * len(faces)).astype(int)
    scaler = StandardScaler().fit(inputs)
    # The scaler goes into the first layer.
    scale = np.maximum(scaler.scale_, 1e-6)[:, None]
    scaled = scaler.transform(inputs)
    hidden, hidden_bias, output, output_bias = [], [], [], 0.0
    for number in range(NETWORKS):
        if report is not None:
            report("fitting", number, NETWORKS)
        network = MLPClassifier(
            (HIDDEN,), alpha=1e-2, early_stopping=True, max_iter=60, random_state=seed + number
        ).fit(scaled, truth)
        hidden.append(network.coefs_[0] / scale)
        hidden_bias.append(network.intercepts_[0] - scaler.mean_ @ hidden[-1])
        output.append(network.coefs_[1][:, 0] / NETWORKS)
        output_bias += float(network.intercepts_[1][0]) / NETWORKS
    gate = FaceGate(
        np.concatenate(hidden, axis=1).astype(np.float32),
        np.concatenate(hidden_bias).astype(np.float32),
        np.concatenate(output).astype(np.float32),
        output_bias,
        0.0,
    )

    def scores(crops: npt.NDArray[np.uint8], what: str) -> npt.NDArray[np.float32]:
        parts = [
            gate.scores(classifier.predict_heads(crops[start : start + _BATCH])["features"])
            for start in range(0, len(crops), _BATCH)
        ]
        if report is not None:
            report(what, len(crops), len(crops))
        return np.concatenate(parts)

    public = scores(dataset.images[dataset.split_mask("PublicTest") & ~empty], "PublicTest")
    threshold = float(np.quantile(public, FACES_LOST))
    private = scores(dataset.images[dataset.split_mask("PrivateTest") & ~empty], "PrivateTest")
    alarms = scores(non_faces.crops[held_alarms], "false alarms")
    held_random = non_faces.held_out & ~non_faces.false_alarm
    random = scores(non_faces.crops[held_random], "random crops")
    fitted = FaceGate(gate.hidden, gate.hidden_bias, gate.output, gate.output_bias, threshold)
    return fitted, GateRecord(
        sha256="0" * 64,
        threshold=threshold,
        faces_lost=float((private < threshold).mean()),
        faces=len(private),
        split="PrivateTest",
        false_alarms_rejected=float((alarms < threshold).mean()),
        false_alarms=len(alarms),
        random_crops_rejected=float((random < threshold).mean()),
        random_crops=len(random),
        pictures=non_faces.pictures,
    )


def add_gate(folder: ModelFolder, gate: FaceGate, record: GateRecord) -> ModelFolder:
    """Put a gate into a model folder and its figures on the card; whole or not at all.

    Raises:
        TrainingError: If the disk refuses.
    """
    return put_part(folder, GATE, gate.save, record, "face gate")
