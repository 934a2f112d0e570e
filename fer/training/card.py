"""The card of a model: everything that is known about it, computed, never typed by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer.architectures import build
from fer.architectures.complexity import multiply_adds
from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.ferplus import majority_labels
from fer.datasets.protocol import training_rows
from fer.evaluation.calibrator import exponents_of, temperatures_of
from fer.evaluation.evaluate import SEEN
from fer.labels import FERPLUS, LABEL_SETS, OWN
from fer.models.card import SEEN_PROTOCOL
from fer.models.store import Abstention, InputSpec, Metric, ModelCard, file_digest
from fer.training.config import TrainingConfig
from fer.training.deployment import Deployment
from fer.training.finalize import Choice
from fer.training.origin import minutes_before, origin_text
from fer.training.run_folder import minutes_of

FER2013_TERMS = (
    "FER-2013 (Goodfellow et al. 2013) was published for research; its images were collected "
    "from web search. No image is part of this folder. The weights were learned from it: use "
    "them under the same terms."
)
OWN_TERMS = (
    "Trained on data of its owner's, whose terms are the owner's to know. No image is part of this "
    "folder."
)
FERPLUS_TERMS = "FER+ votes (Barsoum et al. 2016): MIT licence, Copyright Microsoft."

_PROTOCOLS: dict[str, tuple[str, str]] = {
    **{report: (labels, SEEN_PROTOCOL) for labels, report in SEEN.items()},
    "fer2013": ("fer2013", "all"),
    "fer2013_without_copies": ("fer2013", "without copies"),
    "fer2013_flip": ("fer2013", "mean with mirror image"),
    "ferplus_majority": ("ferplus", "majority"),
    "ferplus_argmax": ("ferplus", "argmax"),
    **{
        f"{OWN}{key}": (OWN, protocol)
        for key, protocol in (
            ("", "all"),
            ("_without_copies", "without copies"),
            ("_flip", "mean with mirror image"),
        )
    },
}
_FIGURES = ("accuracy", "macro_f1", "macro_recall", "weighted_f1", "ece", "ece_uncalibrated")


def card_metrics(reports: Mapping[str, Mapping[str, Any]]) -> tuple[Metric, ...]:
    """The headline figures of ``evaluate_classifier``'s reports, one per split and protocol."""
    figures = []
    for split, report in reports.items():
        for key, (head, protocol) in _PROTOCOLS.items():
            entry = report.get(key, {})
            for name, value in _figures(entry).items():
                low, high = entry.get(f"{name}_interval", (None, None))
                of_votes = name.startswith("vote_")
                figures.append(
                    Metric(
                        name=name,
                        value=value,
                        head=head,
                        split=split,
                        protocol="votes" if of_votes else protocol,
                        n=entry["votes"]["n"] if of_votes else entry["n"],
                        low=low,
                        high=high,
                    )
                )
    return tuple(figures)


def _figures(entry: Mapping[str, Any]) -> dict[str, float]:
    """The figures of one report; more of one on what people see."""
    found = {name: entry[name] for name in _FIGURES if name in entry}
    if "votes" in entry:
        found.update({f"vote_{name}": entry["votes"][name] for name in ("error", "loss")})
        found.update({f"recall_{name}": one["recall"] for name, one in entry["per_class"].items()})
    answered = entry.get("answered", {})
    if answered.get("accuracy") is not None:
        found["coverage"] = answered["coverage"]
        found["answered_accuracy"] = answered["accuracy"]
    return found


