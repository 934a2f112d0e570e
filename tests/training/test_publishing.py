"""From the last epoch of a tiny run to a folder that serves."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from fer.errors import DatasetError, InputError, ModelError, TrainingError
from fer.evaluation.calibrator import Calibrator, calibrators_of
from fer.evaluation.evaluate import SEEN, evaluate_classifier
from fer.labels import FER2013
from fer.models.card import PerceivedRecord
from fer.models.store import list_models, open_model
from fer.recognition.classifier import EmotionClassifier
from fer.training.config import TrainingConfig, recipe_of
from fer.training.convert import convert, run_converted
from fer.training.deployment import check_precision, head_truths
from fer.training.finalize import finalize, reestimate_statistics, statistics_batches
from fer.training.network_pass import resized, validate
from fer.training.perceived import fit_perceived, join
from fer.training.publish import publish, remake
from fer.training.run import compile_model
from fer.training.run_folder import load_checkpoint
from tests.training.tiny import CONFIG, Runs, make_faces

JOINED = PerceivedRecord(
    share=0.2,
    prior_power=0.5,
    prior=(0.1, 0.02, 0.05, 0.3, 0.13, 0.1, 0.3),
    temperature=0.9,
    split="PublicTest",
    n=30,
    loss=0.5,
    loss_held_out=0.5,
)


def test_statistics_over_one_batch_equal_that_batch() -> None:
    import keras

    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.layers.BatchNormalization(momentum=0.9)(inputs))
    batches = [np.full((2, 4, 4, 1), 1, np.float32), np.full((2, 4, 4, 1), 4, np.float32)]
    batches[1][0] = 0
    (norm,) = [one for one in model.layers if hasattr(one, "momentum")]
    reestimate_statistics(model, iter(batches[:1]))
    assert float(norm.moving_mean.numpy()[0]) == pytest.approx(1)
    reestimate_statistics(model, iter(batches))
    # Means 1 and 2, variances 0 and 4, averaged; what was there before is forgotten.
    assert float(norm.moving_mean.numpy()[0]) == pytest.approx(1.5)
    assert float(norm.moving_variance.numpy()[0]) == pytest.approx(2)
    assert norm.momentum == 0.9


def test_statistics_batches_are_whole_distinct_and_full_size() -> None:
    images = make_faces(75).images[:-1]  # the last one is a copy
    plain = list(statistics_batches(images, CONFIG, augmented=False))
    assert [one.shape for one in plain] == [(10, 48, 48, 1)] * 7
    assert len({row.tobytes() for one in plain for row in one}) == 70
    augmented = next(statistics_batches(images, CONFIG, augmented=True))
    assert augmented.shape == plain[0].shape
    assert np.any(augmented != plain[0])


def test_finalising_leaves_the_best_candidate_in_the_model(runs: Runs) -> None:
    model = compile_model(CONFIG)
    load_checkpoint(model, runs.straight / "checkpoint.npz")
    raw = [value.copy() for value in model.get_weights()]
    model, choice = finalize(model, CONFIG, runs.dataset)
    assert [(c.weights, c.statistics) for c in choice.candidates] == [
        ("raw", "training"),
        ("ema", "augmented"),
        ("ema", "plain"),
    ]
    losses = [candidate.vote_loss for candidate in choice.candidates]
    assert None not in losses and len(set(losses)) > 1
    assert choice.chosen.vote_loss == min(losses)
    assert all(c.n == 30 for c in choice.candidates)
    validation = runs.dataset.split("PublicTest")
    assert validate(model, validation, 48)["val_accuracy"] == choice.chosen.val_accuracy
    same = all(np.array_equal(a, b) for a, b in zip(raw, model.get_weights(), strict=True))
    assert same == (choice.chosen.weights == "raw")


def test_without_votes_the_most_accurate_candidate_wins(runs: Runs) -> None:
    model = compile_model(CONFIG)
    load_checkpoint(model, runs.straight / "checkpoint.npz")
    data = replace(runs.dataset, votes=None)
    _, choice = finalize(model, CONFIG, data)
    assert all(c.vote_loss is None for c in choice.candidates)
    assert choice.chosen.val_accuracy == max(c.val_accuracy for c in choice.candidates)
    _, choice = finalize(model, replace(CONFIG, ema=0.0), data)
    assert [c.weights for c in choice.candidates] == ["raw"], "without a moving average"


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("float32", 1e-4), ("float16", 5e-3), ("int8", 0.08)]
)
def test_converted_probabilities_agree_with_keras(
    runs: Runs,
    loaded: tuple[Any, dict[str, np.ndarray]],
    precision: str,
    tolerance: float,
) -> None:
    model, logits = loaded
    images = runs.dataset.images[:20]
    calibrators = {"fer2013": Calibrator(1.7), "ferplus": Calibrator(0.6, 1.4)}
    content = convert(model, calibrators, precision=precision)  # type: ignore[arg-type]
    served = run_converted(content, images)
    for head, calibrator in calibrators.items():
        assert served[head].dtype == np.float32
        np.testing.assert_allclose(served[head].sum(axis=1), 1, atol=1e-5)
        wanted = calibrator.apply(logits[head])
        np.testing.assert_allclose(served[head], wanted, atol=tolerance)


def test_the_joined_output_of_the_file_is_that_of_the_logits(
    runs: Runs, loaded: tuple[Any, dict[str, np.ndarray]]
) -> None:
    model, logits = loaded
    votes = runs.dataset.votes
    assert votes is not None
    joined = fit_perceived(logits, votes[:20])
    calibrators = {"fer2013": Calibrator(1.7), "ferplus": Calibrator(0.6, 1.4)}
    content = convert(model, calibrators, perceived=joined, precision="float32")
    served = run_converted(content, runs.dataset.images[:20])
    wanted = softmax(join(joined, logits), axis=1)
    np.testing.assert_allclose(served["perceived"], wanted, atol=1e-4)
    # The other outputs are what they are without it.
    np.testing.assert_allclose(
        served["ferplus"], calibrators["ferplus"].apply(logits["ferplus"]), atol=1e-4
    )


def test_the_signature_has_named_inputs_and_outputs() -> None:
    from ai_edge_litert.interpreter import Interpreter

    calibrators = {"fer2013": Calibrator(), "ferplus": Calibrator()}
    content = convert(compile_model(CONFIG), calibrators, perceived=JOINED)
    interpreter = Interpreter(model_content=content)
    runner = interpreter.get_signature_runner("serving_default")
    (pixels,) = runner.get_input_details().values()
    assert (list(pixels["shape"]), pixels["dtype"]) == ([1, 48, 48], np.uint8)
    outputs = runner.get_output_details()
    assert {name: tuple(one["shape"]) for name, one in outputs.items()} == {
        "perceived": (1, 7),
        "fer2013": (1, 7),
        "ferplus": (1, 8),
        "features": (1, 12, 12, 16),
    }


def test_another_backend_is_named_before_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    model = compile_model(CONFIG)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ModelError, match="got jax; publish in a new process"):
        convert(model, {"fer2013": Calibrator()})


def test_a_conversion_that_loses_accuracy_is_not_accepted(runs: Runs) -> None:
    validation = runs.dataset.split("PublicTest")
    model = compile_model(CONFIG)
    content = convert(model, {"fer2013": Calibrator(), "ferplus": Calibrator()})
    truths = head_truths(CONFIG, validation)
    del truths["perceived"]  # which this file does not have
    perfect = {
        "fer2013": np.eye(7)[validation.labels],
        "ferplus": np.eye(8)[truths["ferplus"].labels],
    }
    check, served = check_precision("int8", content, validation.images, perfect, truths)
    assert not check["accepted"]
    assert check["float_accuracy"] == {"fer2013": 1, "ferplus": 1}
    assert check["largest_difference"]["fer2013"] > 0.5
    again, _ = check_precision("int8", content, validation.images, served, truths)
    assert again["accepted"]
    assert again["largest_difference"] == {"fer2013": 0, "ferplus": 0}
    assert again["same_answer"] == {"fer2013": 1, "ferplus": 1}


def test_a_published_folder_opens_and_serves(runs: Runs, published: Path) -> None:
    classifier = EmotionClassifier.load("tiny", directory=published.parent)
    probabilities = classifier.predict(runs.dataset.images[:30])
    assert (classifier.head, classifier.labels) == ("perceived", FER2013)
    assert probabilities.shape == (30, 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert EmotionClassifier.load("tiny", labels="ferplus", directory=published.parent).predict(
        runs.dataset.images[:2]
    ).shape == (2, 8)


def test_the_card_repeats_what_the_files_say(runs: Runs, published: Path) -> None:
    folder = open_model("tiny", directory=published.parent)
    card, metrics = folder.card, folder.metrics()
    assert (card.version, card.epochs, card.seed) == ("9", 2, 0)
    assert recipe_of(card.recipe, TrainingConfig) == CONFIG
    assert card.file_bytes == folder.weights.stat().st_size
    assert [row["epoch"] for row in folder.history()] == [1, 2]
    figure = card.metric("accuracy", split="PrivateTest")
    assert figure is not None
    report = metrics["PrivateTest"]["fer2013"]
    assert (figure.value, figure.n) == (report["accuracy"], 30)
    assert [figure.low, figure.high] == report["accuracy_interval"]
    without = card.metric("accuracy", split="PrivateTest", protocol="without copies")
    assert without is not None and without.n == 29
    assert card.metric("ece_uncalibrated", split="PrivateTest") is not None
    for labels, key in SEEN.items():
        seen = metrics["PrivateTest"][key]
        for name in ("accuracy", "macro_recall", "ece"):
            figure = card.metric(name, head=labels, protocol="majority of 7")
            assert figure is not None and (figure.value, figure.n) == (seen[name], 30)
        votes = card.metric("vote_error", head=labels, protocol="votes")
        assert votes is not None
        assert (votes.value, votes.n) == (seen["votes"]["error"], seen["votes"]["n"])
    neutral = card.metric("recall_neutral", head="perceived", protocol="majority of 7")
    assert neutral is not None
    assert neutral.value == metrics["PrivateTest"]["perceived"]["per_class"]["neutral"]["recall"]
    assert metrics["dataset"]["trained_on"] == 139
    assert sum(metrics["dataset"]["splits"]["Training"]["counts"].values()) == 140
    assert sum(metrics["dataset"]["splits"]["PrivateTest"]["ferplus_majority"].values()) == 30


def test_published_figures_are_those_of_the_file_that_runs(runs: Runs, published: Path) -> None:
    folder = open_model("tiny", directory=published.parent)
    classifier = EmotionClassifier(folder)
    report = evaluate_classifier(
        classifier.predict_heads,
        runs.dataset,
        "PrivateTest",
        calibrators=calibrators_of(folder.card.temperature, folder.card.exponent),
        thresholds=folder.card.thresholds,
    )
    assert json.loads(json.dumps(report)) == folder.metrics()["PrivateTest"]


@pytest.mark.parametrize(("labels", "target"), [("perceived", 0.88), ("fer2013", 0.8)])
def test_the_threshold_on_the_card_is_that_of_the_file(
    runs: Runs, published: Path, labels: str, target: float
) -> None:
    classifier = EmotionClassifier.load("tiny", labels=labels, directory=published.parent)
    validation = runs.dataset.split("PublicTest")
    probabilities = classifier.predict(validation.images)
    # The votes agree with the labels here.
    correct = probabilities.argmax(axis=1) == validation.labels
    chosen = classifier.folder.card.abstain[labels]
    answered = probabilities.max(axis=1) >= chosen.threshold
    assert classifier.threshold == chosen.threshold
    assert answered.mean() == pytest.approx(chosen.coverage)
    assert (chosen.n, chosen.split, chosen.target) == (30, "PublicTest", target)
    if answered.any():
        assert correct[answered].mean() == pytest.approx(chosen.accuracy)


def test_the_keras_file_gives_what_the_card_promises(runs: Runs, published: Path) -> None:
    import keras

    import fer.architectures.layers  # noqa: F401  registers the layer that the file names

    model = keras.saving.load_model(published / "model.keras")
    card = open_model("tiny", directory=published.parent).card
    assert getattr(model, "optimizer", None) is None
    assert model.count_params() == card.parameters
    images = runs.dataset.images[:20]
    logits = model.predict(resized(images, 48), verbose=0)
    served = run_converted(published / "model.tflite", images)
    for head, calibrator in calibrators_of(card.temperature, card.exponent).items():
        np.testing.assert_allclose(served[head], calibrator.apply(logits[head]), atol=0.08)


def test_a_remade_model_is_the_same_network_measured_anew(
    runs: Runs, published: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(published, models / "tiny")
    before = open_model("tiny", directory=models)
    (models / "tiny" / "kept.txt").touch()
    remade = open_model(
        remake(before, runs.dataset, version="10", test=False).name, directory=models
    )
    assert (remade.card.version, remade.card.recipe) == ("10", before.card.recipe)
    assert remade.card.training_minutes == before.card.training_minutes
    assert (remade.path / "kept.txt").exists()
    assert "PrivateTest" not in remade.metrics()
    assert remade.metrics()["candidates"] == before.metrics()["candidates"]
    assert remade.metrics()["latency_ms"] > 0
    images = runs.dataset.images[:10]
    again = EmotionClassifier(remade).predict(images)
    np.testing.assert_allclose(again, EmotionClassifier(before).predict(images), atol=1e-3)


def test_a_model_without_its_network_is_not_remade(
    runs: Runs, published: Path, tmp_path: Path
) -> None:
    shutil.copytree(published, tmp_path / "tiny")
    (tmp_path / "tiny" / "model.keras").unlink()
    with pytest.raises(TrainingError, match=r"model\.keras: expected .*\.keras file"):
        remake(open_model("tiny", directory=tmp_path), runs.dataset, version="2")


def test_a_trial_leaves_privatetest_closed_and_replaces_the_folder(trial: Path) -> None:
    models = trial.parent
    assert [card.version for card in list_models(models)] == ["2"]
    assert [p.name for p in models.iterdir()] == ["trial"]
    assert not (trial / "left over").exists()
    assert "PrivateTest" not in json.loads((trial / "metrics.json").read_text())
    assert {m.split for m in open_model("trial", directory=models).card.metrics} == {"PublicTest"}


def test_a_head_without_a_loss_is_not_published(runs: Runs, trial: Path) -> None:
    assert set(open_model("trial", directory=trial.parent).card.labels) == {"fer2013"}
    served = run_converted(trial / "model.tflite", runs.dataset.images[:1])
    assert set(served) == {"fer2013"}
    with pytest.raises(InputError, match="ferplus"):
        EmotionClassifier.load("trial", labels="ferplus", directory=trial.parent)


def test_a_run_without_an_epoch_is_not_published(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"config\.json: expected the JSON of a recipe"):
        publish(tmp_path, runs.dataset, tmp_path / "models", version="1")
    shutil.copy(runs.straight / "config.json", tmp_path)
    with pytest.raises(TrainingError, match=r"found no checkpoint\.npz"):
        publish(tmp_path, runs.dataset, tmp_path / "models", version="1")


def test_missing_test_rows_and_a_bad_name_are_noticed_before_any_work(tmp_path: Path) -> None:
    data = replace(make_faces(), split_names=("Training", "PublicTest", "other"))
    with pytest.raises(DatasetError, match="PrivateTest"):
        publish(tmp_path / "no run", data, tmp_path, version="1")
    with pytest.raises(ModelError, match="expected a name"):
        publish(tmp_path, make_faces(), tmp_path, "../up", version="1")
