"""One tiny run through everything that needs TensorFlow: train, kill, resume, publish, serve."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from fer.architectures import build
from fer.classifier import EmotionClassifier
from fer.datasets.base import FaceDataset
from fer.errors import DatasetError, InputError, ModelError, TrainingError
from fer.evaluation.evaluate import evaluate_classifier
from fer.labels import FER2013, FERPLUS
from fer.model_store import list_models, open_model
from fer.training.batches import epoch_batches, make_batch
from fer.training.config import AugmentationConfig, Cycle, TrainingConfig
from fer.training.convert import convert, run_converted
from fer.training.deployment import check_precision, head_truths
from fer.training.ensemble import evaluate_ensemble, write_ensemble
from fer.training.finalize import finalize, reestimate_statistics, statistics_batches
from fer.training.parallel import Workers
from fer.training.publish import publish
from fer.training.run import (
    StepReport,
    compile_model,
    load_checkpoint,
    open_run,
    resized,
    train,
    usable_rows,
    validate,
)
from fer.training.run_folder import (
    answers_path,
    load_answers,
    read_config,
    save_checkpoint,
    start_run,
)
from fer.training.runs import recipe_change
from fer.training.targets import Targets, make_targets
from fer.training.teachers import Teachers, hire, load_network

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CONFIG = TrainingConfig(
    architecture="tiny",
    epochs=2,
    batch_size=10,
    learning_rate=0.1,
    warmup_epochs=0.5,
    sizes=((0.5, 32), (0.5, 48)),
    dropout=0.2,
    ema=0.8,
    augmentation=AugmentationConfig(rotation_degrees=3, shift=0.02, flip=0, erase=0.1),
)
PLAIN = AugmentationConfig(0, (1, 1), 0, 0, 0, 0, 0)


def pattern(label: int) -> np.ndarray:
    """What global pooling can tell apart: stripes of two directions and three widths, squares."""
    stripe = [2, 4, 8][label % 3]
    down, across = np.indices((48, 48)) // stripe % 2
    return np.asarray([down, across, down ^ across][label // 3] * 120)


def make_faces(n: int = 200) -> FaceDataset:
    """Noisy patterns, 140 / 30 / 30 rows, with votes that agree with the labels."""
    rng = np.random.default_rng(0)
    labels = (np.arange(n) % 7).astype(np.int8)
    images = rng.integers(0, 120, (n, 48, 48)) + np.stack([pattern(label) for label in labels])
    votes = np.zeros((n, 10), np.uint8)
    for row, label in enumerate(labels):
        votes[row, FERPLUS.index(FER2013[label])] = 8
        votes[row, 7] = 2
    splits = np.repeat(np.arange(3, dtype=np.int8), [n - 60, 30, 30])
    # The last PrivateTest picture is also in Training.
    for column in (images, labels, votes):
        column[-1] = column[0]
    return FaceDataset(images.astype(np.uint8), labels, splits, source="stripes", votes=votes)


class Killed(Exception):
    """Stands for a kill in the middle of an epoch."""


def history_of(folder: Path) -> list[dict[str, float]]:
    with (folder / "history.csv").open(newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


@dataclass(frozen=True)
class Runs:
    dataset: FaceDataset
    straight: Path
    resumed: Path
    steps: list[StepReport]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The same recipe twice: in one go, and killed in its second epoch and resumed."""
    root = tmp_path_factory.mktemp("runs")
    dataset = make_faces()
    steps: list[StepReport] = []

    def report(step: StepReport) -> None:
        steps.append(step)
        if (step.epoch, step.step) == (1, 3):
            # A kill at this moment leaves the folder as it is.
            shutil.copytree(root / "straight", root / "resumed")

    train(CONFIG, dataset, root / "straight", report=report)
    assert len(history_of(root / "resumed")) == 1
    train(CONFIG, dataset, root / "resumed", resume=True)
    return Runs(dataset, root / "straight", root / "resumed", steps)


@pytest.fixture(scope="module")
def loaded(runs: Runs) -> tuple[Any, dict[str, np.ndarray]]:
    """The trained network, not to be changed, and its logits of the first 20 faces."""
    model = compile_model(CONFIG)
    load_checkpoint(model, runs.straight / "checkpoint.npz")
    return model, model.predict(resized(runs.dataset.images[:20], 48), verbose=0)


