"""A finished run of a literature network -> a model folder, or the record of its own split."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer.architectures.complexity import multiply_adds
from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.resplit import OFFICIAL, SCHEMES, resplit
from fer.errors import TrainingError
from fer.evaluation.calibrator import exponents_of, temperatures_of
from fer.evaluation.evaluate import evaluate_classifier, evaluate_probabilities
from fer.labels import FER2013, FERPLUS, SEVEN_OF_FERPLUS
from fer.literature.inputs import ArraySource, model_input
from fer.literature.network import probabilities
from fer.literature.recipes import OWN_SPLIT, Recipe, recipe_changes, split_record
from fer.literature.run import TrainingData, training_data
from fer.literature.runs import load_run
from fer.literature.timing import latency_ms
from fer.models.store import (
    CARD,
    HISTORY,
    METRICS,
    WEIGHTS,
    Abstention,
    InputSpec,
    ModelCard,
    check_name,
    file_digest,
)
from fer.training.card import FER2013_TERMS, card_metrics, dataset_record
from fer.training.config import TrainingConfig
from fer.training.convert import run_converted
from fer.training.deployment import Deployment, deploy
from fer.training.run_folder import minutes_of, read_history, write_json

if TYPE_CHECKING:
    import keras

OWN_HISTORY = "own_history.csv"
_GAP_ROWS = 4000


def serving_model(model: keras.Model) -> keras.Model:
    """The network as ``fer.training.convert`` takes it: 48 x 48 grey in, logits and features out.

    Pictures are enlarged and repeated over colours inside, so that it serves the same crops as
    every other model. The logits are the logarithm of the softmax; of eight classes, contempt is
    left out and the others are scaled up to sum to 1.
    """
    import keras
    from keras import layers, ops

    side, channels = model_input(model)
    inner = keras.Model(model.inputs, [model.output, model.get_layer("features").output])
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE, 1), name="pixels")
    x: Any = inputs
    if side != IMAGE_SIZE:
        x = layers.Resizing(side, side)(x)
    if channels == 3:
        x = layers.Concatenate()([x, x, x])
    shares, features = inner(x)
    features = layers.Activation("linear", name="features", dtype="float32")(features)
    shares = ops.cast(shares, "float32")
    if shares.shape[-1] == len(FERPLUS):
        # Contempt is left out; softmax over the rest makes the others sum to 1 again.
        shares = ops.take(shares, SEVEN_OF_FERPLUS, axis=-1)
    logits = ops.log(ops.maximum(shares, 1e-9))
    return keras.Model(inputs, {"fer2013": logits, "features": features}, name=model.name)


def fit_signs(model: keras.Model, data: TrainingData) -> dict[str, float]:
    """How much a network overfits, and how much one class rules its answers.

    Returns:
        ``training_accuracy`` on up to 4,000 plain training pictures, ``validation_accuracy``, the
        ``gap`` between the two, and ``dominance``: the largest ratio of a class's share of the
        answers to its share of the labels, on the validation pictures.
    """
    rows = np.linspace(0, len(data.training) - 1, min(_GAP_ROWS, len(data.training)))
    seen = probabilities(model, data.training, limit=_GAP_ROWS).argmax(axis=1)
    training = float((seen == data.labels[rows.astype(np.intp)]).mean())
    answers = probabilities(model, data.validation).argmax(axis=1)
    validation = float((answers == data.validation_labels).mean())
    said = np.bincount(answers, minlength=data.classes)
    true = np.bincount(data.validation_labels, minlength=data.classes)
    return {
        "training_accuracy": training,
        "validation_accuracy": validation,
        "gap": training - validation,
        "dominance": float((said[true > 0] / true[true > 0]).max()),
    }


def _copy_history(run_dir: Path, target: Path) -> list[dict[str, str]]:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((run_dir / HISTORY).read_bytes())
    return read_history(run_dir)


def record_own_split(run_dir: Path, dataset: FaceDataset, folder: Path) -> dict[str, Any]:
    """Measure a run under its source's split, and write the record into a model folder.

    Args:
        run_dir: A run whose recipe has another split than the official one.
        dataset: FER-2013 with its official splits.
        folder: The model folder; the record (``split_record``) and its history are written.

    Returns:
        The record: ``scheme``, ``split`` (its text), ``n``, ``accuracy`` with its interval and so
        on, ``epochs``, ``best_epoch``, ``minutes``, and what ``fit_signs`` returns.

    Raises:
        TrainingError: If the run cannot be read or the disk refuses.
    """
    model, recipe, best = load_run(run_dir)
    scheme = SCHEMES[recipe.split]
    chosen = resplit(dataset, recipe.split).split(scheme.test)
    shares = probabilities(model, ArraySource(chosen.images))
    report = evaluate_probabilities(chosen.labels, shares, FER2013)
    changes = recipe_changes(recipe)
    name = split_record(recipe.architecture, recipe.split, changes)
    target = OWN_HISTORY if name == OWN_SPLIT else name.replace(".json", "_history.csv")
    history = _copy_history(run_dir, folder / target)
    record = {
        "architecture": recipe.architecture,
        "scheme": recipe.split,
        "split": scheme.text,
        **{k: v for k, v in report.items() if k not in ("reliability", "abstention")},
        **fit_signs(model, training_data(dataset, recipe)),
        "epochs": len(history),
        "best_epoch": best,
        "minutes": minutes_of(history),
        "recipe": recipe.to_dict(),
        "changes": {key: list(values) for key, values in changes.items()},
    }
    write_json(folder / name, record)
    return record


def _card(
    name: str,
    version: str,
    recipe: Recipe,
    model: keras.Model,
    deployment: Deployment,
    weights: Path,
    best: int,
    history: list[dict[str, str]],
    reports: Mapping[str, Mapping[str, Any]],
    record: Mapping[str, Any],
) -> ModelCard:
    point, truth = deployment.operating_points["fer2013"], deployment.truths["fer2013"]
    return ModelCard(
        name=name,
        version=version,
        architecture=recipe.architecture,
        labels={"fer2013": FER2013},
        input=InputSpec(size=IMAGE_SIZE, channels=1, dtype="uint8"),
        sha256=file_digest(weights),
        parameters=model.count_params(),
        multiply_adds=multiply_adds(model),
        file_bytes=weights.stat().st_size,
        precision=deployment.precision,
        temperature=temperatures_of(deployment.calibrators),
        exponent=exponents_of(deployment.calibrators),
        abstain={
            "fer2013": Abstention(
                threshold=point.threshold,
                coverage=point.coverage,
                accuracy=None if np.isnan(point.accuracy) else point.accuracy,
                target=truth.target,
                protocol=truth.protocol,
                n=int(truth.rows.sum()),
                split="PublicTest",
            )
        },
        data=(
            f"{record['source'] or 'data set'}: trained on {record['trained_on']:,} rows of "
            f"Training; everything was chosen on PublicTest "
            f"(n = {record['splits']['PublicTest']['n']:,})."
        ),
        licence=FER2013_TERMS,
        recipe=recipe.to_dict(),
        seed=recipe.seed,
        training_minutes=minutes_of(history),
        epochs=len(history),
        weights=f"epoch {best} of {len(history)}",
        metrics=card_metrics(reports),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def publish(run_dir: Path, dataset: FaceDataset, folder: Path, *, version: str) -> Path:
    """Calibrate, convert, evaluate and write a run under the official protocol.

    PrivateTest is opened once, by the file that will run. The record of the source's own split, if
    the folder has one, stays.

    Args:
        run_dir: A run whose recipe has the official split.
        dataset: FER-2013 with its official splits.
        folder: The model folder.
        version: Version of the weights, for the card.

    Raises:
        TrainingError: If the run has another split, cannot be read, or the disk refuses.
        ModelError: If the folder's name cannot be that of a model.
    """
    check_name(folder.name)
    model, recipe, best = load_run(run_dir)
    if recipe.split != OFFICIAL:
        raise TrainingError(
            f"{run_dir}: expected a run under the official split, got {recipe.split!r}; publish "
            "one, figures of other splits cannot stand beside those of other models"
        )
    signs = fit_signs(model, training_data(dataset, recipe))
    served = serving_model(model)
    config = TrainingConfig(architecture=recipe.architecture, ferplus_weight=0)
    deployment = deploy(served, config, dataset.split("PublicTest"))
    reports = {
        split: evaluate_classifier(
            lambda images: run_converted(deployment.content, images),
            dataset,
            split,
            calibrators=deployment.calibrators,
        )
        for split in ("PublicTest", "PrivateTest")
    }
    record = dataset_record(dataset)
    try:
        history = _copy_history(run_dir, folder / HISTORY)
        (folder / WEIGHTS).write_bytes(deployment.content)
    except OSError as fault:
        raise TrainingError(
            f"{folder}: could not write ({fault.strerror or fault}); free some disk"
        ) from fault
    write_json(
        folder / METRICS,
        {
            **reports,
            "calibration": deployment.calibration,
            "conversion": [check.to_dict() for check in deployment.checks],
            "dataset": record,
            "fit": signs,
            "latency_ms": latency_ms(deployment.content),
        },
    )
    card = _card(
        folder.name,
        version,
        recipe,
        model,
        deployment,
        folder / WEIGHTS,
        best,
        history,
        reports,
        record,
    )
    write_json(folder / CARD, card.model_dump(mode="json"))
    return folder
