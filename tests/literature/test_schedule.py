"""Early stopping and the plateau rule, epoch by epoch."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import pytest

from fer.errors import InputError, TrainingError
from fer.literature.recipes import (
    HEADLINES,
    RECIPES,
    Recipe,
    recipe_changes,
    recipe_for,
    split_record,
)
from fer.literature.schedule import stand
from fer.training.config import recipe_of

STOPPING = Recipe("cnn4-4.5m", epochs=50, patience=3, plateau_patience=2, plateau_factor=0.2)


def test_a_changed_recipe_is_another_reading_and_has_its_own_record() -> None:
    own = recipe_for("cnn4-4.5m", split="own")
    assert recipe_changes(own) == {}
    assert split_record(own.architecture, own.split, recipe_changes(own)) == "own_split.json"
    sooner = replace(own, plateau_patience=2)
    assert recipe_changes(sooner) == {"plateau_patience": (2, 3)}
    name = split_record(sooner.architecture, sooner.split, recipe_changes(sooner))
    assert name == "split_folder_plateau-patience.json"
    assert split_record("knn-169", "stratified") == "split_stratified.json"


def test_a_run_begins_at_its_own_rate() -> None:
    moment = stand(STOPPING, [])
    assert (moment.phase, moment.learning_rate, moment.best_epoch) == (0, 1e-3, 0)
    assert math.isinf(moment.best_loss)


def test_three_epochs_without_progress_stop_it_and_the_best_one_is_known() -> None:
    losses = [1.5, 1.2, 1.3, 1.25]
    assert stand(STOPPING, losses).phase == 0
    moment = stand(STOPPING, [*losses, 1.2])
    assert (moment.phase, moment.best_epoch, moment.best_loss) == (1, 2, 1.2)


def test_the_rate_shrinks_on_a_plateau_and_not_below_its_floor() -> None:
    recipe = replace(STOPPING, patience=0, lowest_rate=1e-4)
    rates = [stand(recipe, [1.0] * epochs).learning_rate for epochs in range(1, 8)]
    # The first loss is progress; then two without it each time.
    assert rates == pytest.approx([1e-3, 1e-3, 2e-4, 2e-4, 1e-4, 1e-4, 1e-4])


def test_progress_smaller_than_the_smallest_change_is_a_plateau_but_no_reason_to_stop() -> None:
    losses = [1.0 - 1e-5 * epoch for epoch in range(5)]
    moment = stand(STOPPING, losses)
    assert moment.phase == 0
    assert moment.learning_rate == pytest.approx(1e-3 * 0.2**2)


def test_the_second_phase_begins_at_a_tenth_and_counts_anew() -> None:
    recipe = replace(STOPPING, epochs=2, fine_tuning_epochs=3, plateau_patience=0)
    moment = stand(recipe, [1.0, 0.9])
    assert (moment.phase, moment.learning_rate) == (1, pytest.approx(1e-4))
    # Worse than the first phase, but the best of its own: neither stops nor is it the best.
    moment = stand(recipe, [1.0, 0.9, 0.98, 0.97])
    assert (moment.phase, moment.best_epoch) == (1, 2)
    assert stand(recipe, [1.0, 0.9, 0.98, 0.97, 0.8]).phase == 2


def test_rows_after_the_end_change_nothing() -> None:
    recipe = replace(STOPPING, epochs=2, patience=0)
    assert stand(recipe, [1.0, 0.9, 0.1]) == stand(recipe, [1.0, 0.9])


def test_recipes_survive_json() -> None:
    for recipe in RECIPES.values():
        assert recipe_of(json.loads(json.dumps(asdict(recipe))), Recipe) == recipe
    with pytest.raises(TrainingError, match="expected the fields of Recipe"):
        recipe_of({"architecture": "cnn5-16", "speed": 3}, Recipe)


def test_own_is_the_split_of_the_source() -> None:
    assert recipe_for("cnn4-4.5m", split="own").split == "folder"
    assert recipe_for("cnn4-2.7m", split="own").split == "test-folder"
    assert recipe_for("cnn5-16", split="own").split == "stratified"
    with pytest.raises(InputError, match="--split official"):
        recipe_for("cnn4-56", split="own")
    with pytest.raises(InputError, match="expected own or one of"):
        recipe_for("cnn4-56", split="mine")


def test_random_weights_leave_nothing_frozen() -> None:
    assert recipe_for("transfer:vgg16").frozen
    free = recipe_for("transfer:vgg16", weights="none", image_size=48)
    assert (free.frozen, free.fine_tuning_share, free.image_size) == (False, 1.0, 48)
    with pytest.raises(InputError, match="leave them out"):
        recipe_for("cnn5-16", weights="none")


def test_every_recipe_has_a_headline() -> None:
    assert set(RECIPES) <= set(HEADLINES)
