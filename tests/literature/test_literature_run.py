"""Training of literature networks on a small data set: kill, resume, phases, publication."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.datasets.base import FaceDataset
from fer.literature.inputs import epoch_batches
from fer.literature.network import load_run, probabilities
from fer.literature.publish import publish_network
from fer.literature.recipes import Recipe, recipe_changes, split_record
from fer.literature.run import train, training_data
from fer.recognition.classifier import EmotionClassifier
from fer.training.network_pass import resized
from fer.training.trainer import StepReport
from tests.made_data import bands
from tests.training.tiny import Killed, assert_same_curve, history_of

# All batches of one size: another one would cost each run a second trace of its graph.
RECIPE = Recipe("cnn5-16", epochs=3, batch_size=28, restore_best=True, precision="float32")


def faces(n: int = 140) -> FaceDataset:
    return bands(n, np.repeat(np.arange(3), [n - 56, 28, 28]))


@dataclass(frozen=True)
class Runs:
    dataset: FaceDataset
    straight: Path
    resumed: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    root, dataset = tmp_path_factory.mktemp("runs"), faces()
    data = training_data(dataset, RECIPE)

    def kill(step: StepReport) -> None:
        # A kill in the second epoch leaves the folder as it is at that moment.
        if (step.epoch, step.step) == (1, 2):
            shutil.copytree(root / "straight", root / "resumed")

    train(RECIPE, data, root / "straight", report=kill)
    assert len(history_of(root / "resumed")) == 1
    train(RECIPE, data, root / "resumed", resume=True)
    return Runs(dataset, root / "straight", root / "resumed")


def test_a_killed_and_resumed_run_has_the_curve_of_an_unbroken_one(runs: Runs) -> None:
    assert_same_curve(runs.straight, runs.resumed, epochs=3)


def test_a_run_ends_with_the_weights_of_its_best_epoch(runs: Runs) -> None:
    rows = history_of(runs.straight)
    model, recipe, epoch = load_run(runs.straight)
    assert recipe == RECIPE
    assert epoch == 1 + int(np.argmin([row["val_loss"] for row in rows]))
    validation = runs.dataset.split("PublicTest")
    answers = probabilities(model, validation.images).argmax(axis=1)
    assert np.mean(answers == validation.labels) == pytest.approx(rows[epoch - 1]["val_accuracy"])


def test_a_finished_run_loads_back_from_json_and_weights(runs: Runs) -> None:
    import keras

    model, _, _ = load_run(runs.straight)
    back = keras.models.model_from_json((runs.straight / "model.json").read_text())
    back.load_weights(runs.straight / "model.weights.h5")
    for one, other in zip(model.get_weights(), back.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_transfer_learning_has_one_history_across_both_phases(tmp_path: Path) -> None:
    recipe = Recipe(
        "transfer:vgg16",
        epochs=1,
        batch_size=28,
        fine_tuning_epochs=2,
        fine_tuning_share=0.3,
        frozen=True,
        image_size=32,
        precision="float32",
    )
    data = training_data(faces(84), recipe)

    class KilledAfterTheFirst(list[np.ndarray]):
        """Hands out the one batch of the first phase, and none of the second."""

        taken = 0

        def __getitem__(self, rows: Any) -> np.ndarray:
            self.taken += 1
            if self.taken > 1:
                raise Killed
            return np.asarray(data.training[rows])

    # Killed at the door of the second phase, whose optimizer has more to remember.
    first = KilledAfterTheFirst(faces(84).images[: len(data.training)])
    with pytest.raises(Killed):
        train(recipe, replace(data, training=first), tmp_path / "run")
    assert len(history_of(tmp_path / "run")) == 1
    before, _, _ = load_run(tmp_path / "run")
    model = train(recipe, data, tmp_path / "run", resume=True)
    rows = history_of(tmp_path / "run")
    assert [row["phase"] for row in rows] == [1, 2, 2]
    assert [row["learning_rate"] for row in rows] == pytest.approx([1e-3, 1e-4, 1e-4])
    kernels = [
        [np.asarray(m.get_layer("backbone").get_layer(name).kernel) for m in (before, model)]
        for name in ("block1_conv1", "block5_conv3")
    ]
    np.testing.assert_array_equal(*kernels[0])
    assert np.abs(kernels[1][0] - kernels[1][1]).max() > 0


def test_batches_depend_on_seed_and_epoch_alone_and_cover_every_row() -> None:
    source = np.arange(10, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    labels = np.arange(10)
    recipe = Recipe("cnn5-16", batch_size=4)
    first = list(epoch_batches(source, labels, recipe, 0, (4, 1)))
    again = list(epoch_batches(source, labels, recipe, 0, (4, 1)))
    assert [len(one.targets) for one in first] == [4, 4, 2]
    assert sorted(np.concatenate([one.targets for one in first])) == list(range(10))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.pixels[:, 0, 0, 0], one.targets)
    later = epoch_batches(source, labels, recipe, 1, (4, 1))
    other_order = np.concatenate([one.targets for one in later])
    assert other_order.tolist() != np.concatenate([one.targets for one in first]).tolist()


def test_pictures_fit_any_network() -> None:
    grey = np.full((2, 48, 48), 7, np.uint8)
    assert resized(grey, 56, 1).shape == (2, 56, 56, 1)
    assert resized(grey, 224, 3).shape == (2, 224, 224, 3)
    assert np.all(resized(grey, 224, 3) == 7)


def test_a_published_run_is_a_model_like_any_other(runs: Runs, tmp_path: Path) -> None:
    folder = tmp_path / "bands"
    publish_network(runs.straight, runs.dataset, folder, version="3")
    classifier = EmotionClassifier.load("bands", directory=tmp_path)
    card = classifier.folder.card
    assert (card.architecture, card.parameters) == ("cnn5-16", 2_407_207)
    private = runs.dataset.split("PrivateTest")
    model, _, _ = load_run(runs.straight)
    wanted = probabilities(model, private.images).argmax(axis=1)
    served = classifier.predict(private.images)
    assert np.mean(served.argmax(axis=1) == wanted) > 0.9
    metric = card.metric("accuracy")
    assert metric is not None
    assert metric.value == pytest.approx(np.mean(served.argmax(axis=1) == private.labels))
    metrics = json.loads((folder / "metrics.json").read_text())
    fit = metrics["fit"]
    assert fit["gap"] == pytest.approx(fit["training_accuracy"] - fit["validation_accuracy"])
    assert fit["dominance"] >= 1
    assert metrics["latency_ms"] > 0


def test_another_split_is_recorded_and_never_published(runs: Runs, tmp_path: Path) -> None:
    recipe = replace(RECIPE, split="stratified", epochs=1)
    train(recipe, training_data(runs.dataset, recipe), tmp_path / "run")
    models = tmp_path / "models"
    publish_network(tmp_path / "run", runs.dataset, models / "thin", version="1")
    # Not the source's own recipe: another reading of it.
    changes = recipe_changes(recipe)
    assert changes["epochs"] == (1, 60) and "split" not in changes
    path = models / "thin" / split_record("cnn5-16", "stratified", changes)
    history = path.with_name(f"{path.stem}_history.csv")
    assert sorted(models.rglob("*.*")) == sorted([path, history])
    record = json.loads(path.read_text())
    assert (record["scheme"], record["n"], record["epochs"]) == ("stratified", 12, 1)
    assert record["changes"]["epochs"] == [1, 60]
    assert len(history.read_text().splitlines()) == 2
