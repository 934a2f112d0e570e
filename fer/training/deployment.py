"""Calibration of a finished network, and its conversion with a check on the whole PublicTest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.ferplus import argmax_labels, seven_labels
from fer.evaluation.calibration import (
    OperatingPoint,
    choose_threshold,
    expected_calibration_error,
)
from fer.evaluation.calibrator import Calibrator, fit_calibrator
from fer.evaluation.metrics import accuracy
from fer.labels import OWN, PERCEIVED
from fer.models.card import PerceivedRecord
from fer.training.config import TrainingConfig
from fer.training.convert import Precision, convert, run_converted
from fer.training.perceived import fit_perceived, join
from fer.training.run import resized

if TYPE_CHECKING:
    import keras

LARGEST_LOSS = 0.002
"""Accuracy that a conversion may cost on PublicTest, as a share."""

ANSWERED_RIGHT = 0.80
"""Share of answers with FER-2013's label that the threshold for "unsure" is chosen for."""

SEEN_RIGHT = 0.88
"""Share of answers with the largest of ten votes that the threshold is chosen for; of all faces,
the ambiguous ones included, 85 in 100 have it."""

PRECISIONS: tuple[Precision, ...] = ("int8", "float16", "float32")
"""What is tried, fastest first."""

Probabilities = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class HeadTruth:
    """The labels that a head's threshold is chosen by.

    Attributes:
        protocol: "all" for FER-2013 labels; "argmax" for the largest FER+ vote, which unlike the
            majority protocol keeps the ambiguous faces that a live picture is full of.
        labels: ``(n,)`` class indices, -1 where a row is left out.
        target: Share of the answers that shall be right.
    """

    protocol: str
    labels: npt.NDArray[np.int8]
    target: float

    @property
    def rows(self) -> npt.NDArray[np.bool_]:
        """Mask ``(n,)`` of the rows that count."""
        return np.asarray(self.labels >= 0)


@dataclass(frozen=True, slots=True)
class PrecisionCheck:
    """A converted file against the float network on PublicTest.

    Attributes:
        precision: How its weights are stored.
        file_bytes: Its size.
        n: Faces compared.
        float_accuracy: Head -> accuracy of the float network.
        accuracy: Head -> accuracy of the file.
        largest_difference: Head -> largest difference of any probability.
        mean_difference: Head -> mean absolute difference of the probabilities.
        same_answer: Head -> share of the faces whose top class agrees.
        accepted: Whether no head loses more than ``LARGEST_LOSS``.
    """

    precision: Precision
    file_bytes: int
    n: int
    float_accuracy: dict[str, float]
    accuracy: dict[str, float]
    largest_difference: dict[str, float]
    mean_difference: dict[str, float]
    same_answer: dict[str, float]
    accepted: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Deployment:
    """A converted network and what was found out about it on PublicTest.

    Attributes:
        content: The LiteRT file.
        precision: How its weights are stored.
        calibrators: Head -> what makes probabilities of its logits, inside the file.
        perceived: How both heads are joined there; None where they are not.
        operating_points: Label set -> threshold for "unsure", and what it gives.
        truths: Label set -> labels that it was chosen on.
        calibration: Head -> protocol, n, calibration error before and after, of the file.
        checks: Every precision that was tried.
    """

    content: bytes
    precision: Precision
    calibrators: dict[str, Calibrator]
    perceived: PerceivedRecord | None
    operating_points: dict[str, OperatingPoint]
    truths: dict[str, HeadTruth]
    calibration: dict[str, dict[str, Any]]
    checks: tuple[PrecisionCheck, ...]


def head_truths(config: TrainingConfig, validation: FaceDataset) -> dict[str, HeadTruth]:
    """The label sets that a run can answer in, with the labels of the validation rows.

    A head without a loss has random weights: it is left out of what is published.
    """
    if config.classes:
        return {OWN: HeadTruth("all", validation.labels, ANSWERED_RIGHT)}
    truths = {"fer2013": HeadTruth("all", validation.labels, ANSWERED_RIGHT)}
    if validation.votes is not None and config.ferplus_weight > 0:
        voted = argmax_labels(validation.votes)
        truths["ferplus"] = HeadTruth("argmax", voted, SEEN_RIGHT)
        truths[PERCEIVED] = HeadTruth("argmax", seven_labels(voted), SEEN_RIGHT)
    return truths


