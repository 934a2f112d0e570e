"""Principal components against NumPy's own, and maps that keep what is near."""

import numpy as np
import pytest

from fer.datasets.structure import plane, principal_components
from fer.errors import InputError

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """60 pictures of 12 x 12 that vary in five directions, and a little in all."""
    basis = RNG.normal(size=(5, 144)) * np.array([[40], [25], [15], [10], [6]])
    flat = 128 + RNG.normal(size=(60, 5)) @ basis / 6 + RNG.normal(size=(60, 144))
    return np.clip(np.rint(flat), 0, 255).astype(np.uint8).reshape(60, 12, 12)


def test_components_are_those_of_the_singular_values(images: np.ndarray) -> None:
    found = principal_components(images, most=20)
    flat = images.reshape(60, -1).astype(np.float64)
    _, values, vectors = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(found.explained, (values**2 / (values**2).sum())[:20], rtol=2e-3)
    np.testing.assert_allclose(
        np.abs((found.components[:5] * vectors[:5]).sum(axis=1)), 1, atol=1e-3
    )
    assert found.n == 60 and found.mean.shape == (12, 12)


def test_shares_kept_and_needed_answer_each_other(images: np.ndarray) -> None:
    found = principal_components(images, most=20)
    count = found.needed_for(0.8)
    assert count is not None and found.kept_by(count) >= 0.8 > found.kept_by(count - 1)
    assert found.needed_for(1.0) is None


def test_more_components_come_closer_to_the_picture(images: np.ndarray) -> None:
    found = principal_components(images)
    off = [
        np.abs(images[0].astype(int) - found.reconstruct(images[0], count)).mean()
        for count in (1, 5, 59)
    ]
    assert off[0] > off[1] > off[2]
    assert off[2] < 0.5  # 60 pictures span 59 directions


def test_a_picture_of_another_size_is_refused(images: np.ndarray) -> None:
    found = principal_components(images)
    with pytest.raises(InputError, match=r"expected the size \(12, 12\), got \(5, 5\)"):
        found.reconstruct(np.zeros((5, 5), np.uint8), 3)


@pytest.mark.parametrize("count", [1, 4])
def test_too_few_or_equal_pictures_have_no_components(count: int) -> None:
    with pytest.raises(InputError, match="components: expected"):
        principal_components(np.full((count, 6, 6), 7, np.uint8))


@pytest.mark.parametrize("method", ["PCA", "t-SNE"])
def test_maps_keep_groups_apart(method: str) -> None:
    groups = np.repeat([0, 1], 20)
    points = RNG.normal(size=(40, 10)) + 30 * groups[:, None]
    placed = plane(points, method)
    assert placed.shape == (40, 2)
    centres = np.stack([placed[groups == group].mean(axis=0) for group in (0, 1)])
    nearest = np.linalg.norm(placed[:, None] - centres, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, groups)


def test_a_map_needs_two_points() -> None:
    with pytest.raises(InputError, match="at least two faces, got 1"):
        plane(np.zeros((1, 4), np.float32))
