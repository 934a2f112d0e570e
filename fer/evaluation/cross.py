"""One or more models on one or more data sets, also where their classes are not the same.

The rule, stated in every report:

- A head of seven classes and data of eight: faces of the eighth class are left out, and counted.
- A head of eight classes and data of seven: the eighth class is no answer there; its probability
  is taken away and the others are scaled up to sum to 1.
- Where both have eight, or both seven, nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.datasets.base import SPLITS, FaceDataset
from fer.datasets.label_map import LabelMap
from fer.errors import DatasetError, InputError
from fer.evaluation.affect import measure_affect
from fer.evaluation.evaluate import PredictHeads, evaluate_probabilities, label_indices
from fer.recognition.circumplex import derived_values

ALL_ROWS = "all"
_FEWEST = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Answers and labels over the same classes.

    Attributes:
        labels: ``(m,)`` index into ``names``.
        probabilities: ``(m, len(names))``; rows sum to 1.
    """

    labels: npt.NDArray[np.intp]
    probabilities: npt.NDArray[np.floating[Any]]
    names: tuple[str, ...]
    left_out: int
    rule: str


def match_classes(
    dataset: FaceDataset, probabilities: npt.NDArray[np.floating[Any]], head: Sequence[str]
) -> Matched:
    """Bring probabilities ``(n, len(head))`` and labels to the classes that both have.

    Raises:
        InputError: If there is not one row of probabilities a face.
        DatasetError: If no face is of a class of the head.
    """
    names = tuple(name for name in head if name in dataset.label_names)
    labels = label_indices(dataset, names)
    known = labels >= 0
    if not known.any():
        raise DatasetError(
            f"{dataset.source or 'data set'}: expected faces of the classes {', '.join(head)}, got "
            "none; say with --class-names what its class names mean"
        )
    unasked = [name for name in head if name not in names]
    lacking = [name for name in dataset.label_names if name not in head]
    kept = probabilities[:, [head.index(name) for name in names]]
    if unasked:
        total = kept.sum(axis=1, keepdims=True)
        even = np.full_like(kept, 1 / len(names))
        kept = np.where(total > _FEWEST, kept / np.maximum(total, _FEWEST), even)
    said = []
    if unasked:
        said.append(
            f"The data has no {', '.join(unasked)}: that probability is taken away and the others "
            "are scaled up."
        )
    if lacking:
        said.append(
            f"The head has no {', '.join(lacking)}: {int((~known).sum()):,} such faces are left "
            "out."
        )
    rule = " ".join(said) or f"Head and data have the same {len(names)} classes."
    return Matched(labels[known], kept[known], names, int((~known).sum()), rule)


def usual_split(dataset: FaceDataset) -> str:
    """The split to measure on: the test, else the validation, else every row."""
    for name in reversed(SPLITS[1:]):
        if name in dataset.split_names and dataset.split_mask(name).any():
            return name
    return ALL_ROWS


def cross_report(
    predict_heads: PredictHeads,
    heads: Mapping[str, Sequence[str]],
    dataset: FaceDataset,
    split: str | None = None,
) -> dict[str, Any]:
    """Measure every head of a model on a data set of any classes.

    Returns:
        ``source``, ``split``, ``n``, ``notes``, and by head what ``evaluate_probabilities`` returns
        with ``rule`` and ``left_out``; ``valence_arousal_derived`` where the data has both.

    Raises:
        DatasetError: If the split does not exist or holds no face of a head's classes.
    """
    split = split or usual_split(dataset)
    chosen = dataset if split == ALL_ROWS else dataset.split(split)
    if not len(chosen):
        raise DatasetError(
            f"{dataset.source or 'data set'}, {split}: expected faces, got none; use --split all"
        )
    outputs = predict_heads(np.asarray(chosen.images))
    report: dict[str, Any] = {
        "source": dataset.source,
        "split": split,
        "n": len(chosen),
        "notes": list(dataset.notes),
    }
    for head, names in heads.items():
        matched = match_classes(chosen, outputs[head], tuple(names))
        report[head] = {
            **evaluate_probabilities(matched.labels, matched.probabilities, matched.names),
            "left_out": matched.left_out,
            "rule": matched.rule,
        }
    told = chosen.affect is not None and np.isfinite(chosen.affect).all(axis=1).any()
    if chosen.affect is not None and told and "fer2013" in outputs:
        derived = derived_values(outputs["fer2013"], heads["fer2013"])
        report["valence_arousal_derived"] = measure_affect(chosen.affect, derived)
    return report


def maps_for(count: int, maps: Sequence[LabelMap]) -> list[LabelMap | None]:
    """One map for every data set: none, the same for all, or one each.

    Raises:
        InputError: If there are more than one and not as many as data sets.
    """
    if len(maps) in (0, 1):
        return [maps[0] if maps else None] * count
    if len(maps) != count:
        raise InputError(
            f"--class-names: expected none, one, or one for each of the {count} data sets, got "
            f"{len(maps)}; give them in the order of --data"
        )
    return list(maps)
