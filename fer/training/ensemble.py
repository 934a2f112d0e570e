"""Several networks together, flipped and not: how far the data goes with more than one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.errors import InputError, TrainingError
from fer.evaluation.evaluate import evaluate_classifier
from fer.training.config import network_name
from fer.training.network_pass import resized
from fer.training.teachers import load_network

if TYPE_CHECKING:
    import keras

REPORT = "ensemble.json"
TABLE = "ENSEMBLE.md"
MOST_MEMBERS = 5
SPLITS = ("PublicTest", "PrivateTest")

Heads = dict[str, npt.NDArray[np.float32]]


def _answers(network: keras.Model, faces: npt.NDArray[np.uint8]) -> Heads:
    """Probabilities of one network for some faces."""
    logits = network.predict(resized(faces, IMAGE_SIZE), batch_size=256, verbose=0)
    return {head: np.asarray(softmax(one, axis=1), np.float32) for head, one in logits.items()}


def _mean(answers: Sequence[Heads]) -> Heads:
    return {head: np.mean([one[head] for one in answers], axis=0) for head in answers[0]}


def evaluate_ensemble(
    members: Sequence[Path],
    dataset: FaceDataset,
    *,
    private: bool = False,
    report: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure the mean of some networks.

    Args:
        members: Folders of finished runs, or ``.keras`` files; two to five.
        dataset: FER-2013 with its splits, and FER+ votes if they are there.
        private: Whether to open PrivateTest too: once, for members that were chosen without it.
        report: Called with the number of finished members and of all.

    Returns:
        ``members``: name and PublicTest accuracy, plain and with the mirrored face, of each; and
        per split what ``evaluate_classifier`` returns for their mean, whose ``fer2013_flip`` is
        the research figure. No member is measured on PrivateTest by itself.

    Raises:
        InputError: If there are too few or too many members.
        TrainingError: If one cannot be loaded.
        DatasetError: If a split is missing.
    """
    if not 2 <= len(members) <= MOST_MEMBERS:
        raise InputError(
            f"ensemble: expected 2 to {MOST_MEMBERS} runs, got {len(members)}; name the best ones"
        )
    splits = SPLITS[: 1 + private]
    chosen = {split: dataset.split(split) for split in splits}
    answers: dict[tuple[str, bool], list[Heads]] = {}
    facts = []
    for done, path in enumerate(members):
        network = load_network(path)
        for split in splits:
            images = chosen[split].images
            for mirrored, view in (
                (False, images),
                (True, np.ascontiguousarray(images[:, :, ::-1])),
            ):
                answers.setdefault((split, mirrored), []).append(_answers(network, view))
        plain, mirror = (answers["PublicTest", flipped][-1]["fer2013"] for flipped in (False, True))
        truth = chosen["PublicTest"].labels
        facts.append(
            {
                "name": network_name(path),
                "public_accuracy": float((plain.argmax(axis=1) == truth).mean()),
                "public_flip_accuracy": float(((plain + mirror).argmax(axis=1) == truth).mean()),
            }
        )
        if report is not None:
            report(done + 1, len(members))
    result: dict[str, Any] = {"members": facts}
    for split in splits:
        # It asks for the faces first, then for the mirrored ones.
        views = [_mean(answers[split, True]), _mean(answers[split, False])]

        def next_view(_: npt.NDArray[np.uint8], views: list[Heads] = views) -> Heads:
            return views.pop()

        result[split] = evaluate_classifier(next_view, dataset, split)
    return result


def to_markdown(result: dict[str, Any]) -> str:
    """The report, of both splits, as a page."""
    lines = [
        "# Several networks together",
        "",
        "Written by `fer models ensemble`; a research figure, nothing of it ships. The members",
        "were chosen on PublicTest; PrivateTest was opened once, by their mean.",
        "",
        "| member | PublicTest | with the mirrored face |",
        "| --- | ---: | ---: |",
    ]
    lines += [
        f"| {one['name']} | {one['public_accuracy']:.2%} | {one['public_flip_accuracy']:.2%} |"
        for one in result["members"]
    ]
    lines += ["", "| their mean | n | one pass each | with the mirrored face | macro-F1 | ECE |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    for split in SPLITS:
        plain, flip = result[split]["fer2013"], result[split]["fer2013_flip"]
        lines.append(
            f"| {split} | {plain['n']:,} | {plain['accuracy']:.2%} | {flip['accuracy']:.2%} "
            f"| {plain['macro_f1']:.3f} | {plain['ece']:.3f} |"
        )
    return "\n".join(lines) + "\n"


def write_ensemble(result: dict[str, Any], models_dir: Path) -> Path:
    """Write ``ensemble.json`` and ``ENSEMBLE.md`` of a result with both splits.

    Raises:
        TrainingError: If the disk refuses.
    """
    texts = {
        REPORT: json.dumps(result, indent=2, allow_nan=False) + "\n",
        TABLE: to_markdown(result),
    }
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            partial = models_dir / f"{name}.partial"
            partial.write_text(text, encoding="utf-8")
            os.replace(partial, models_dir / name)
    except OSError as fault:
        raise TrainingError(
            f"{models_dir}: could not write the report ({fault.strerror or fault}); free some disk "
            "or choose another folder"
        ) from fault
    return models_dir / TABLE
