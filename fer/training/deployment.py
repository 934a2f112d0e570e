"""Calibration of a finished network, and its conversion with a check on the whole PublicTest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.ferplus import argmax_labels
from fer.evaluation.calibration import (
    OperatingPoint,
    choose_threshold,
    expected_calibration_error,
)
from fer.evaluation.calibrator import Calibrator, fit_calibrator
from fer.evaluation.class_bias import FOLDS, check_class_bias, fit_class_bias
from fer.evaluation.metrics import accuracy
from fer.training.config import TrainingConfig
from fer.training.convert import Precision, convert, run_converted
from fer.training.run import resized

if TYPE_CHECKING:
    import keras

LARGEST_LOSS = 0.002
"""Accuracy that a conversion may cost on PublicTest, as a share."""

ANSWERED_RIGHT = 0.80
"""Share of right answers that the threshold for "unsure" is chosen for."""

PRECISIONS: tuple[Precision, ...] = ("int8", "float16", "float32")
"""What is tried, fastest first."""

Probabilities = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class HeadTruth:
    """The labels that a head is calibrated on.

    Attributes:
        protocol: "all" for FER-2013 labels; "argmax" for the largest FER+ vote, which unlike the
            majority protocol keeps the ambiguous faces that a live picture is full of.
        labels: ``(n,)`` class indices, -1 where a row is left out.
    """

    protocol: str
    labels: npt.NDArray[np.int8]

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
        answered_right: Share of right answers that was asked for.
        operating_points: Head -> threshold for "unsure", and what it gives.
        truths: Head -> labels that both were chosen on.
        calibration: Head -> protocol, n, calibration error before and after, of the file, and the
            check of its class biases.
        checks: Every precision that was tried.
    """

    content: bytes
    precision: Precision
    calibrators: dict[str, Calibrator]
    answered_right: float
    operating_points: dict[str, OperatingPoint]
    truths: dict[str, HeadTruth]
    calibration: dict[str, dict[str, Any]]
    checks: tuple[PrecisionCheck, ...]


def head_truths(config: TrainingConfig, validation: FaceDataset) -> dict[str, HeadTruth]:
    """The heads that a run has trained, with the labels of the validation rows.

    A head without a loss has random weights: it is left out of what is published.
    """
    truths = {"fer2013": HeadTruth("all", validation.labels)}
    if validation.votes is not None and config.ferplus_weight > 0:
        truths["ferplus"] = HeadTruth("argmax", argmax_labels(validation.votes))
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


def correct_class_bias(
    model: keras.Model,
    truths: Mapping[str, HeadTruth],
    logits: Mapping[str, Probabilities],
) -> tuple[dict[str, Probabilities], dict[str, dict[str, Any]]]:
    """Give each head the class biases that help on faces held out; see ``class_bias``.

    Args:
        model: Its heads are Dense layers with their names; their bias is changed in place.
        truths: Head -> labels of the validation rows.
        logits: Head -> ``(n, classes)`` for the validation rows.

    Returns:
        The logits that the model gives from now on, and head -> the check with the biases.
    """
    corrected, records = dict(logits), {}
    for head, truth in truths.items():
        known, labels = logits[head][truth.rows], truth.labels[truth.rows]
        counts = np.bincount(labels.astype(np.intp))
        if counts[counts > 0].min() < FOLDS:
            continue
        check = check_class_bias(known, labels)
        records[head] = check.to_dict()
        if check.accepted:
            bias = fit_class_bias(known, labels).astype(np.float32)
            layer = model.get_layer(head)
            layer.bias.assign(layer.bias + bias)
            corrected[head] = logits[head] + bias
            records[head]["bias"] = [float(one) for one in bias]
    return corrected, records


def deploy(
    model: keras.Model,
    config: TrainingConfig,
    validation: FaceDataset,
    *,
    answered_right: float = ANSWERED_RIGHT,
    correct_bias: bool = True,
) -> Deployment:
    """Calibrate, convert, check, and choose when to abstain; all on the validation split.

    Args:
        model: A finished network; the biases of its heads may change, see
            ``correct_class_bias``.
        config: Its recipe.
        validation: PublicTest.
        answered_right: Share of right answers that the threshold is chosen for.
        correct_bias: Whether to; its heads then have to be layers with their names.

    Returns:
        The first precision that loses less than ``LARGEST_LOSS``; float32 when none does.
    """
    truths = head_truths(config, validation)
    logits = model.predict(resized(validation.images, IMAGE_SIZE), batch_size=256, verbose=0)
    bias_checks: dict[str, dict[str, Any]] = {}
    if correct_bias:
        logits, bias_checks = correct_class_bias(model, truths, logits)
    calibrators = {
        head: fit_calibrator(logits[head][truth.rows], truth.labels[truth.rows])
        for head, truth in truths.items()
    }
    expected = {head: one.apply(logits[head]) for head, one in calibrators.items()}
    checks: list[PrecisionCheck] = []
    for precision in PRECISIONS:
        content = convert(model, calibrators, precision=precision)
        check, served = check_precision(precision, content, validation.images, expected, truths)
        checks.append(check)
        if check.accepted:
            break
    points, calibration = {}, {}
    for head, truth in truths.items():
        rows, labels = truth.rows, truth.labels[truth.rows]
        probabilities = served[head][rows]
        points[head] = choose_threshold(
            probabilities.max(axis=1), probabilities.argmax(axis=1) == labels, answered_right
        )
        calibration[head] = {
            "temperature": calibrators[head].temperature,
            "exponent": calibrators[head].exponent,
            "split": "PublicTest",
            "protocol": truth.protocol,
            "n": len(labels),
            "ece_before": expected_calibration_error(softmax(logits[head][rows], axis=1), labels),
            "ece_after": expected_calibration_error(probabilities, labels),
            **({"class_bias": bias_checks[head]} if head in bias_checks else {}),
        }
    return Deployment(
        content=content,
        precision=check.precision,
        calibrators=calibrators,
        answered_right=answered_right,
        operating_points=points,
        truths=truths,
        calibration=calibration,
        checks=tuple(checks),
    )
