"""Stored neighbours -> their folder of records: what they cost and how often they are right."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.protocol import training_rows
from fer.datasets.resplit import OFFICIAL, SCHEMES, resplit
from fer.errors import TrainingError
from fer.evaluation.calibration import choose_threshold
from fer.evaluation.evaluate import evaluate_classifier, evaluate_probabilities
from fer.labels import FER2013
from fer.literature.neighbours import FILE, NAMES, Neighbours, fit_neighbours
from fer.literature.recipes import split_record
from fer.literature.timing import LATENCY, neighbours_ms
from fer.models.store import (
    CARD,
    METRICS,
    Abstention,
    InputSpec,
    ModelCard,
    check_name,
    file_digest,
)
from fer.training.card import FER2013_TERMS, card_metrics, dataset_record
from fer.training.deployment import ANSWERED_RIGHT
from fer.training.run_folder import CONFIG, write_json


def fit_run(dataset: FaceDataset, run_dir: Path, architecture: str, split: str) -> None:
    """Fit neighbours on the training rows of a split and store them in a run folder.

    Raises:
        TrainingError: If there is no training row, or the disk refuses.
        DatasetError: If the data cannot be split so.
    """
    chosen = resplit(dataset, split)
    mask = training_rows(chosen) if split == OFFICIAL else chosen.split_mask("Training")
    training = chosen.select(mask)
    if not len(training):
        raise TrainingError(
            f"{dataset.source or 'data set'}: expected rows in Training, got none; add the split"
        )
    started = time.perf_counter()
    model = fit_neighbours(training.images, training.labels, components=NAMES[architecture])
    model.save(run_dir / FILE)
    write_json(
        run_dir / CONFIG,
        {
            "architecture": architecture,
            "split": split,
            "neighbours": model.k,
            "components": 0 if model.axes is None else len(model.axes),
            "training_rows": len(training),
            "seconds": round(time.perf_counter() - started, 2),
        },
    )


def _read(run_dir: Path) -> tuple[Neighbours, dict[str, Any]]:
    model = Neighbours.load(run_dir / FILE)
    try:
        recipe: dict[str, Any] = json.loads((run_dir / CONFIG).read_text(encoding="utf-8"))
        SCHEMES[recipe["split"]]
        return model, recipe
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise TrainingError(
            f"{run_dir / CONFIG}: expected the record of a fit, got: {fault}; fit again"
        ) from fault


def publish_neighbours(run_dir: Path, dataset: FaceDataset, folder: Path, *, version: str) -> Path:
    """Measure a fit and write its records; under the official split also the card.

    Args:
        run_dir: A folder that ``fit_run`` filled.
        dataset: The data that it was fitted on.
        folder: The model folder.
        version: For the card.

    Raises:
        TrainingError: If the run cannot be read or the disk refuses.
    """
    name = check_name(folder.name)
    model, recipe = _read(run_dir)
    minutes = round(recipe["seconds"] / 60, 2)
    if recipe["split"] != OFFICIAL:
        scheme = SCHEMES[recipe["split"]]
        chosen = resplit(dataset, recipe["split"]).split(scheme.test)
        shares = model.predict_heads(chosen.images)["fer2013"]
        report = evaluate_probabilities(chosen.labels, shares, FER2013)
        kept = {k: v for k, v in report.items() if k not in ("reliability", "abstention")}
        record = {
            "architecture": recipe["architecture"],
            "scheme": recipe["split"],
            "split": scheme.text,
            **kept,
            "minutes": minutes,
            "recipe": recipe,
        }
        write_json(folder / split_record(recipe["architecture"], recipe["split"]), record)
        return folder
    reports = {
        split: evaluate_classifier(model.predict_heads, dataset, split)
        for split in ("PublicTest", "PrivateTest")
    }
    record = dataset_record(dataset)
    write_json(folder / METRICS, {**reports, "dataset": record, LATENCY: neighbours_ms(model)})
    model.save(folder / FILE)
    validation = dataset.split("PublicTest")
    shares = model.predict_heads(validation.images)["fer2013"]
    point = choose_threshold(
        shares.max(axis=1), shares.argmax(axis=1) == validation.labels, ANSWERED_RIGHT
    )
    card = ModelCard(
        name=name,
        version=version,
        architecture=recipe["architecture"],
        labels={"fer2013": FER2013},
        input=InputSpec(size=IMAGE_SIZE, channels=1, dtype="uint8"),
        sha256=file_digest(folder / FILE),
        parameters=model.parameters,
        multiply_adds=model.multiply_adds,
        file_bytes=(folder / FILE).stat().st_size,
        precision=str(model.points.dtype),
        temperature={},
        abstain={
            "fer2013": Abstention(
                threshold=point.threshold,
                coverage=point.coverage,
                accuracy=None if np.isnan(point.accuracy) else point.accuracy,
                target=ANSWERED_RIGHT,
                protocol="all",
                n=len(validation),
                split="PublicTest",
            )
        },
        data=(
            f"{record['source'] or 'data set'}: stores {recipe['training_rows']:,} rows of "
            "Training; nothing was chosen."
        ),
        licence=FER2013_TERMS,
        recipe=recipe,
        seed=0,
        training_minutes=minutes,
        epochs=0,
        weights="the training pictures themselves",
        metrics=card_metrics(reports),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_json(folder / CARD, card.model_dump(mode="json"))
    return folder
