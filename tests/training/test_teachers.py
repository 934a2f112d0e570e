"""What a tiny run can begin with and learn from: itself, others, kept answers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from fer.architectures import build
from fer.errors import InputError, TrainingError
from fer.labels import FER2013
from fer.training.batches import epoch_batches, make_batch
from fer.training.config import Cycle, TrainingConfig
from fer.training.ensemble import evaluate_ensemble, write_ensemble
from fer.training.parallel import Workers
from fer.training.run import (
    StepReport,
    compile_model,
    open_run,
    resized,
    train,
    usable_rows,
)
from fer.training.run_folder import (
    answers_path,
    load_answers,
    read_config,
    start_run,
)
from fer.training.runs import recipe_change
from fer.training.targets import Targets, make_targets
from fer.training.teachers import Teachers, hire, load_network
from tests.training.tiny import CONFIG, PLAIN, Killed, Runs, history_of, make_faces

FACES = make_faces().images


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
    one, two = hire(cycle, tmp_path, FACES), hire(both, tmp_path, FACES)
    assert one is not None and two is not None and hire(Cycle(1, 0.1), tmp_path, FACES) is None
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

    def counted(self: Teachers, pixels: Any, rows: Any = None) -> Any:
        asked.append(len(pixels))
        return ask(self, pixels, rows)

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
    keeping = hire(config.restarts[0], tmp_path, FACES)
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
    plain, half = (
        hire(cycle, tmp_path, FACES, precision=one) for one in ("float32", "mixed_bfloat16")
    )
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
    assert hire(config.cycle_at(0)[0], tmp_path, FACES) is None
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
            hire(Cycle(1, 0.1, teacher_weight=share, teachers=(str(path),)), tmp_path, FACES)
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
            FACES,
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
