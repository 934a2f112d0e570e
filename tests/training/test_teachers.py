"""What a tiny run can begin with and learn from: other networks, kept answers."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from fer.architectures import build
from fer.errors import InputError, TrainingError
from fer.models.store import models_dir
from fer.training.batches import make_batch
from fer.training.config import TrainingConfig, recipe_of
from fer.training.run import compile_model, open_run, train
from fer.training.run_data import start_run
from fer.training.run_folder import read_recipe
from fer.training.targets import make_targets
from fer.training.teachers import Teachers, load_network, load_teachers
from tests.training.tiny import CONFIG, PLAIN, Runs, history_of


def test_a_run_starts_from_another_and_learns_in_bfloat16(runs: Runs, tmp_path: Path) -> None:
    config = replace(
        CONFIG,
        epochs=1,
        sizes=((1.0, 32),),
        start=str(runs.straight),
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
    assert config.portable().start == "straight"


def test_an_unknown_precision_is_one_line() -> None:
    with pytest.raises(InputError, match="expected one of float32, mixed_bfloat16, got 'half'"):
        compile_model(replace(CONFIG, precision="half"))


def test_teachers_answer_the_view_that_the_student_sees(
    runs: Runs, loaded: tuple[Any, dict[str, np.ndarray]], published: Path, tmp_path: Path
) -> None:
    _, logits = loaded
    # A finished run and a published file of it: their mean is between the two.
    single = replace(CONFIG, teacher_weight=0.25, teachers=(str(runs.straight),))
    both = replace(single, teachers=(str(runs.straight), str(published / "model.keras")))
    rows = np.arange(20)
    batch = make_batch(
        runs.dataset.images,
        make_targets(runs.dataset, label_smoothing=0, vote_smoothing=0),
        rows,
        48,
        PLAIN,
        (0,),
    )
    one, two = load_teachers(single, tmp_path), load_teachers(both, tmp_path)
    assert one is not None and two is not None and load_teachers(CONFIG, tmp_path) is None
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
    config = replace(
        CONFIG,
        epochs=4,
        sizes=((0.75, 32), (0.25, 48)),
        teacher_weight=0.5,
        teachers=(str(runs.straight),),
        views=2,
    )
    # The closing step, with an augmentation of its own, has views of its own.
    assert [config.view_at(epoch) for epoch in range(4)] == [0, 1, 0, 3]
    train(config, runs.dataset, tmp_path / "run")
    assert len(asked) == 3 * (139 // 10)
    losses = [row["loss"] for row in history_of(tmp_path / "run")]
    assert losses[-1] < losses[0]
    assert read_recipe(tmp_path / "run" / "config.json", TrainingConfig) == config
    # What is published names the teacher, not where it lies on this machine.
    assert config.portable().teachers == ("straight",)
    # Kept answers are the mean over the picture and its mirror image.
    pixels = runs.dataset.images[:8, ..., None].astype(np.float32)
    keeping = load_teachers(config, tmp_path)
    assert keeping is not None
    for head, values in keeping.ask(pixels).items():
        mirrored = keeping.ask(pixels[:, :, ::-1])[head]
        np.testing.assert_allclose(values, mirrored, atol=1e-6)
    assert {one.name for one in (tmp_path / "run").glob("view-*")} == {
        f"view-{epoch}.npz" for epoch in (0, 1, 3)
    }
    # Asked again, a run that lost a kept answer goes the same way.
    history = history_of(tmp_path / "run")
    folder = shutil.copytree(tmp_path / "run", tmp_path / "again")
    for one in folder.glob("view-*"):
        if one.name != "view-0.npz":
            one.unlink()
    (folder / "checkpoint.npz").unlink()
    train(config, runs.dataset, folder, resume=True)
    for before, after in zip(history, history_of(folder), strict=True):
        assert after["loss"] == pytest.approx(before["loss"], abs=1e-4)
    # Another recipe in a folder without a checkpoint shows other pictures.
    (folder / "checkpoint.npz").unlink()
    start_run(folder, config, {}, resume=False)
    assert len(list(folder.glob("view-*"))) == 3
    start_run(folder, replace(config, seed=2), {}, resume=False)
    assert not list(folder.glob("view-*"))


def test_teachers_compute_in_the_precision_of_the_run(runs: Runs, tmp_path: Path) -> None:
    taught = replace(CONFIG, teacher_weight=0.5, teachers=(str(runs.straight),))
    plain, half = (
        load_teachers(replace(taught, precision=one), tmp_path)
        for one in ("float32", "mixed_bfloat16")
    )
    assert plain is not None and half is not None
    pixels = runs.dataset.images[:8, ..., None].astype(np.float32)
    for head, values in plain.ask(pixels).items():
        np.testing.assert_allclose(half.ask(pixels)[head], values, atol=0.03)
    assert {one.compute_dtype for one in half.networks[0].layers} >= {"bfloat16", "float32"}


def test_a_start_of_another_network_is_refused(runs: Runs, tmp_path: Path) -> None:
    config = replace(CONFIG, start=str(models_dir() / "xs" / "model.keras"))
    with pytest.raises(TrainingError, match="expected the weights of tiny"):
        train(config, runs.dataset, tmp_path / "run")


def test_the_recipe_on_a_card_is_one_to_train_by_and_its_names_are_published_networks() -> None:
    card = models_dir() / "xs" / "card.json"
    recipe = read_recipe(card, TrainingConfig)
    assert recipe == recipe_of(json.loads(card.read_text())["recipe"], TrainingConfig)
    assert recipe.start == "xs" and load_network(Path(recipe.start)).name == "xs"
    with pytest.raises(TrainingError, match="none: expected the folder of a run"):
        load_network(Path("none"))


def test_what_cannot_teach_is_refused_in_one_line(runs: Runs, tmp_path: Path) -> None:
    def refused(path: Path) -> str:
        with pytest.raises(TrainingError) as caught:
            load_network(path)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "config.json: expected the JSON of a recipe" in refused(tmp_path)
    assert "expected the folder of a run or a .keras file" in refused(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("hello")
    assert "expected the folder of a run or a .keras file" in refused(tmp_path / "text.keras")
    folder = shutil.copytree(runs.straight, tmp_path / "run")
    longer = replace(CONFIG, epochs=3)
    (folder / "config.json").write_text(json.dumps(asdict(longer)))
    assert "got 2 of 3 epochs" in refused(folder)
    (folder / "checkpoint.npz").unlink()
    assert "found no checkpoint.npz" in refused(folder)
    baseline = build("cnn4-56")
    baseline.save(tmp_path / "baseline.keras")
    assert "got one output" in refused(tmp_path / "baseline.keras")
