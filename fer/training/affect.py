"""A head for valence and arousal on a published model: a ridge regression on its embeddings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fer.datasets.base import FaceDataset, Progress
from fer.datasets.protocol import training_rows
from fer.errors import DatasetError, InputError, TrainingError
from fer.evaluation.affect import measure_affect
from fer.evaluation.readings import read_faces
from fer.labels import FER2013
from fer.models.card import AffectRecord
from fer.models.store import AFFECT, CARD, METRICS, ModelFolder, file_digest, open_model
from fer.recognition.affect_head import AffectHead
from fer.recognition.circumplex import derived_values
from fer.recognition.classifier import EmotionClassifier
from fer.training.run_folder import write_bytes, write_json

_STRENGTHS = np.logspace(-2, 5, 15)
FEWEST_ROWS = 10


def standard_spread(embeddings: np.ndarray) -> np.ndarray:
    """Standard deviation ``(d,)`` of each unit over ``(n, d)`` embeddings, the median at least.

    A unit that hardly moves in a few hundred rows would otherwise be stretched so far that one
    later face which does move it outweighs everything else.
    """
    spread = np.asarray(embeddings, np.float64).std(axis=0)
    floor = float(np.median(spread[spread > 0])) if spread.any() else 1.0
    return np.asarray(np.maximum(spread, floor))


def fit_head(
    classifier: EmotionClassifier, dataset: FaceDataset, *, progress: Progress | None = None
) -> tuple[AffectHead, dict[str, Any]]:
    """Fit a linear head on a published model.

    Ridge regression on standardised embeddings of Training (`standard_spread`), its strength
    chosen by leave-one-out on the same rows (scikit-learn's ``RidgeCV``), so that no other split
    has a part in it. Copies of pictures of other splits are left out of Training.

    Returns:
        The head, and its record: ``model``, ``version``, ``rows``, ``strength``, and for every
        split with known rows the figures of the head ("fitted") beside those of what the class
        probabilities give ("derived").

    Raises:
        DatasetError: If too few rows have valence and arousal.
    """
    from sklearn.linear_model import RidgeCV

    told = np.full((len(dataset), 2), np.nan) if dataset.affect is None else dataset.affect
    chosen = dataset.select(np.flatnonzero(np.isfinite(told).all(axis=1)))
    training = training_rows(chosen)
    if int(training.sum()) < FEWEST_ROWS:
        raise DatasetError(
            f"{dataset.source or 'data set'}: expected at least {FEWEST_ROWS} rows of Training "
            "with valence and arousal that are no copies of other splits, got "
            f"{int(training.sum())}; use data with both columns, such as AffectNet"
        )
    assert chosen.affect is not None
    readings = read_faces(classifier, chosen.images, progress=progress)
    rows = np.asarray(readings.embeddings[training], np.float64)
    mean, spread = rows.mean(axis=0), standard_spread(rows)
    fitted = RidgeCV(_STRENGTHS).fit((rows - mean) / spread, chosen.affect[training])
    weights = (fitted.coef_ / spread).T
    head = AffectHead(
        np.asarray(weights, np.float32),
        np.asarray(fitted.intercept_ - mean @ weights, np.float32),
    )
    record: dict[str, Any] = {
        "model": classifier.folder.card.name,
        "version": classifier.folder.card.version,
        "source": dataset.source,
        "rows": int(training.sum()),
        "strength": float(fitted.alpha_),
        "splits": {},
    }
    predicted = head.predict(readings.embeddings)
    derived = derived_values(readings.heads["fer2013"], FER2013)
    for name in chosen.split_names:
        part = chosen.split_mask(name)
        if part.any():
            record["splits"][name] = {
                "fitted": measure_affect(chosen.affect[part], predicted[part]),
                "derived": measure_affect(chosen.affect[part], derived[part]),
            }
    return head, record


def fit_run(
    dataset: FaceDataset,
    run_dir: Path,
    *,
    model: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Fit a head on a published model; ``affect.npz`` and ``metrics.json`` go into the folder.

    Raises:
        ModelError: If there is no such model.
        DatasetError: If the data has no valence and arousal.
        TrainingError: If the disk refuses.
    """
    head, record = fit_head(EmotionClassifier.load(model), dataset, progress=progress)
    head.save(run_dir / AFFECT)
    write_json(run_dir / METRICS, record)
    return record


def add_affect(folder: ModelFolder, run_dir: Path) -> ModelFolder:
    """Put the head of a run into the folder of the model that it was fitted to.

    Raises:
        ModelError: If the run holds no head.
        InputError: If its head was fitted to another model.
        TrainingError: If the run's record cannot be read or the disk refuses.
    """
    AffectHead.load(run_dir / AFFECT)  # one that is damaged is not put there
    try:
        record = json.loads((run_dir / METRICS).read_text(encoding="utf-8"))
        fitted_to = (record["model"], record["version"])
        split, figures = next(iter(record["splits"].items()), (None, None))
        fitted = figures["fitted"] if figures else {}
        signed = AffectRecord(
            sha256=file_digest(run_dir / AFFECT),
            source=record["source"],
            faces=record["rows"],
            split=split,
            n=fitted.get("n", 0),
            valence_ccc=fitted["valence"]["ccc"] if fitted else None,
            arousal_ccc=fitted["arousal"]["ccc"] if fitted else None,
        )
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise TrainingError(
            f"{run_dir / METRICS}: expected the record of fer affect fit, got: {fault}; fit "
            "the head again"
        ) from fault
    card = folder.card
    if fitted_to != (card.name, card.version):
        raise InputError(
            f"{run_dir}: expected a head that was fitted to {card.name} {card.version}, got one of "
            f"{' '.join(map(str, fitted_to))}; fit it to this model"
        )
    signed_card = card.model_copy(update={"affect": signed})
    write_bytes(folder.path / AFFECT, (run_dir / AFFECT).read_bytes())
    write_json(folder.path / CARD, signed_card.model_dump(mode="json"))
    return open_model(folder.path.name, directory=folder.path.parent)
