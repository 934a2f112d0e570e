"""A finished run -> its model folder, or the record of how it fares on its source's split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer.architectures.complexity import multiply_adds
from fer.datasets.base import IMAGE_SIZE, FaceDataset
from fer.datasets.protocol import fingerprint
from fer.datasets.resplit import OFFICIAL, SCHEMES, resplit
from fer.evaluation.evaluate import PredictHeads, evaluate_classifier, evaluate_probabilities
from fer.evaluation.readings import LATENCY, milliseconds_per_face
from fer.files import write_faults
from fer.labels import FER2013, FERPLUS, SEVEN_OF_FERPLUS
from fer.literature.inputs import model_input
from fer.literature.neighbours import FILE, Neighbours
from fer.literature.network import load_run, probabilities
from fer.literature.recipes import OWN_SPLIT, Recipe, recipe_changes, split_record
from fer.literature.run import TrainingData, training_data
from fer.models.card import InputSpec, ModelCard
from fer.models.store import CARD, HISTORY, METRICS, WEIGHTS, check_name, read_json
from fer.training.card import FER2013_TERMS, dataset_record, deployed_fields
from fer.training.config import TrainingConfig
from fer.training.convert import network_ms, run_converted
from fer.training.deployment import ANSWERED_RIGHT, Deployment, HeadTruth, abstention, deploy
from fer.training.run_data import RUN, check_data, check_target, read_data
from fer.training.run_folder import CONFIG, minutes_of, read_history, write_bytes, write_json

if TYPE_CHECKING:
    import keras

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


def record_name(recipe: Recipe) -> str:
    """The file of a model's folder that says what a run of this recipe came to."""
    if recipe.split == OFFICIAL:
        return METRICS
    return split_record(recipe.architecture, recipe.split, recipe_changes(recipe))


def _run_of(run_dir: Path) -> dict[str, str]:
    return {key: value for key, value in read_data(run_dir).items() if key == RUN}


def _record_split(
    path: Path,
    dataset: FaceDataset,
    recipe: dict[str, Any],
    predict: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]],
    **facts: Any,
) -> None:
    """Measure a run on the test rows of its own split; nothing is kept of its curves."""
    scheme = SCHEMES[recipe["split"]]
    chosen = resplit(dataset, recipe["split"]).split(scheme.test)
    report = evaluate_probabilities(chosen.labels, predict(chosen.images), FER2013)
    record = {
        "architecture": recipe["architecture"],
        "scheme": recipe["split"],
        "split": scheme.text,
        **{k: v for k, v in report.items() if k not in ("reliability", "abstention")},
        **facts,
        "recipe": recipe,
    }
    write_json(path, record)


def _record_official(
    folder: Path,
    dataset: FaceDataset,
    deployment: Deployment,
    predict: PredictHeads,
    file: Path,
    figures: dict[str, Any],
    data: str,
    **facts: Any,
) -> None:
    """``metrics.json`` and ``card.json``; PrivateTest is opened here, by what will run."""
    reports = {
        split: evaluate_classifier(predict, dataset, split, calibrators=deployment.calibrators)
        for split in ("PublicTest", "PrivateTest")
    }
    record = dataset_record(dataset)
    write_json(folder / METRICS, {**reports, "dataset": record, **figures})
    card = ModelCard(
        name=folder.name,
        input=InputSpec(size=IMAGE_SIZE, channels=1, dtype="uint8"),
        data=f"{record['source'] or 'data set'}: {data.format(record=record)}",
        licence=FER2013_TERMS,
        **{**deployed_fields(deployment, reports, file, ()), **facts},
    )
    write_json(folder / CARD, card.model_dump(mode="json"))


