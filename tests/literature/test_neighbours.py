"""K nearest neighbours on pixels and on principal components."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer.errors import TrainingError
from fer.literature.neighbours import Neighbours, fit_neighbours


def dots() -> tuple[np.ndarray, np.ndarray]:
    """Three classes of 2 x 2 pictures around 10, 100 and 200."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3, dtype=np.int8), 20)
    grey = np.asarray([10, 100, 200])[labels][:, None, None]
    return (grey + rng.integers(-5, 6, (60, 2, 2))).astype(np.uint8), labels


@pytest.mark.parametrize("components", [0, 2])
def test_neighbours_of_a_picture_vote(components: int) -> None:
    images, labels = dots()
    model = fit_neighbours(images, labels, classes=7, k=5, components=components)
    shares = model.predict_heads(images)["fer2013"]
    assert shares.shape == (60, 7)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(shares.argmax(axis=1), labels)


def test_votes_are_shares_of_k() -> None:
    images = np.array([[[0]], [[1]], [[9]], [[10]]], np.uint8)
    model = fit_neighbours(images, np.array([0, 0, 1, 1], np.int8), classes=2, k=3)
    shares = model.predict_heads(np.array([[[2]]], np.uint8))["fer2013"]
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3]])


def test_k_is_no_larger_than_the_data() -> None:
    images, labels = dots()
    assert fit_neighbours(images, labels).k == 60


def test_what_is_stored_is_counted() -> None:
    images, labels = dots()
    assert fit_neighbours(images, labels).parameters == 60 * 4
    reduced = fit_neighbours(images, labels, components=2)
    assert reduced.parameters == 60 * 2 + 2 * 4 + 4
    assert reduced.multiply_adds == 60 * 2 + 2 * 4


@pytest.mark.parametrize("components", [0, 2])
def test_a_file_gives_the_same_answers(tmp_path: Path, components: int) -> None:
    images, labels = dots()
    model = fit_neighbours(images, labels, classes=7, k=5, components=components)
    model.save(tmp_path / "a" / "neighbours.npz")
    back = Neighbours.load(tmp_path / "a" / "neighbours.npz")
    np.testing.assert_array_equal(
        back.predict_heads(images)["fer2013"], model.predict_heads(images)["fer2013"]
    )


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK no")
    for name in ("bad.npz", "missing.npz"):
        with pytest.raises(TrainingError, match="expected stored neighbours") as caught:
            Neighbours.load(tmp_path / name)
        assert "\n" not in str(caught.value)
