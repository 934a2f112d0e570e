"""The evaluation protocol: one JSON-ready report per split, on arrays and a prediction function.

No deep-learning framework is imported: what predicts is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import FaceDataset
from fer.datasets.ferplus import argmax_labels, majority_labels, seven_labels, seven_shares
from fer.datasets.protocol import unseen_rows
from fer.errors import DatasetError, InputError
from fer.evaluation.affect import measure_affect
from fer.evaluation.calibration import (
    abstention_curve,
    expected_calibration_error,
    negative_log_likelihood,
    reliability_bins,
    vote_calibration_error,
)
from fer.evaluation.calibrator import Calibrator
from fer.evaluation.cross import ALL_ROWS, label_indices, match_classes
from fer.evaluation.metrics import (
    accuracy,
    bootstrap_interval,
    confusion,
    macro_f1,
    per_class,
    weighted_f1,
)
from fer.labels import FER2013, FERPLUS, OWN, PERCEIVED, SEVEN_OF_FERPLUS
from fer.recognition.circumplex import derived_values

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]
PredictHeads = Callable[[npt.NDArray[np.uint8]], Mapping[str, Floats]]
"""Faces ``(n, 48, 48)`` uint8 -> label set ("perceived", "fer2013", "ferplus") -> probabilities
``(n, k)``."""


SEEN: dict[str, str] = {
    PERCEIVED: PERCEIVED,
    "fer2013": "perceived_by_fer2013",
    "ferplus": "perceived_by_ferplus",
}
"""Label set -> name of the report on how it reads what people see."""


_SAID = ("neutral", "happy", "sad", "angry")
"""What most faces are; the recalls of the others stand in tables."""


def evaluate_probabilities(
    labels: Integers,
    probabilities: Floats,
    names: Sequence[str],
    *,
    calibrator: Calibrator | None = None,
) -> dict[str, Any]:
    """Everything that the project reports about predictions with known answers.

    Labels ``(n,)`` are indices into ``names``, probabilities ``(n, len(names))`` sum to 1 by row;
    ``calibrator`` is what made them of logits, and adds the calibration error without it.

    Returns:
        Plain values for JSON: ``n``, ``accuracy`` with its 95 % bootstrap interval, ``macro_f1``,
        ``macro_recall`` (the mean recall of the classes that occur), ``weighted_f1``,
        ``per_class``, ``confusion`` (row = true class), ``ece`` (15 bins), ``reliability`` bins
        and the ``abstention`` curve.

    Raises:
        InputError: If the arrays do not belong together, or there is no row.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if probabilities.shape != (len(labels), len(names)) or not len(labels):
        raise InputError(
            f"evaluation: expected probabilities (n, {len(names)}) and labels (n,) with n > 0, got "
            f"{probabilities.shape} and {labels.shape}; pass one row of probabilities per label"
        )
    classes = len(names)
    predicted = probabilities.argmax(axis=1)
    correct = predicted == labels
    low, high = bootstrap_interval(correct)
    each = per_class(labels, predicted, names)
    report: dict[str, Any] = {
        "n": len(labels),
        "labels": list(names),
        "accuracy": accuracy(labels, predicted),
        "accuracy_interval": [low, high],
        "macro_f1": macro_f1(labels, predicted, classes),
        "macro_recall": float(np.mean([one["recall"] for one in each.values() if one["n"]])),
        "weighted_f1": weighted_f1(labels, predicted, classes),
        "ece": expected_calibration_error(probabilities, labels),
        "per_class": each,
        "confusion": confusion(labels, predicted, classes).tolist(),
        "reliability": reliability_bins(probabilities, labels),
        "abstention": abstention_curve(probabilities.max(axis=1), correct),
    }
    if calibrator is not None:
        report["ece_uncalibrated"] = expected_calibration_error(
            calibrator.undo(probabilities), labels
        )
    return report