@pytest.fixture(scope="module")
def published(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("models")
    return publish(runs.straight, runs.dataset, models, "tiny", version="9")


def test_training_learns_and_reports_every_step(runs: Runs) -> None:
    first, second = history_of(runs.straight)
    assert second["loss"] < first["loss"]
    assert second["accuracy"] > 0.4  # chance is 0.14
    assert [first["size"], second["size"]] == [32, 48]
    # 140 Training rows, one of them a copy of a PrivateTest picture: 13 whole batches of 10.
    assert [(s.epoch, s.step) for s in runs.steps] == [
        (epoch, step) for epoch in range(2) for step in range(1, 14)
    ]
    assert {step.steps for step in runs.steps} == {13}
    # An epoch's row is the mean of its steps.
    for row, epoch in ((first, 0), (second, 1)):
        mean = np.mean([step.loss for step in runs.steps if step.epoch == epoch])
        assert row["loss"] == pytest.approx(mean, rel=1e-6)


def test_a_killed_and_resumed_run_has_the_curve_of_an_unbroken_one(runs: Runs) -> None:
    straight, resumed = history_of(runs.straight), history_of(runs.resumed)
    assert [row["epoch"] for row in resumed] == [1, 2]
    for one, other in zip(straight, resumed, strict=True):
        for name in one.keys() - {"seconds"}:
            assert other[name] == pytest.approx(one[name], rel=1e-3, abs=1e-3), name


def test_a_finished_run_resumes_to_nothing(runs: Runs, tmp_path: Path) -> None:
    folder = shutil.copytree(runs.straight, tmp_path / "run")
    steps: list[StepReport] = []
    train(CONFIG, runs.dataset, folder, resume=True, report=steps.append)
    assert steps == []
    assert history_of(folder) == history_of(runs.straight)


def test_a_restart_learns_from_the_network_before_it(runs: Runs, tmp_path: Path) -> None:
    folder = shutil.copytree(runs.straight, tmp_path / "run")
    cycle = Cycle(2, learning_rate=0.02, teacher_weight=0.5, augmentation=CONFIG.augmentation)
    config = replace(CONFIG, restarts=(cycle,))

    # A further cycle is the one change of recipe that a run allows: what was done stays true.
    def kill(step: StepReport) -> None:
        if step.epoch == 3:
            raise Killed

    with pytest.raises(Killed):
        train(config, runs.dataset, folder, resume=True, report=kill)
    assert read_config(folder) == config
    answers = load_answers(answers_path(folder, 2), 139)
    for head, classes in (("fer2013", 7), ("ferplus", 8)):
        assert answers[head].shape == (139, classes)
        np.testing.assert_allclose(answers[head].sum(axis=1), 1, rtol=1e-5)
    train(config, runs.dataset, folder, resume=True)
    assert [row["epoch"] for row in history_of(folder)] == [1, 2, 3, 4]
    assert history_of(folder)[-1]["val_accuracy"] > 0.3
    (folder / "teacher-2.npz").unlink()
    with pytest.raises(TrainingError, match="expected a teacher's answers for 139"):
        load_answers(answers_path(folder, 2), 139)


# Other networks as teachers.


def test_a_run_starts_from_another_and_learns_in_bfloat16(runs: Runs, tmp_path: Path) -> None:
    config = replace(
        CONFIG,
        epochs=1,
        sizes=((1.0, 32),),
        start=str(runs.straight),
        teacher_weight=0.3,
        precision="mixed_bfloat16",
    )
    model = train(config, runs.dataset, tmp_path / "run")
    convolutions = [layer for layer in model.layers if "conv2d" in layer.name]
    assert {layer.compute_dtype for layer in convolutions} == {"bfloat16"}
    for name in ("standardize", "features", "fer2013", "ferplus"):
        assert model.get_layer(name).compute_dtype == "float32"
    (row,) = history_of(tmp_path / "run")
    # From random weights the first epoch of the other run could not be there yet.
    assert row["loss"] < history_of(runs.straight)[0]["loss"]
    opened, stored, _ = open_run(tmp_path / "run")
    assert stored == config
    assert {layer.compute_dtype for layer in opened.layers} == {"float32"}
    for one, other in zip(model.get_weights(), opened.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert "start straight" in recipe_change(config)


def test_an_unknown_precision_is_one_line() -> None:
    with pytest.raises(InputError, match="expected one of float32, mixed_bfloat16, got 'half'"):
        compile_model(replace(CONFIG, precision="half"))


def test_teachers_answer_the_view_that_the_student_sees(
    runs: Runs, loaded: tuple[Any, dict[str, np.ndarray]], published: Path, tmp_path: Path
) -> None:
    _, logits = loaded
    # A finished run and a published file of it: their mean is between the two.
    cycle = Cycle(1, 0.1, teacher_weight=0.25, teachers=(str(runs.straight),))
    both = replace(cycle, teachers=(str(runs.straight), str(published / "model.keras")))
    rows = np.arange(20)
    batch = make_batch(
        runs.dataset.images,
        make_targets(runs.dataset, label_smoothing=0, vote_smoothing=0),
        rows,
        48,
        PLAIN,
        (0,),
    )
    one, two = hire(cycle, tmp_path), hire(both, tmp_path)
    assert one is not None and two is not None and hire(Cycle(1, 0.1), tmp_path) is None
    (taught,) = one.teach([batch], 0, 20, 48)
    (twice,) = two.teach([batch], 0, 20, 32)
    for head, values in batch.targets.items():
        wanted = 0.75 * values + 0.25 * softmax(logits[head], axis=1)
        np.testing.assert_allclose(taught.targets[head], wanted, atol=1e-5)
        np.testing.assert_allclose(twice.targets[head].sum(axis=1), 1, atol=1e-5)
    assert taught.pixels is batch.pixels and twice.pixels.shape == (20, 32, 32, 1)
    assert not list(tmp_path.iterdir())


def test_views_that_are_shown_again_find_the_answers_kept(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counted(self: Teachers, pixels: Any) -> Any:
        asked.append(len(pixels))
        return ask(self, pixels)

    ask = Teachers.ask
    monkeypatch.setattr(Teachers, "ask", counted)
    cycle = Cycle(5, 0.1, sizes=((0.6, 32), (0.4, 48)), teacher_weight=0.5, views=2)
    config = replace(CONFIG, restarts=(replace(cycle, teachers=(str(runs.straight),)),))
    # The closing step, with an augmentation of its own, has views of its own.
    shown = [config.view_at(epoch) for epoch in range(7)]
    assert shown == [0, 1, 2, 3, 2, 5, 6]
    train(config, runs.dataset, tmp_path / "run")
    assert len(asked) == 4 * (139 // 10)
    # Kept answers are the mean over the picture and its mirror image.
    pixels = runs.dataset.images[:8, ..., None].astype(np.float32)
    keeping = hire(config.restarts[0], tmp_path)
    assert keeping is not None
    for head, values in keeping.ask(pixels).items():
        mirrored = keeping.ask(pixels[:, :, ::-1])[head]
        np.testing.assert_allclose(values, mirrored, atol=1e-6)
    assert {one.name for one in (tmp_path / "run").glob("view-*")} == {
        f"view-{epoch}.npz" for epoch in (2, 3, 5, 6)
    }
    # Asked again, a run that lost a kept answer goes the same way.
    history = history_of(tmp_path / "run")
    folder = shutil.copytree(tmp_path / "run", tmp_path / "again")
    for one in folder.glob("view-*"):
        if one.name != "view-2.npz":
            one.unlink()
    (folder / "checkpoint.npz").unlink()
    train(config, runs.dataset, folder, resume=True)
    for before, after in zip(history, history_of(folder), strict=True):
        assert after["loss"] == pytest.approx(before["loss"], abs=1e-4)
    # Another recipe in a folder without a checkpoint shows other pictures.
    (folder / "checkpoint.npz").unlink()
    start_run(folder, config, resume=False)
    assert len(list(folder.glob("view-*"))) == 4
    start_run(folder, replace(config, seed=2), resume=False)
    assert not list(folder.glob("view-*"))


def test_teachers_compute_in_the_precision_of_the_run(runs: Runs, tmp_path: Path) -> None:
    cycle = Cycle(1, 0.1, teacher_weight=0.5, teachers=(str(runs.straight),))
    plain, half = (hire(cycle, tmp_path, precision=one) for one in ("float32", "mixed_bfloat16"))
    assert plain is not None and half is not None
    pixels = runs.dataset.images[:8, ..., None].astype(np.float32)
    for head, values in plain.ask(pixels).items():
        np.testing.assert_allclose(half.ask(pixels)[head], values, atol=0.03)
    assert {one.compute_dtype for one in half.networks[0].layers} >= {"bfloat16", "float32"}


def test_a_student_learns_from_a_finished_run_and_resumes(runs: Runs, tmp_path: Path) -> None:
    config = replace(CONFIG, seed=1, teacher_weight=0.5, teachers=(str(runs.straight),))
    train(config, runs.dataset, tmp_path / "run")
    assert read_config(tmp_path / "run") == config
    # What is published names the teacher, not where it lies on this machine.
    assert config.portable().teachers == ("straight",)
    assert str(tmp_path.parent) not in recipe_change(config)
    assert "teachers straight" in recipe_change(config)
    history = history_of(tmp_path / "run")
    assert history[1]["loss"] < history[0]["loss"]
    train(config, runs.dataset, tmp_path / "run", resume=True)
    assert history_of(tmp_path / "run") == history


def test_teachers_that_answer_once_leave_the_mean_of_their_answers(
    runs: Runs, tmp_path: Path, published: Path
) -> None:
    teachers = (str(runs.straight), str(published / "model.keras"))
    config = replace(CONFIG, seed=1, teacher_weight=0.5, teachers=teachers, answer_once=True)
    assert hire(config.cycle_at(0)[0], tmp_path) is None
    train(config, runs.dataset, tmp_path / "run")
    chosen, _ = usable_rows(runs.dataset)
    kept = load_answers(answers_path(tmp_path / "run", 0), len(chosen))
    views = [resized(view, 48) for view in (chosen.images, chosen.images[:, :, ::-1])]
    for head, values in kept.items():
        wanted = np.mean(
            [
                softmax(load_network(Path(one)).predict(view, verbose=0)[head], axis=1)
                for one in teachers
                for view in views
            ],
            axis=0,
        )
        np.testing.assert_allclose(values, wanted, atol=1e-5)
    # A resumed run reads them: its teachers may be gone.
    gone = replace(config, teachers=(str(tmp_path / "gone"),))
    folder = shutil.copytree(tmp_path / "run", tmp_path / "resumed")
    longer = replace(gone, epochs=CONFIG.epochs + 1)
    (folder / "config.json").write_text(json.dumps(longer.to_dict()))
    train(longer, runs.dataset, folder, resume=True)
    assert len(history_of(folder)) == CONFIG.epochs + 1


def test_the_closing_step_can_learn_from_the_labels_alone(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[np.ndarray] = []

    def spied(
        images: Any, targets: Targets, epoch: int, config: TrainingConfig, **size: Any
    ) -> Any:
        shown.append(targets.fer2013)
        return epoch_batches(images, targets, epoch, config, **size)

    monkeypatch.setattr("fer.training.run.epoch_batches", spied)
    teachers = (str(runs.straight),)
    soft = replace(CONFIG, vote_smoothing=0.3, teacher_weight=0.4, teachers=teachers)
    train(replace(soft, answer_once=True, closing_labels=True), runs.dataset, tmp_path / "once")
    train(replace(soft, closing_labels=True), runs.dataset, tmp_path / "each")
    chosen, _ = usable_rows(runs.dataset)
    share = CONFIG.label_smoothing
    labels = (1 - share) * np.eye(len(FER2013))[chosen.labels] + share / len(FER2013)
    for first, last in (shown[:2], shown[2:]):
        assert np.abs(first - labels).max() > 1e-3
        np.testing.assert_allclose(last, labels, atol=1e-6)


def test_what_cannot_teach_is_refused_in_one_line(runs: Runs, tmp_path: Path) -> None:
    def hired(path: Path, share: float = 0.5) -> str:
        with pytest.raises(TrainingError) as caught:
            hire(Cycle(1, 0.1, teacher_weight=share, teachers=(str(path),)), tmp_path)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "found no config.json" in hired(tmp_path)
    assert "expected the folder of a run or a .keras file" in hired(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("hello")
    assert "expected the folder of a run or a .keras file" in hired(tmp_path / "text.keras")
    assert "expected above 0 and at most 1" in hired(runs.straight, 0.0)
    folder = shutil.copytree(runs.straight, tmp_path / "run")
    longer = replace(CONFIG, restarts=(Cycle(1, 0.1),))
    (folder / "config.json").write_text(json.dumps(longer.to_dict()))
    assert "got 2 of 3 epochs" in hired(folder)
    (folder / "checkpoint.npz").unlink()
    assert "found no checkpoint.npz" in hired(folder)
    baseline = build("cnn4-56")
    baseline.save(tmp_path / "baseline.keras")
    assert "got one output" in hired(tmp_path / "baseline.keras")
    with pytest.raises(TrainingError, match="expected one process, got 2 workers"):
        hire(
            Cycle(1, 0.1, teacher_weight=0.5, teachers=(str(runs.straight),)),
            tmp_path,
            Workers(0, 2, "127.0.0.1:1"),
        )
    with pytest.raises(TrainingError, match="an untrained network cannot teach itself"):
        replace(CONFIG, teacher_weight=0.5)


def test_an_ensemble_is_the_mean_of_its_members(
    runs: Runs, loaded: tuple[Any, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    model, _ = loaded
    seen: list[tuple[int, int]] = []
    members = [runs.straight, shutil.copytree(runs.straight, tmp_path / "twin")]
    result = evaluate_ensemble(
        members, runs.dataset, private=True, report=lambda *at: seen.append(at)
    )
    assert seen == [(1, 2), (2, 2)]
    assert [one["name"] for one in result["members"]] == ["straight", "twin"]
    # The mean of a network and its copy is the network.
    for split in ("PublicTest", "PrivateTest"):
        chosen = runs.dataset.split(split)
        views = (chosen.images, chosen.images[:, :, ::-1])
        plain, mirrored = (
            softmax(model.predict(resized(view, 48), verbose=0)["fer2013"], axis=1)
            for view in views
        )
        both = float(((plain + mirrored).argmax(axis=1) == chosen.labels).mean())
        assert result[split]["fer2013"]["accuracy"] == pytest.approx(
            float((plain.argmax(axis=1) == chosen.labels).mean())
        )
        assert result[split]["fer2013_flip"]["accuracy"] == pytest.approx(both)
    one = result["members"][1]
    assert one["public_accuracy"] == result["PublicTest"]["fer2013"]["accuracy"]
    assert one["public_flip_accuracy"] == result["PublicTest"]["fer2013_flip"]["accuracy"]

    page = write_ensemble(result, tmp_path / "models").read_text()
    assert f"| twin | {one['public_accuracy']:.2%} |" in page
    assert "| PrivateTest | 30 |" in page
    assert json.loads((tmp_path / "models" / "ensemble.json").read_text()) == result
    with pytest.raises(InputError, match="expected 2 to 5 runs, got 1"):
        evaluate_ensemble(members[:1], runs.dataset)


def test_the_recipe_is_stored_with_the_run(runs: Runs) -> None:
    assert read_config(runs.straight) == CONFIG


def test_a_run_is_not_overwritten(runs: Runs) -> None:
    with pytest.raises(TrainingError, match="--resume"):
        train(CONFIG, runs.dataset, runs.straight)


def test_a_run_is_not_resumed_with_another_recipe(runs: Runs) -> None:
    other = replace(CONFIG, learning_rate=0.05, ema=0.9)
    with pytest.raises(TrainingError, match="another learning_rate, ema"):
        train(other, runs.dataset, runs.straight, resume=True)


def test_data_of_other_classes_is_refused(runs: Runs, tmp_path: Path) -> None:
    data = replace(runs.dataset, label_names=tuple(reversed(FER2013)))
    with pytest.raises(TrainingError, match="expected the classes angry"):
        train(CONFIG, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_data_without_validation_rows_is_refused(runs: Runs, tmp_path: Path) -> None:
    data = runs.dataset.select(~runs.dataset.split_mask("PublicTest"))
    with pytest.raises(TrainingError, match="139 usable ones and 0"):
        train(CONFIG, data, tmp_path / "run")


def test_a_baseline_with_one_output_is_not_trained(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"cnn4-4\.5m"):
        train(replace(CONFIG, architecture="cnn4-4.5m"), runs.dataset, tmp_path / "run")


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "other network"])
def test_a_damaged_checkpoint_is_refused_in_one_line(
    runs: Runs, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "checkpoint.npz"
    whole = (runs.straight / "checkpoint.npz").read_bytes()
    contents = {"truncated": whole[: len(whole) // 2], "empty": b"", "text": b"hello"}
    if damage in contents:
        path.write_bytes(contents[damage])
    else:
        with np.load(runs.straight / "checkpoint.npz") as stored:
            np.savez(path, **{k: stored[k] for k in stored.files if k != "v3"})
    with pytest.raises(TrainingError, match="expected a checkpoint of this architecture") as caught:
        load_checkpoint(compile_model(CONFIG), path)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(b"old")

    def full_disk(*_args: object, **_arrays: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(TrainingError, match="No space left on device"):
        save_checkpoint(compile_model(CONFIG), path, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.npz"]
    assert path.read_bytes() == b"old"


def test_a_diverged_loss_stops_the_run(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"epoch 1, step \d+: the loss is (nan|inf)"):
        train(
            replace(CONFIG, learning_rate=1e30, warmup_epochs=0.0), runs.dataset, tmp_path / "run"
        )


# Finalising.


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
    assert len(list(statistics_batches(images, CONFIG, augmented=False, batches=3))) == 3
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
    assert choice.chosen.val_accuracy == max(c.val_accuracy for c in choice.candidates)
    assert len({c.val_accuracy for c in choice.candidates}) > 1
    assert all(c.n == 30 for c in choice.candidates)
    validation = runs.dataset.split("PublicTest")
    assert validate(model, validation, 48)["val_accuracy"] == choice.chosen.val_accuracy
    same = all(np.array_equal(a, b) for a, b in zip(raw, model.get_weights(), strict=True))
    assert same == (choice.chosen.weights == "raw")


def test_without_a_moving_average_there_is_one_candidate(runs: Runs) -> None:
    config = replace(CONFIG, ema=0.0)
    _, choice = finalize(compile_model(config), config, runs.dataset)
    assert [c.weights for c in choice.candidates] == ["raw"]


# Conversion.


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
    temperatures = {"fer2013": 1.7, "ferplus": 0.6}
    content = convert(model, temperatures, precision=precision)  # type: ignore[arg-type]
    served = run_converted(content, images)
    for head, temperature in temperatures.items():
        assert served[head].dtype == np.float32
        np.testing.assert_allclose(served[head].sum(axis=1), 1, atol=1e-5)
        wanted = softmax(logits[head] / temperature, axis=1)
        np.testing.assert_allclose(served[head], wanted, atol=tolerance)


def test_a_converted_file_holds_only_the_heads_that_were_asked_for() -> None:
    content = convert(compile_model(CONFIG), {"fer2013": 1.0})
    assert set(run_converted(content, np.zeros((1, 48, 48), np.uint8))) == {"fer2013"}


def test_the_signature_has_named_inputs_and_outputs() -> None:
    from ai_edge_litert.interpreter import Interpreter

    content = convert(compile_model(CONFIG), {"fer2013": 1.0, "ferplus": 1.0})
    interpreter = Interpreter(model_content=content)
    runner = interpreter.get_signature_runner("serving_default")
    (pixels,) = runner.get_input_details().values()
    assert (list(pixels["shape"]), pixels["dtype"]) == ([1, 48, 48], np.uint8)
    outputs = runner.get_output_details()
    assert {name: tuple(one["shape"]) for name, one in outputs.items()} == {
        "fer2013": (1, 7),
        "ferplus": (1, 8),
        "features": (1, 12, 12, 16),
    }


def test_a_network_without_the_heads_is_not_converted() -> None:
    from fer.architectures import build

    with pytest.raises(ModelError, match="got a single output"):
        convert(build("cnn4-4.5m"), {"fer2013": 1.0})
    with pytest.raises(ModelError, match="heads other"):
        convert(build("tiny"), {"other": 1.0})


def test_another_backend_is_named_before_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    model = compile_model(CONFIG)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ModelError, match="got jax; publish in a new process"):
        convert(model, {"fer2013": 1.0})


def test_a_conversion_that_loses_accuracy_is_not_accepted(runs: Runs) -> None:
    validation = runs.dataset.split("PublicTest")
    model = compile_model(CONFIG)
    content = convert(model, {"fer2013": 1.0, "ferplus": 1.0})
    truths = head_truths(CONFIG, validation)
    perfect = {
        "fer2013": np.eye(7)[validation.labels],
        "ferplus": np.eye(8)[truths["ferplus"].labels],
    }
    check, served = check_precision("int8", content, validation.images, perfect, truths)
    assert not check.accepted
    assert check.float_accuracy == {"fer2013": 1, "ferplus": 1}
    assert check.largest_difference["fer2013"] > 0.5
    again, _ = check_precision("int8", content, validation.images, served, truths)
    assert again.accepted
    assert again.largest_difference == {"fer2013": 0, "ferplus": 0}
    assert again.same_answer == {"fer2013": 1, "ferplus": 1}


# Publishing.


def test_a_published_folder_opens_and_serves(runs: Runs, published: Path) -> None:
    classifier = EmotionClassifier.load("tiny", directory=published.parent)
    probabilities = classifier.predict(runs.dataset.images[:30])
    assert classifier.labels == FER2013
    assert probabilities.shape == (30, 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert EmotionClassifier.load("tiny", labels="ferplus", directory=published.parent).predict(
        runs.dataset.images[:2]
    ).shape == (2, 8)


def test_the_card_repeats_what_the_files_say(runs: Runs, published: Path) -> None:
    folder = open_model("tiny", directory=published.parent)
    card, metrics = folder.card, folder.metrics()
    assert (card.version, card.epochs, card.seed) == ("9", 2, 0)
    assert TrainingConfig.from_dict(card.recipe) == CONFIG
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
        temperatures=folder.card.temperature,
    )
    assert json.loads(json.dumps(report)) == folder.metrics()["PrivateTest"]


def test_the_threshold_on_the_card_is_that_of_the_file(runs: Runs, published: Path) -> None:
    classifier = EmotionClassifier.load("tiny", directory=published.parent)
    validation = runs.dataset.split("PublicTest")
    probabilities = classifier.predict(validation.images)
    correct = probabilities.argmax(axis=1) == validation.labels
    chosen = classifier.folder.card.abstain["fer2013"]
    answered = probabilities.max(axis=1) >= chosen.threshold
    assert answered.mean() == pytest.approx(chosen.coverage)
    assert (chosen.n, chosen.split, chosen.target) == (30, "PublicTest", 0.8)
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
    for head, temperature in card.temperature.items():
        np.testing.assert_allclose(
            served[head], softmax(logits[head] / temperature, axis=1), atol=0.08
        )


@pytest.fixture(scope="module")
def trial(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published without a look at PrivateTest, on data without votes, over an older folder."""
    models = tmp_path_factory.mktemp("trials")
    (models / "trial").mkdir()
    (models / "trial" / "left over").touch()
    data = replace(runs.dataset, votes=None)
    return publish(runs.straight, data, models, "trial", version="2", test=False)


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
    with pytest.raises(TrainingError, match=r"found no config\.json"):
        publish(tmp_path, runs.dataset, tmp_path / "models", version="1")
    shutil.copy(runs.straight / "config.json", tmp_path)
    with pytest.raises(TrainingError, match=r"found no checkpoint\.npz"):
        publish(tmp_path, runs.dataset, tmp_path / "models", version="1")


def test_missing_test_rows_are_noticed_before_any_work(tmp_path: Path) -> None:
    data = replace(make_faces(), split_names=("Training", "PublicTest", "other"))
    with pytest.raises(DatasetError, match="PrivateTest"):
        publish(tmp_path / "no run", data, tmp_path, version="1")


def test_a_name_that_is_no_folder_name_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected a name"):
        publish(tmp_path, make_faces(), tmp_path, "../up", version="1")
