"""Rows whose labels a network does not see."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer.datasets.base import FaceDataset
from fer.errors import TrainingError
from fer.training.config import Cycle, TrainingConfig
from fer.training.parts import in_part, part_of
from fer.training.run import train, usable_rows
from fer.training.run_folder import read_config
from fer.training.targets import make_targets
from fer.training.teachers import hire
from tests.training.tiny import CONFIG, Runs, history_of, make_faces

THIRD = (1, 3)


def test_a_picture_is_in_one_part_wherever_it_stands() -> None:
    faces = make_faces()
    parts = part_of(faces.images, 3)
    assert set(parts) == {0, 1, 2}
    # A copy of the first picture ends the data set.
    assert parts[-1] == parts[0]
    shuffled = np.random.default_rng(0).permutation(len(faces.images))
    np.testing.assert_array_equal(part_of(faces.images[shuffled], 3), parts[shuffled])
    np.testing.assert_array_equal(in_part(faces.images, THIRD), parts == 1)
    assert in_part(faces.images, None) is None


def test_parts_are_nearly_even() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3000, 4, 4), np.uint8)
    counts = np.bincount(part_of(pictures, 3))
    # Five standard deviations of a binomial of a third.
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(3000 * 2 / 9)


def test_hidden_labels_reach_no_target() -> None:
    chosen, _ = usable_rows(make_faces())
    hidden = in_part(chosen.images, THIRD)
    assert hidden is not None and chosen.votes is not None
    other = replace(chosen, labels=np.where(hidden, 6 - chosen.labels, chosen.labels))
    assert np.any(other.labels != chosen.labels)

    def targets(rows: FaceDataset) -> np.ndarray:
        return make_targets(rows, label_smoothing=0, vote_smoothing=0.3, hidden=hidden).fer2013

    np.testing.assert_array_equal(targets(chosen), targets(other))
    plain = make_targets(chosen, label_smoothing=0.0, vote_smoothing=0.0).fer2013
    # The votes of these faces say their labels, though not for sure.
    np.testing.assert_array_equal(targets(chosen).argmax(axis=1), plain.argmax(axis=1))
    assert targets(chosen)[hidden].max() < 1


def test_a_run_does_not_see_the_labels_that_it_leaves_out(tmp_path: Path) -> None:
    faces = make_faces()
    config = replace(CONFIG, epochs=1, left_out=THIRD)
    hidden = (part_of(faces.images, 3) == 1) & (faces.splits == 0)
    other = replace(faces, labels=np.where(hidden, 6 - faces.labels, faces.labels))
    losses = []
    for name, rows in (("one", faces), ("two", other)):
        train(config, rows, tmp_path / name)
        losses.append(history_of(tmp_path / name)[0]["loss"])
    assert losses[0] == losses[1]
    assert read_config(tmp_path / "one") == config


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two runs, each without the labels of one half."""
    folder, faces = tmp_path_factory.mktemp("halves"), make_faces()
    for part in range(2):
        config = replace(CONFIG, epochs=1, left_out=(part, 2), seed=part)
        train(config, faces, folder / str(part))
    return [str(folder / str(part)) for part in range(2)]


def test_a_teacher_answers_for_the_rows_that_it_left_out(halves: list[str], tmp_path: Path) -> None:
    images = make_faces().images
    cycle = Cycle(1, 0.1, teacher_weight=0.5, teachers=tuple(halves))
    teachers = hire(cycle, tmp_path, images)
    alone = [
        hire(replace(cycle, teachers=(str(one),)), tmp_path, images[part_of(images, 2) == part])
        for part, one in enumerate(halves)
    ]
    rows = np.arange(37, 87)
    pixels = images[rows, ..., None].astype(np.float32)
    assert teachers is not None
    answers = teachers.ask(pixels, rows)
    for part, one in enumerate(alone):
        assert one is not None
        mine = part_of(images[rows], 2) == part
        assert mine.any()
        wanted = one.ask(pixels[mine], np.zeros(mine.sum(), np.intp))
        for head, values in wanted.items():
            np.testing.assert_allclose(answers[head][mine], values, atol=1e-5)


def test_a_teacher_of_all_labels_answers_beside_them(
    halves: list[str], runs: Runs, tmp_path: Path
) -> None:
    images = make_faces().images
    cycle = Cycle(1, 0.1, teacher_weight=0.5, teachers=tuple(halves))
    rows = np.arange(20)
    pixels = images[rows, ..., None].astype(np.float32)
    answers = []
    for names in (cycle.teachers, (str(runs.straight),), (*cycle.teachers, str(runs.straight))):
        teachers = hire(replace(cycle, teachers=names), tmp_path, images)
        assert teachers is not None
        answers.append(teachers.ask(pixels, rows)["fer2013"])
    np.testing.assert_allclose(answers[2], (answers[0] + answers[1]) / 2, atol=1e-5)


def test_a_student_learns_from_teachers_of_two_halves(halves: list[str], tmp_path: Path) -> None:
    config = replace(CONFIG, teacher_weight=0.7, teachers=tuple(halves), views=1, seed=5)
    train(config, make_faces(), tmp_path / "run")
    history = history_of(tmp_path / "run")
    assert history[1]["loss"] < history[0]["loss"]
    with pytest.raises(TrainingError, match="answer_once: expected teachers that answer for all"):
        train(replace(config, answer_once=True), make_faces(), tmp_path / "once")


def test_half_of_the_teachers_is_too_few(halves: list[str], tmp_path: Path) -> None:
    images = make_faces().images
    cycle = Cycle(1, 0.1, teacher_weight=0.5, teachers=(halves[0],))
    with pytest.raises(
        TrainingError, match=r"got none for \d+: a run that left out labels teaches"
    ):
        hire(cycle, tmp_path, images)


def test_labels_cannot_be_left_out_without_votes(tmp_path: Path) -> None:
    faces = replace(make_faces(), votes=None)
    with pytest.raises(TrainingError, match="expected FER\\+ votes in place of the labels"):
        train(replace(CONFIG, left_out=THIRD), faces, tmp_path / "run")


def test_a_part_that_does_not_exist_is_one_line() -> None:
    with pytest.raises(TrainingError, match=r"the first of three is \[0, 3\]"):
        TrainingConfig(left_out=(3, 3))
    values = json.loads(json.dumps(replace(CONFIG, left_out=THIRD).to_dict()))
    assert TrainingConfig.from_dict(values).left_out == THIRD