def seen_report(
    votes: npt.NDArray[np.uint8], probabilities: Floats, *, threshold: float | None = None
) -> dict[str, Any]:
    """Seven classes against what people see: the majority of ten voters, and their votes.

    Votes are ``(n, 10)``, probabilities ``(n, 7)`` in FER-2013's order; below ``threshold`` the
    answer is "unsure".

    Returns:
        As ``evaluate_probabilities`` on the faces with a clear majority for one of the seven, and

        - ``votes``: over all faces with votes for the seven, ``n``, the calibration ``error``
          against the votes (``vote_calibration_error``) and their mean ``loss`` in nats;
        - ``answered``: with a threshold, ``coverage`` of the faces with a majority and
          ``accuracy`` of the answers (None where there is none).
    """
    labels = seven_labels(majority_labels(votes))
    clear = labels >= 0
    report = evaluate_probabilities(labels[clear], probabilities[clear], FER2013)
    shares, voted = seven_shares(votes)
    logs = np.log(np.maximum(probabilities[voted], np.finfo(np.float32).tiny))
    report["votes"] = {
        "n": int(voted.sum()),
        "error": vote_calibration_error(probabilities[voted], shares[voted]),
        "loss": negative_log_likelihood(logs, shares[voted]),
    }
    if threshold is not None:
        answered = probabilities[clear].max(axis=1) >= threshold
        right = (probabilities[clear].argmax(axis=1) == labels[clear])[answered]
        report["answered"] = {
            "threshold": threshold,
            "coverage": float(answered.mean()),
            "accuracy": float(right.mean()) if len(right) else None,
        }
    return report


def in_words(report: Mapping[str, Any], labels: Sequence[str] = _SAID) -> str:
    """The recalls of a report on what people see, as a sentence that anybody understands."""
    found = [
        f"{name} it calls {report['per_class'][name]['recall'] * 100:.0f} {name}"
        for name in labels
        if report["per_class"][name]["n"]
    ]
    return f"Of 100 faces that people call {'; of 100 that people call '.join(found)}."


