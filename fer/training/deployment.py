"""Calibration of a finished network, and its conversion with a check on the whole PublicTest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.ferplus import argmax_labels, seven_labels
from fer.evaluation.calibration import choose_threshold, expected_calibration_error
from fer.evaluation.calibrator import Calibrator, fit_calibrator
from fer.evaluation.metrics import accuracy
from fer.labels import OWN, PERCEIVED
from fer.models.card import Abstention, PerceivedRecord
from fer.training.config import TrainingConfig
from fer.training.convert import Precision, convert, run_converted
from fer.training.network_pass import resized
from fer.training.perceived import fit_perceived, join

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


class HeadTruth(NamedTuple):
    """The labels that a label set's threshold is chosen by.

    Attributes:
        protocol: "all" for FER-2013 labels; "argmax" for the largest FER+ vote, which unlike the
            majority protocol keeps the ambiguous faces that a live picture is full of.
        labels: ``(n,)`` class indices, -1 where a row is left out.
        target: Share of the answers that shall be right.
    """

    protocol: str
    labels: npt.NDArray[np.int8]
    target: float


@dataclass(frozen=True, slots=True, eq=False)
class Deployment:
    """A converted network and what was found out about it on PublicTest.

    Attributes:
        calibrators: Head -> what makes probabilities of its logits, inside the file.
        perceived: How both heads are joined there; None where they are not.
        calibration: Head -> protocol, n, calibration error before and after, of the file.
    """

    content: bytes
    precision: Precision
    calibrators: Mapping[str, Calibrator]
    perceived: PerceivedRecord | None
    abstain: Mapping[str, Abstention]
    calibration: Mapping[str, Mapping[str, Any]]
    checks: Sequence[Mapping[str, Any]]


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
) -> tuple[dict[str, Any], Mapping[str, Probabilities]]:
    """Run a converted file over faces and compare it with the float network's probabilities.

    Returns:
        What was found, with a dict by head for every figure, and ``accepted``: whether no head
        loses more than ``LARGEST_LOSS``. The probabilities that the file gives.
    """
    served = run_converted(content, images)
    by_head: dict[str, dict[str, float]] = {}
    for head, truth in truths.items():
        rows, wanted, got = truth.labels >= 0, expected[head], served[head]
        difference = np.abs(wanted - got)
        figures = {
            "float_accuracy": accuracy(truth.labels[rows], wanted[rows].argmax(axis=1)),
            "accuracy": accuracy(truth.labels[rows], got[rows].argmax(axis=1)),
            "largest_difference": float(difference.max()),
            "mean_difference": float(difference.mean()),
            "same_answer": accuracy(wanted.argmax(axis=1), got.argmax(axis=1)),
        }
        for name, value in figures.items():
            by_head.setdefault(name, {})[head] = value
    lost = [by_head["float_accuracy"][head] - by_head["accuracy"][head] for head in truths]
    facts = {"precision": precision, "file_bytes": len(content), "n": len(images)}
    return {**facts, **by_head, "accepted": max(lost) < LARGEST_LOSS}, served


def abstention(answers: Probabilities, truth: HeadTruth) -> Abstention:
    """When answers ``(n, classes)`` on PublicTest are sure enough to be right often enough."""
    rows = truth.labels >= 0
    labels, answers = truth.labels[rows], answers[rows]
    point = choose_threshold(
        answers.max(axis=1), answers.argmax(axis=1) == labels, target=truth.target
    )
    return Abstention(
        threshold=point.threshold,
        coverage=point.coverage,
        accuracy=None if math.isnan(point.accuracy) else point.accuracy,
        target=truth.target,
        protocol=truth.protocol,
        n=len(labels),
        split="PublicTest",
    )


def deploy(model: keras.Model, config: TrainingConfig, validation: FaceDataset) -> Deployment:
    """Calibrate, join, convert, check, and choose when to abstain; all on PublicTest.

    Returns:
        The first precision that loses less than ``LARGEST_LOSS``; float32 when none does.
    """
    truths = head_truths(config, validation)
    logits = model.predict(resized(validation.images, IMAGE_SIZE), batch_size=256, verbose=0)
    calibrators = {
        head: fit_calibrator(logits[head][truth.labels >= 0], truth.labels[truth.labels >= 0])
        for head, truth in truths.items()
        if head != PERCEIVED
    }
    expected = {head: one.apply(logits[head]) for head, one in calibrators.items()}
    perceived = None
    if PERCEIVED in truths and validation.votes is not None:
        perceived = fit_perceived(logits, validation.votes)
        expected[PERCEIVED] = softmax(join(perceived, logits), axis=1)
    checks: list[dict[str, Any]] = []
    for precision in PRECISIONS:
        content = convert(model, calibrators, perceived=perceived, precision=precision)
        check, served = check_precision(precision, content, validation.images, expected, truths)
        checks.append(check)
        if check["accepted"]:
            break
    return Deployment(
        content,
        precision,
        calibrators,
        perceived,
        {head: abstention(served[head], truth) for head, truth in truths.items()},
        {
            head: _calibration(one, truths[head], logits[head], served[head])
            for head, one in calibrators.items()
        },
        checks,
    )


def _calibration(
    calibrator: Calibrator, truth: HeadTruth, logits: Probabilities, served: Probabilities
) -> dict[str, Any]:
    """How a head was calibrated, and what that did to its calibration error."""
    rows, labels = truth.labels >= 0, truth.labels[truth.labels >= 0]
    return {
        "temperature": calibrator.temperature,
        "exponent": calibrator.exponent,
        "split": "PublicTest",
        "protocol": truth.protocol,
        "n": len(labels),
        "ece_before": expected_calibration_error(softmax(logits[rows], axis=1), labels),
        "ece_after": expected_calibration_error(served[rows], labels),
    }
