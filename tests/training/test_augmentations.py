"""Augmentations by name: each does what it says, within its range."""

from __future__ import annotations

import numpy as np
import pytest

from fer.training.augmentations import AUGMENTATIONS, apply_named

NAMES = tuple(AUGMENTATIONS)


def face(side: int = 48) -> np.ndarray:
    """A bright ellipse off the centre of a darker ramp: nothing maps it onto itself."""
    down, across = np.indices((side, side)) / side
    ellipse = ((down - 0.45) / 0.35) ** 2 + ((across - 0.55) / 0.2) ** 2 < 1
    return np.asarray(60 + 60 * across + 90 * ellipse, np.uint8)


def views(name: str, strength: float = 1.0, side: int = 48, count: int = 40) -> np.ndarray:
    return np.stack(
        [
            apply_named(face(side), [name], np.random.default_rng(seed), strength=strength)
            for seed in range(count)
        ]
    )


def test_every_name_is_there() -> None:
    eleven = "rotation shift shear zoom flip brightness contrast noise blur crop erasing"
    assert eleven.split() == list(NAMES)
    assert all(10 < len(one.text) < 100 for one in AUGMENTATIONS.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [48, 56, 97])
def test_each_changes_the_picture_at_random_and_repeats_by_seed(name: str, side: int) -> None:
    image = face(side)
    before = image.copy()
    found = views(name, side=side, count=8)
    assert found.shape == (8, side, side) and found.dtype == np.uint8
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(found, views(name, side=side, count=8))
    assert (found != image).any() and len(np.unique(found.reshape(8, -1), axis=0)) > 1


@pytest.mark.parametrize("name", NAMES)
def test_strength_0_changes_nothing(name: str) -> None:
    assert (views(name, 0.0, count=5) == face()).all()


def difference(name: str, strength: float) -> float:
    return float(np.abs(views(name, strength).astype(float) - face()).mean())


@pytest.mark.parametrize("name", NAMES)
def test_more_strength_changes_more(name: str) -> None:
    assert difference(name, 0.25) < difference(name, 1.0) < difference(name, 2.0)


def centre(image: np.ndarray) -> tuple[float, float]:
    """Of the ellipse, down and across, as shares of the side."""
    down, across = np.nonzero(image > 140)
    return float(down.mean() / len(image)), float(across.mean() / len(image))


def test_geometry_stays_in_its_range() -> None:
    moved = np.array([centre(view) for view in views("shift")]) - centre(face())
    assert 0.03 < np.abs(moved).max() < 0.12
    assert {(view == face()[:, ::-1]).all() for view in views("flip")} == {True, False}
    sizes = [(view > 140).mean() / (face() > 140).mean() for view in views("zoom")]
    assert 0.7 < min(sizes) < 0.95 and 1.05 < max(sizes) < 1.4
    assert all((view > 140).mean() >= (face() > 140).mean() - 0.02 for view in views("crop"))
    # A slant keeps every row's height; a turn does not.
    rows = [(view > 140).any(axis=1).sum() for view in views("shear")]
    assert max(rows) - min(rows) <= 2


def test_light_stays_in_its_range() -> None:
    levels = views("brightness").mean(axis=(1, 2)) - face().mean()
    assert 20 < np.abs(levels).max() <= 41
    spread = views("contrast").std(axis=(1, 2)) / face().std()
    assert 0.6 < spread.min() < 0.85 and 1.15 < spread.max() < 1.6
    noisy = (views("noise").astype(float) - face()).std(axis=(1, 2))
    assert 5 < noisy.max() < 16
    edges = np.abs(np.diff(views("blur").astype(float), axis=2)).max(axis=(1, 2))
    assert edges.min() < np.abs(np.diff(face().astype(float), axis=1)).max() / 2


def test_an_erased_rectangle_has_one_grey() -> None:
    shares = []
    for view in views("erasing"):
        changed = view != face()
        shares.append(changed.mean())
        assert len(np.unique(view[changed])) <= 1
    assert 0.05 < max(shares) <= 0.16


def test_names_are_applied_in_one_order() -> None:
    one, other = (
        apply_named(face(), names, np.random.default_rng(0))
        for names in (("flip", "shear"), ("shear", "flip"))
    )
    np.testing.assert_array_equal(one, other)
