"""The card of a model: everything that is known about it, computed, never typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer.architectures import build
from fer.architectures.complexity import multiply_adds
from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.ferplus import majority_labels
from fer.datasets.protocol import fingerprint, training_rows
from fer.evaluation.evaluate import SEEN
from fer.labels import FERPLUS, LABEL_SETS, OWN
from fer.models.card import SEEN_PROTOCOL, InputSpec, Metric, ModelCard
from fer.models.store import file_digest
from fer.training.config import TrainingConfig
from fer.training.deployment import Deployment
from fer.training.finalize import Choice
from fer.training.run_folder import minutes_of
from fer.training.starting import minutes_before, origin_text

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
    **{
        f"{head}{key}": (head, protocol)
        for head in ("fer2013", OWN)
        for key, protocol in (
            ("", "all"),
            ("_without_copies", "without copies"),
            ("_flip", "mean with mirror image"),
        )
    },
    "ferplus_majority": ("ferplus", "majority"),
    "ferplus_argmax": ("ferplus", "argmax"),
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
    known = fingerprint(dataset)
    record: dict[str, Any] = {
        "source": dataset.source,
        "faces": known["faces"],
        "division": known["division"],
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


def _terms(votes: bool) -> str:
    return f"{FER2013_TERMS} {FERPLUS_TERMS}" if votes else FER2013_TERMS


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
    history: list[dict[str, str]],
    record: Mapping[str, Any],
    reports: Mapping[str, Mapping[str, Any]],
    weights_file: Path,
) -> ModelCard:
    """The card of a published model."""
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
        licence=OWN_TERMS if config.classes else _terms("ferplus" in heads),
        recipe=asdict(config.portable()),
        seed=config.seed,
        training_minutes=minutes_of(history),
        training_minutes_before=minutes_before(config),
        epochs=len(history),
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
    names, heads = {**LABEL_SETS, OWN: own}, deployment.calibrators
    return {
        "labels": {name: names[name] for name in names if name in deployment.abstain},
        "sha256": file_digest(weights_file),
        "file_bytes": weights_file.stat().st_size,
        "precision": deployment.precision,
        "temperature": {head: one.temperature for head, one in heads.items()},
        "exponent": {head: one.exponent for head, one in heads.items() if one.exponent != 1},
        "perceived": deployment.perceived,
        "abstain": deployment.abstain,
        "metrics": card_metrics(reports),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