def dataset_record(dataset: FaceDataset) -> dict[str, Any]:
    """Counts per split and class, shown by the dashboard where the data itself is absent."""
    record: dict[str, Any] = {
        "source": dataset.source,
        "rows": len(dataset),
        "trained_on": int(training_rows(dataset).sum()),
        "labels": list(dataset.label_names),
        "notes": list(dataset.notes),
        "splits": {},
    }
    for split in dataset.split_names:
        rows = dataset.split(split)
        record["splits"][split] = {
            "n": len(rows),
            "counts": {
                name: int((rows.labels == index).sum())
                for index, name in enumerate(dataset.label_names)
            },
        }
        if rows.votes is not None:
            votes = majority_labels(rows.votes)
            record["splits"][split]["ferplus_majority"] = {
                name: int((votes == index).sum()) for index, name in enumerate(FERPLUS)
            }
    return record


def _data_text(record: Mapping[str, Any], heads: Mapping[str, object]) -> str:
    splits = record["splits"]
    votes = ", with FER+ votes as second target" if "ferplus" in heads else ""
    said = (
        f"{record['source'] or 'data set'}: trained on {record['trained_on']:,} of the "
        f"{splits['Training']['n']:,} rows of Training{votes}; everything was chosen on "
        f"PublicTest (n = {splits['PublicTest']['n']:,})."
    )
    return " ".join((said, *record["notes"]))


def make_card(
    *,
    name: str,
    version: str,
    config: TrainingConfig,
    deployment: Deployment,
    choice: Choice,
    epochs: int,
    history: list[dict[str, str]],
    record: Mapping[str, Any],
    reports: Mapping[str, Mapping[str, Any]],
    weights_file: Path,
    terms: str,
) -> ModelCard:
    """Fill the card of a published model.

    Args:
        name: Name of its folder.
        version: Version of the weights.
        config: The recipe.
        deployment: The converted network.
        choice: How the run was ended.
        epochs: Finished epochs.
        history: Their rows.
        record: As ``dataset_record`` returns it.
        reports: Split -> report of ``evaluate_classifier``.
        weights_file: The LiteRT file on disk.
        terms: Terms of the data.
    """
    fixed = build(
        config.architecture,
        dropout=config.dropout,
        input_size=IMAGE_SIZE,
        classes=len(config.classes),
    )
    heads = deployment.calibrators
    return ModelCard(
        name=name,
        version=version,
        architecture=config.architecture,
        input=InputSpec(size=IMAGE_SIZE, channels=1, dtype="uint8"),
        parameters=fixed.count_params(),
        multiply_adds=multiply_adds(fixed),
        data=f"{_data_text(record, heads)} {origin_text(config)}".strip(),
        licence=f"{terms} {FERPLUS_TERMS}" if "ferplus" in heads else terms,
        recipe=config.portable().to_dict(),
        seed=config.seed,
        training_minutes=minutes_of(history),
        training_minutes_before=minutes_before(config),
        epochs=epochs,
        weights=f"{choice.chosen.weights}, BN statistics: {choice.chosen.statistics}",
        **deployed_fields(deployment, reports, weights_file, config.classes),
    )


def deployed_fields(
    deployment: Deployment,
    reports: Mapping[str, Mapping[str, Any]],
    weights_file: Path,
    own: tuple[str, ...],
) -> dict[str, Any]:
    """The fields of a card that belong to the converted file: what changes when it is remade.

    ``own`` are the recipe's classes of one's own.
    """
    names = {**LABEL_SETS, OWN: own}
    abstain = {
        head: Abstention(
            threshold=point.threshold,
            coverage=point.coverage,
            accuracy=None if math.isnan(point.accuracy) else point.accuracy,
            target=deployment.truths[head].target,
            protocol=deployment.truths[head].protocol,
            n=int(deployment.truths[head].rows.sum()),
            split="PublicTest",
        )
        for head, point in deployment.operating_points.items()
    }
    heads = deployment.calibrators
    return {
        "labels": {name: names[name] for name in names if name in abstain},
        "sha256": file_digest(weights_file),
        "file_bytes": weights_file.stat().st_size,
        "precision": deployment.precision,
        "temperature": temperatures_of(heads),
        "exponent": exponents_of(heads),
        "perceived": deployment.perceived,
        "abstain": abstain,
        "metrics": card_metrics(reports),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
