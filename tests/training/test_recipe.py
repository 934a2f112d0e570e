"""Schedules, augmentation, batches and targets: everything of training that needs no framework."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer.architectures import TWO_HEADS
from fer.datasets.base import FaceDataset
from fer.errors import TrainingError
from fer.evaluation.robustness import affine_matrix
from fer.labels import FER2013, FERPLUS
from fer.training.augmentation import augment
from fer.training.batches import epoch_batches, make_batch, steps_per_epoch
from fer.training.config import AugmentationConfig, TrainingConfig, recipe_of
from fer.training.session import choose_recipe, default_recipe
from fer.training.targets import Targets, label_given_votes, make_targets

IDENTITY = AugmentationConfig(
    rotation_degrees=0,
    scale=(1, 1),
    shift=0,
    flip=0,
    gamma=0,
    low_resolution=0,
    erase=0,
)


def noise(seed: int = 0, size: int = 48) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size), dtype=np.uint8)


# Schedules.


def test_learning_rate_rises_to_its_peak_then_falls_to_zero() -> None:
    config = TrainingConfig(epochs=40, warmup_epochs=3, learning_rate=0.1)
    rates = [config.learning_rate_at(epoch) for epoch in np.linspace(0, 40, 401)]
    peak = int(np.argmax(rates))
    assert rates[peak] == pytest.approx(0.1)
    assert peak == 30
    assert np.all(np.diff(rates[: peak + 1]) >= 0)
    assert np.all(np.diff(rates[peak:]) <= 0)
    assert 0 < rates[0] < 0.001
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert replace(config, epochs=43).learning_rate_at(23) == pytest.approx(0.05), "half way"
    assert replace(config, warmup_epochs=0).learning_rate_at(0) == pytest.approx(0.1)


@pytest.mark.parametrize("epochs", [1, 2, 7, 42, 100])
def test_sizes_only_grow_and_end_at_the_last(epochs: int) -> None:
    config = replace(default_recipe("xs"), epochs=epochs)
    sizes = [config.size_at(epoch) for epoch in range(epochs)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 48


def test_sizes_have_their_share_of_the_epochs() -> None:
    config = TrainingConfig(epochs=10, sizes=((0.3, 28), (0.5, 36), (0.2, 48)))
    assert [config.size_at(e) for e in range(10)] == [28] * 3 + [36] * 5 + [48] * 2


def test_closing_augmentation_goes_with_the_last_size() -> None:
    config = replace(default_recipe("xs"), epochs=10, sizes=((0.7, 28), (0.3, 48)))
    assert config.closing_augmentation is not None
    closing = [config.augmentation_at(e) == config.closing_augmentation for e in range(10)]
    assert closing == [False] * 7 + [True] * 3
    plain = replace(config, closing_augmentation=None)
    assert {plain.augmentation_at(e) for e in range(10)} == {config.augmentation}


def test_epochs_given_by_hand_are_all_there_are(tmp_path: Path) -> None:
    assert choose_recipe(tmp_path, architecture="xs", epochs=3).epochs == 3


def test_a_recipe_survives_json() -> None:
    config = replace(
        default_recipe("xs"), seed=3, augmentation=AugmentationConfig(scale=(0.5, 2.0))
    )
    assert recipe_of(json.loads(json.dumps(asdict(config))), TrainingConfig) == config


def test_a_recipe_of_an_earlier_version_is_read_where_it_used_nothing_that_is_gone() -> None:
    config = default_recipe("xs")
    unused = {"answer_once": False, "closing_labels": False, "left_out": None, "restarts": []}
    assert recipe_of({**asdict(config), **unused}, TrainingConfig) == config
    for name, used in (("restarts", [{"epochs": 2}]), ("left_out", [0, 2]), ("answer_once", True)):
        with pytest.raises(TrainingError, match=f"a fault in '{name}'"):
            recipe_of({**asdict(config), name: used}, TrainingConfig)


@pytest.mark.parametrize(("share", "teachers"), [(0.5, ()), (0.0, ("a",)), (1.5, ("a",))])
def test_teachers_and_their_share_go_together(share: float, teachers: tuple[str, ...]) -> None:
    with pytest.raises(TrainingError, match="expected above 0 and at most 1 with teachers"):
        TrainingConfig(teacher_weight=share, teachers=teachers)


def test_every_stored_recipe_is_that_of_a_network_that_can_be_trained() -> None:
    for name in TWO_HEADS:
        recipe = default_recipe(name)
        assert recipe.architecture == name
        assert (recipe.start == "dlib") == name.startswith("dlib27")


@pytest.mark.parametrize(
    "values",
    [{"learning": 1}, {"sizes": [48]}, {"augmentation": {"spin": 1}}, {"closing_augmentation": 3}],
)
def test_a_recipe_with_a_foreign_field_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(TrainingError, match="expected the fields of TrainingConfig"):
        recipe_of(values, TrainingConfig)


# Augmentation.


def test_the_same_generator_gives_the_same_view() -> None:
    config = AugmentationConfig(erase=1, low_resolution=1)
    views = [augment(noise(), 48, config, np.random.default_rng(7)) for _ in range(2)]
    np.testing.assert_array_equal(*views)
    other = augment(noise(), 48, config, np.random.default_rng(8))
    assert np.any(views[0] != other)


def test_a_harsher_view_has_less_detail_and_mild_ranges_stay_as_they_were() -> None:
    def detail(config: AugmentationConfig) -> float:
        views = [
            augment(noise(seed), 48, config, np.random.default_rng(seed)) for seed in range(40)
        ]
        return float(np.mean([np.abs(np.diff(view.astype(float))).mean() for view in views]))

    mild = replace(IDENTITY, low_resolution=1)
    assert replace(mild, smallest=0.4, blur=1.3, jpeg=0.0) == mild
    assert detail(IDENTITY) > detail(mild) > 1.3 * detail(replace(mild, smallest=0.25, blur=3.0))


def test_a_jpeg_leaves_blocks_of_eight_pixels() -> None:
    ramp = np.tile(np.linspace(60, 200, 48), (48, 1)).astype(np.uint8)
    picture = cv2.add(ramp, noise() // 8)
    rng = np.random.default_rng(0)
    view = augment(picture, 48, replace(IDENTITY, jpeg=1), rng)
    assert view.shape == (48, 48) and view.dtype == np.uint8
    error = np.abs(view.astype(float) - picture).mean()
    assert 1 < error < 12
    steps = np.abs(np.diff(view.astype(float), axis=1)).mean(axis=0)
    within = np.delete(steps, np.arange(7, 47, 8))
    assert steps[7::8].mean() > 1.5 * within.mean()


def test_without_changes_the_view_is_the_image_and_a_flip_mirrors_it() -> None:
    image = noise()
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(augment(image, 48, IDENTITY, rng), image)
    np.testing.assert_array_equal(
        augment(image, 48, replace(IDENTITY, flip=1), rng), image[:, ::-1]
    )
    for _ in range(10):
        augment(image, 48, AugmentationConfig(erase=1), rng)
    np.testing.assert_array_equal(image, noise(), "it is never changed")


def test_erasing_changes_one_rectangle_of_limited_area() -> None:
    image = np.full((48, 48), 100, np.uint8)
    image[0, 0] = 101  # so that the mean is not the grey of the image
    config = replace(IDENTITY, erase=1, erase_area=0.2)
    for seed in range(20):
        changed = augment(image, 48, config, np.random.default_rng(seed)) != image
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if len(rows):
            box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
            # Sides are rounded to whole pixels.
            assert box <= 0.2 * 48 * 48 * 1.15


def test_gamma_keeps_black_white_and_the_order_of_greys() -> None:
    ramp = np.tile(np.linspace(0, 255, 48).astype(np.uint8), (48, 1))
    changed = 0
    for seed in range(5):
        view = augment(ramp, 48, replace(IDENTITY, gamma=0.5), np.random.default_rng(seed))
        assert view[0, 0] == 0 and view[0, -1] == 255
        assert np.all(np.diff(view[0].astype(int)) >= 0)
        changed += int(np.any(view != ramp))
    assert changed


@pytest.mark.parametrize(
    ("options", "point", "expected"),
    [
        ({}, (10, 20), (10, 20)),
        # Pixel centres: the middle of the first two source pixels is the first target pixel.
        ({"target": 24}, (0.5, 0.5), (0, 0)),
        ({"target": 24}, (46.5, 46.5), (23, 23)),
        ({"flip": True}, (10, 20), (37, 20)),
        ({"scale": 2.0}, (23.5, 23.5), (23.5, 23.5)),
        ({"scale": 2.0}, (33.5, 23.5), (43.5, 23.5)),
        ({"degrees": 90.0}, (33.5, 23.5), (23.5, 33.5)),
        ({"shift_xy": (0.25, -0.5)}, (10, 30), (22, 6)),
        ({"flip": True, "degrees": 90.0}, (33.5, 23.5), (23.5, 13.5)),
    ],
)
def test_affine_matrix_moves_points_as_by_hand(
    options: dict[str, object], point: tuple[float, float], expected: tuple[float, float]
) -> None:
    matrix = affine_matrix(**{"source": 48, "target": 48, **options})  # type: ignore[arg-type]
    np.testing.assert_allclose(matrix @ [*point, 1], expected, atol=1e-4)


# Batches.


def dataset(n: int = 21, *, votes: bool = True) -> FaceDataset:
    labels = (np.arange(n) % 7).astype(np.int8)
    table = np.zeros((n, 10), np.uint8)
    for row, label in enumerate(labels):
        table[row, FERPLUS.index(FER2013[label])] = 8
        table[row, 0] += 2
    return FaceDataset(
        images=np.stack([np.full((48, 48), row, np.uint8) for row in range(n)]),
        labels=labels,
        splits=np.zeros(n, np.int8),
        votes=table if votes else None,
    )


CONFIG = TrainingConfig(batch_size=4, augmentation=IDENTITY, sizes=((1.0, 24),))


def targets_of(data: FaceDataset) -> Targets:
    return make_targets(data, label_smoothing=0.05, vote_smoothing=0.3)


def test_an_epoch_visits_whole_batches_of_distinct_images() -> None:
    data = dataset()
    batches = list(epoch_batches(data.images, targets_of(data), 0, CONFIG))
    assert len(batches) == steps_per_epoch(21, 4) == 5
    seen = np.concatenate([batch.pixels[:, 0, 0, 0] for batch in batches])
    assert len(set(seen)) == 20
    assert batches[0].pixels.shape == (4, 24, 24, 1)
    assert batches[0].pixels.dtype == np.float32
    few = dataset(3, votes=False)
    smaller = epoch_batches(few.images, targets_of(few), 0, CONFIG)
    assert [len(batch.pixels) for batch in smaller] == [3], "less than a batch makes one"


def test_batches_depend_on_seed_and_epoch_only() -> None:
    data = dataset()
    config = replace(CONFIG, augmentation=AugmentationConfig())

    def first(epoch: int, seed: int) -> np.ndarray:
        batches = epoch_batches(
            data.images,
            targets_of(data),
            epoch,
            replace(config, seed=seed),
        )
        return np.stack([batch.pixels for batch in batches])

    np.testing.assert_array_equal(first(3, 1), first(3, 1))
    assert np.any(first(3, 1) != first(4, 1))
    assert np.any(first(3, 1) != first(3, 2))


def test_targets_travel_with_their_images() -> None:
    data = dataset()
    targets = make_targets(data, label_smoothing=0.0, vote_smoothing=0.0)
    batch = make_batch(data.images, targets, np.array([5, 0, 13]), 48, CONFIG.augmentation, (0,))
    np.testing.assert_array_equal(batch.pixels[:, 0, 0, 0], [5, 0, 13])
    np.testing.assert_array_equal(batch.targets["fer2013"].argmax(axis=1), [5, 0, 6])


# Targets.


def test_targets_are_distributions() -> None:
    targets = make_targets(dataset(), label_smoothing=0.1, vote_smoothing=0.4)
    np.testing.assert_allclose(targets.shares["fer2013"].sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(targets.shares["ferplus"].sum(axis=1), 1, atol=1e-5)
    assert {one.dtype for one in targets.shares.values()} == {np.dtype(np.float32)}
    assert targets.weights["ferplus"].min() == 1


def test_without_votes_labels_are_smoothed_evenly_and_the_ferplus_loss_has_no_weight() -> None:
    targets = make_targets(dataset(votes=False), label_smoothing=0.07, vote_smoothing=0.5)
    np.testing.assert_allclose(targets.shares["fer2013"][0], [0.94, *[0.01] * 6], atol=1e-6)
    assert not targets.weights["ferplus"].any()


def test_labels_follow_clear_votes_and_an_absent_class_gets_no_mass() -> None:
    data = dataset(70)
    assert data.votes is not None
    expected = label_given_votes(data.votes, data.labels)
    np.testing.assert_array_equal(expected.argmax(axis=1), data.labels)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-5)
    part = data.select(data.labels != 1)
    assert part.votes is not None
    assert not label_given_votes(part.votes, part.labels)[:, 1].any()
