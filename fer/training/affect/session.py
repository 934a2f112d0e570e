"""What ``fer train --task valence-arousal`` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fer.datasets.base import FaceDataset, Progress
from fer.errors import InputError, TrainingError
from fer.evaluation.affect import measure_affect
from fer.literature.timing import write_json
from fer.models.card import AffectRecord
from fer.models.parts import put_part
from fer.models.store import AFFECT, METRICS, ModelFolder
from fer.recognition.affect_head import AffectHead
from fer.recognition.classifier import EmotionClassifier
from fer.training.affect.fit import fit_head

_NO_DIGEST = "0" * 64


def add_affect(folder: ModelFolder, run_dir: Path) -> ModelFolder:
    """Put the head of a run into the folder of the model that it was fitted to.

    Args:
        folder: The model.
        run_dir: A run of ``train_separately``.

    Raises:
        ModelError: If the run holds no head.
        InputError: If its head was fitted to another model.
        TrainingError: If the run's record cannot be read or the disk refuses.
    """
    head = AffectHead.load(run_dir / AFFECT)
    try:
        record = json.loads((run_dir / METRICS).read_text(encoding="utf-8"))
        fitted_to = (record["model"], record["version"])
        split, figures = next(iter(record["splits"].items()), (None, None))
        fitted = figures["fitted"] if figures else {}
        signed = AffectRecord(
            sha256=_NO_DIGEST,
            source=record["source"],
            faces=record["rows"],
            split=split,
            n=fitted.get("n", 0),
            valence_ccc=fitted["valence"]["ccc"] if fitted else None,
            arousal_ccc=fitted["arousal"]["ccc"] if fitted else None,
        )
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise TrainingError(
            f"{run_dir / METRICS}: expected the record of fer train --task valence-arousal, got: "
            f"{fault}; train the head again"
        ) from fault
    card = folder.card
    if fitted_to != (card.name, card.version):
        raise InputError(
            f"{run_dir}: expected a head that was fitted to {card.name} {card.version}, got one of "
            f"{' '.join(map(str, fitted_to))}; fit it to this model"
        )
    return put_part(folder, AFFECT, head.save, signed, "valence-arousal head")


def train_separately(
    dataset: FaceDataset,
    run_dir: Path,
    *,
    model: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Fit a head on a published model; ``affect.npz`` and ``metrics.json`` go into the folder.

    Returns:
        The record, see ``fer.training.affect.fit.fit_head``.

    Raises:
        ModelError: If there is no such model.
        DatasetError: If the data has no valence and arousal.
        TrainingError: If the disk refuses.
    """
    head, record = fit_head(EmotionClassifier.load(model), dataset, progress=progress)
    head.save(run_dir / AFFECT)
    write_json(run_dir / METRICS, record)
    return record


def train_jointly(
    dataset: FaceDataset,
    run_dir: Path,
    architecture: str,
    *,
    epochs: int | None = None,
    seed: int | None = None,
    resume: bool = False,
    report: Any = None,
) -> dict[str, Any]:
    """Train a network for classes, valence and arousal; its run stays in the folder.

    Returns:
        The record, as of ``train_separately`` without "derived".

    Raises:
        InputError: If the network is unknown.
        DatasetError: If the data has no valence and arousal.
        TrainingError: If the folder cannot be used.
    """
    from fer.training.affect.network import joint_data, joint_recipe, read_joint, train_joint

    recipe = joint_recipe(architecture, epochs=epochs, seed=seed)
    data = joint_data(dataset)
    model = train_joint(recipe, data, run_dir, resume=resume, report=report)
    assert dataset.affect is not None
    record: dict[str, Any] = {
        "task": "valence-arousal",
        "mode": "jointly",
        "architecture": architecture,
        "source": dataset.source,
        "rows": len(data.training),
        "epochs": recipe.epochs,
        "splits": {},
    }
    for name in dataset.split_names[1:]:
        rows = dataset.split_mask(name) & np.isfinite(dataset.affect).all(axis=1)
        if rows.any():
            _, predicted = read_joint(model, dataset.images[rows])
            record["splits"][name] = {"fitted": measure_affect(dataset.affect[rows], predicted)}
    write_json(run_dir / METRICS, record)
    return record