def _seen_by(
    heads: Mapping[str, Floats], votes: npt.NDArray[np.uint8], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """What people see, read in every label set that the model has; contempt is no answer there."""
    answers = {"fer2013": heads["fer2013"]}
    if PERCEIVED in heads:
        answers = {PERCEIVED: heads[PERCEIVED], **answers}
    if "ferplus" in heads:
        seven = heads["ferplus"][:, list(SEVEN_OF_FERPLUS)]
        answers["ferplus"] = seven / np.maximum(seven.sum(axis=1, keepdims=True), 1e-12)
    return {
        SEEN[name]: seen_report(votes, rows, threshold=thresholds.get(name))
        for name, rows in answers.items()
    }


def _unseen(dataset: FaceDataset, rows: npt.NDArray[np.bool_], split: str) -> npt.NDArray[np.bool_]:
    """Mask over the rows of ``split`` that are not copies; all False where that has no meaning."""
    nothing = np.zeros(int(rows.sum()), bool)
    if rows.all() or "Training" not in dataset.split_names:
        return nothing
    if not dataset.split_mask("Training").any():
        return nothing
    return unseen_rows(dataset, split)[rows]


def evaluate_classifier(
    predict_heads: PredictHeads,
    dataset: FaceDataset,
    split: str,
    *,
    calibrators: Mapping[str, Calibrator] | None = None,
    thresholds: Mapping[str, float] | None = None,
    own: Sequence[str] = (),
) -> dict[str, Any]:
    """Evaluate on one split under every protocol that the data allows.

    Args:
        predict_heads: The classifier, for example ``EmotionClassifier.predict_heads``. It is
            called twice: with the faces, and with the mirrored faces.
        dataset: Faces of any reader; votes and Training rows are used when they are there.
        split: Name of the split, or "all" for every row.
        calibrators: Head -> what made its probabilities of logits, see
            ``evaluate_probabilities``.
        thresholds: Label set -> confidence below which it is "unsure".
        own: Classes of the model's own head, where it has one: what follows then says "own" in
            place of "fer2013", and has nothing else.

    Returns:
        ``split``, ``source``, ``n``, ``left_out`` (rows of classes that the head lacks), and:

        - ``perceived``, ``perceived_by_fer2013``, ``perceived_by_ferplus``: what people see, as
          each label set of the model reads it, when the data set has votes; see ``seen_report``;
        - ``perceived_labels``: without votes, the data set's own labels against that label set;
        - ``fer2013``: all rows of the seven classes, one forward pass (the headline); as all that
          is measured against the data set's labels, by ``match_classes``, with its ``left_out``
          and ``rule``;
        - ``fer2013_without_copies``: those whose pixels do not occur in Training, when the data
          set has Training rows;
        - ``fer2013_flip``: accuracy of the mean with the mirrored face;
        - ``ferplus_majority`` and ``ferplus_argmax``: the FER+ protocols of Barsoum et al. 2016
          (arXiv 1608.01041), when the data set has votes and the model that head;
        - ``ferplus_labels``: without votes, or when the data set has labels of the class that
          only FER+ knows, its labels against that head;
        - ``valence_arousal_derived``: when the data set has both.

    Raises:
        DatasetError: If the split does not exist, or holds no row of the seven classes.
    """
    whole = split == ALL_ROWS and split not in dataset.split_names
    rows = np.ones(len(dataset), np.bool_) if whole else dataset.split_mask(split)
    chosen = dataset.select(rows)
    head, names = (OWN, tuple(own)) if own else ("fer2013", FER2013)
    known = label_indices(chosen, names) >= 0
    if not known.any():
        raise DatasetError(
            f"{dataset.source or 'data set'}, {split}: expected faces of the classes "
            f"{', '.join(names)}, got {len(chosen)} rows and none of these; check the labels, or "
            "say with --class-names what the class names mean"
        )
    calibrators = calibrators or {}
    heads = predict_heads(chosen.images)
    mirrored = predict_heads(np.ascontiguousarray(chosen.images[:, :, ::-1]))

    def against_labels(
        one: str, classes: Sequence[str], keep: npt.NDArray[np.bool_] | None = None
    ) -> dict[str, Any]:
        matched = match_classes(chosen, heads[one], classes)
        kept = np.ones(len(matched.labels), np.bool_) if keep is None else keep
        report = evaluate_probabilities(
            matched.labels[kept],
            matched.probabilities[kept],
            matched.names,
            calibrator=calibrators.get(one) if len(matched.names) == len(classes) else None,
        )
        said = {"left_out": matched.left_out, "rule": matched.rule}
        return {**report, **said} if keep is None else report

    result: dict[str, Any] = {
        "split": split,
        "source": dataset.source,
        "n": len(chosen),
        "left_out": int((~known).sum()),
    }
    votes = None if own else chosen.votes
    if votes is not None and (seven_labels(majority_labels(votes)) >= 0).any():
        result.update(_seen_by(heads, votes, thresholds or {}))
    elif PERCEIVED in heads:
        result["perceived_labels"] = against_labels(PERCEIVED, FER2013)
    result[head] = against_labels(head, names)
    unseen = _unseen(dataset, rows, split) & known
    if unseen.any():
        result[f"{head}_without_copies"] = against_labels(head, names, unseen[known])
    both = match_classes(chosen, heads[head] + mirrored[head], names)
    right = both.probabilities.argmax(axis=1) == both.labels
    low, high = bootstrap_interval(right)
    result[f"{head}_flip"] = {
        "n": len(right),
        "accuracy": float(right.mean()),
        "accuracy_interval": [low, high],
    }
    if "ferplus" in heads:
        if votes is not None:
            truths = {"majority": majority_labels(votes), "argmax": argmax_labels(votes)}
            for key, truth in truths.items():
                if (keep := truth >= 0).any():
                    result[f"ferplus_{key}"] = evaluate_probabilities(
                        truth[keep],
                        heads["ferplus"][keep],
                        FERPLUS,
                        calibrator=calibrators.get("ferplus"),
                    )
        if votes is None or set(chosen.label_names) - set(FER2013):
            result["ferplus_labels"] = against_labels("ferplus", FERPLUS)
    told = chosen.affect is not None and np.isfinite(chosen.affect).all(axis=1).any()
    if chosen.affect is not None and told and "fer2013" in heads:
        derived = derived_values(heads["fer2013"], FER2013)
        result["valence_arousal_derived"] = measure_affect(chosen.affect, derived)
    return result