def publish_network(
    run_dir: Path, dataset: FaceDataset, folder: Path, *, version: str, replace: bool = False
) -> Path:
    """Calibrate, convert and measure a run; under another split than the official one, record it.

    A run under the official split fills the folder; one under another split adds ``own_split.json``
    and its history, or ``split_NAME.json`` where it is another reading of the source than ours.

    Returns:
        The folder, or the record in it.

    Raises:
        TrainingError: If the run cannot be read or learned from other rows, or the disk refuses.
        InputError: If the disk refuses the weights.
        ModelError: If the folder's name cannot be that of a model, or another run has published
            there and ``replace`` does not say that this may be replaced.
    """
    check_name(folder.name)
    model, recipe, best = load_run(run_dir)
    name = record_name(recipe)
    check_target(folder, run_dir, replace=replace, record=name)
    data = training_data(dataset, recipe)
    check_data(run_dir, data.rows)
    signs = fit_signs(model, data)
    rows, history = read_history(run_dir), (run_dir / HISTORY).read_bytes()
    if recipe.split != OFFICIAL:
        own = "own" if name == OWN_SPLIT else Path(name).stem
        write_bytes(folder / f"{own}_history.csv", history)
        _record_split(
            folder / name,
            dataset,
            asdict(recipe),
            lambda images: probabilities(model, images),
            **signs,
            epochs=len(rows),
            best_epoch=best,
            minutes=minutes_of(rows),
            changes={key: list(values) for key, values in recipe_changes(recipe).items()},
            **_run_of(run_dir),
        )
        return folder / name
    config = TrainingConfig(architecture=recipe.architecture, ferplus_weight=0)
    deployment = deploy(serving_model(model), config, dataset.split("PublicTest"))

    def predict(images: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float32]]:
        return run_converted(deployment.content, images)

    write_bytes(folder / HISTORY, history)
    with write_faults(folder):
        (folder / WEIGHTS).write_bytes(deployment.content)
    _record_official(
        folder,
        dataset,
        deployment,
        predict,
        folder / WEIGHTS,
        {
            "calibration": deployment.calibration,
            "conversion": deployment.checks,
            "fit": signs,
            LATENCY: network_ms(deployment.content),
            **_run_of(run_dir),
        },
        "trained on {record[trained_on]:,} rows of Training; everything was chosen on PublicTest "
        "(n = {record[splits][PublicTest][n]:,}).",
        version=version,
        architecture=recipe.architecture,
        parameters=model.count_params(),
        multiply_adds=multiply_adds(model),
        recipe=asdict(recipe),
        seed=recipe.seed,
        training_minutes=minutes_of(rows),
        epochs=len(rows),
        weights=f"epoch {best} of {len(rows)}",
    )
    return folder


def publish_neighbours(
    run_dir: Path, dataset: FaceDataset, folder: Path, *, version: str, replace: bool = False
) -> Path:
    """Measure stored neighbours as ``publish_network`` does a network.

    Returns:
        The folder, or the record in it.

    Raises:
        TrainingError: If the run cannot be read or stores other rows, or the disk refuses.
        ModelError: As ``publish_network``.
    """
    check_name(folder.name)
    model = Neighbours.load(run_dir / FILE)
    recipe = read_json(run_dir / CONFIG)
    official = recipe["split"] == OFFICIAL
    name = METRICS if official else split_record(recipe["architecture"], recipe["split"])
    check_target(folder, run_dir, replace=replace, record=name)
    check_data(run_dir, fingerprint(dataset))
    minutes = round(recipe["seconds"] / 60, 2)
    if not official:
        _record_split(
            folder / name,
            dataset,
            recipe,
            lambda images: model.predict_heads(images)["fer2013"],
            minutes=minutes,
            **_run_of(run_dir),
        )
        return folder / name
    model.save(folder / FILE)
    validation = dataset.split("PublicTest")
    shares = model.predict_heads(validation.images)["fer2013"]
    truth = HeadTruth("all", validation.labels, ANSWERED_RIGHT)
    unsure = {"fer2013": abstention(shares, truth)}
    deployment = Deployment(b"", "float32", {}, None, unsure, {}, ())
    _record_official(
        folder,
        dataset,
        deployment,
        model.predict_heads,
        folder / FILE,
        {LATENCY: milliseconds_per_face(model.predict_heads, faces=10), **_run_of(run_dir)},
        f"stores {recipe['training_rows']:,} rows of Training; nothing was chosen.",
        version=version,
        architecture=recipe["architecture"],
        precision=str(model.points.dtype),
        parameters=model.parameters,
        multiply_adds=model.multiply_adds,
        recipe=recipe,
        seed=0,
        training_minutes=minutes,
        epochs=0,
        weights="the training pictures themselves",
    )
    return folder