def check_precision(
    precision: Precision,
    content: bytes,
    images: npt.NDArray[np.uint8],
    expected: Mapping[str, Probabilities],
    truths: Mapping[str, HeadTruth],
) -> tuple[PrecisionCheck, dict[str, Probabilities]]:
    """Run a converted file over faces and compare it with the float network's probabilities."""
    served: dict[str, Probabilities] = {**run_converted(content, images)}
    wanted_accuracy, got_accuracy, largest, mean, same = {}, {}, {}, {}, {}
    for head, truth in truths.items():
        rows, labels = truth.rows, truth.labels[truth.rows]
        wanted, got = expected[head], served[head]
        wanted_accuracy[head] = accuracy(labels, wanted[rows].argmax(axis=1))
        got_accuracy[head] = accuracy(labels, got[rows].argmax(axis=1))
        difference = np.abs(wanted - got)
        largest[head], mean[head] = float(difference.max()), float(difference.mean())
        same[head] = accuracy(wanted.argmax(axis=1), got.argmax(axis=1))
    check = PrecisionCheck(
        precision,
        len(content),
        len(images),
        wanted_accuracy,
        got_accuracy,
        largest,
        mean,
        same,
        accepted=all(wanted_accuracy[h] - got_accuracy[h] < LARGEST_LOSS for h in truths),
    )
    return check, served


def deploy(model: keras.Model, config: TrainingConfig, validation: FaceDataset) -> Deployment:
    """Calibrate, join, convert, check, and choose when to abstain; all on the validation split.

    Args:
        model: A finished network.
        config: Its recipe.
        validation: PublicTest.

    Returns:
        The first precision that loses less than ``LARGEST_LOSS``; float32 when none does.
    """
    truths = head_truths(config, validation)
    logits = model.predict(resized(validation.images, IMAGE_SIZE), batch_size=256, verbose=0)
    calibrators = {
        head: fit_calibrator(logits[head][truth.rows], truth.labels[truth.rows])
        for head, truth in truths.items()
        if head != PERCEIVED
    }
    expected = {head: one.apply(logits[head]) for head, one in calibrators.items()}
    perceived = None
    if PERCEIVED in truths and validation.votes is not None:
        perceived = fit_perceived(logits, validation.votes)
        expected[PERCEIVED] = softmax(join(perceived, logits), axis=1)
    checks: list[PrecisionCheck] = []
    for precision in PRECISIONS:
        content = convert(model, calibrators, perceived=perceived, precision=precision)
        check, served = check_precision(precision, content, validation.images, expected, truths)
        checks.append(check)
        if check.accepted:
            break
    points = {}
    for head, truth in truths.items():
        rows, labels = truth.rows, truth.labels[truth.rows]
        answers = served[head][rows]
        points[head] = choose_threshold(
            answers.max(axis=1), answers.argmax(axis=1) == labels, truth.target
        )
    calibration = {
        head: _calibration(one, truths[head], logits[head], served[head])
        for head, one in calibrators.items()
    }
    return Deployment(
        content=content,
        precision=check.precision,
        calibrators=calibrators,
        perceived=perceived,
        operating_points=points,
        truths=truths,
        calibration=calibration,
        checks=tuple(checks),
    )


def _calibration(
    calibrator: Calibrator, truth: HeadTruth, logits: Probabilities, served: Probabilities
) -> dict[str, Any]:
    """How a head was calibrated, and what that did to its calibration error."""
    rows, labels = truth.rows, truth.labels[truth.rows]
    return {
        "temperature": calibrator.temperature,
        "exponent": calibrator.exponent,
        "split": "PublicTest",
        "protocol": truth.protocol,
        "n": len(labels),
        "ece_before": expected_calibration_error(softmax(logits[rows], axis=1), labels),
        "ece_after": expected_calibration_error(served[rows], labels),
    }
