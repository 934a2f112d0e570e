"""How much is in the pictures: principal components, and maps of points in a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fer.errors import InputError

Floats = npt.NDArray[np.float32]

MOST_COMPONENTS = 300
_CHUNK = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Principal components of pictures (Turk & Pentland 1991, "Eigenfaces for recognition").

    Attributes:
        mean: ``(h, w)`` float32.
        components: ``(m, h * w)`` float32, orthonormal, the largest variance first.
        explained: ``(m,)`` float64, share of the whole variance that each one explains.
        n: Pictures that they were computed from.
    """

    mean: Floats
    components: Floats
    explained: npt.NDArray[np.float64]
    n: int

    def needed_for(self, share: float) -> int | None:
        """How many components keep this share of the variance; None if more than there are."""
        kept = np.cumsum(self.explained)
        reached = np.flatnonzero(kept >= share - 1e-9)
        return int(reached[0]) + 1 if len(reached) else None

    def kept_by(self, count: int) -> float:
        """Share of the variance that the first ``count`` components keep."""
        return float(self.explained[:count].sum())

    def reconstruct(self, image: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.uint8]:
        """A picture ``(h, w)`` from its mean and its first ``count`` components only.

        Raises:
            InputError: If the picture has another size.
        """
        if image.shape != self.mean.shape:
            raise InputError(
                f"picture: expected the size {self.mean.shape}, got {image.shape}; take one of the "
                "pictures that the components were computed from"
            )
        basis = self.components[:count]
        flat = image.astype(np.float32).ravel() - self.mean.ravel()
        again = self.mean.ravel() + (basis @ flat) @ basis
        return np.clip(np.rint(again), 0, 255).astype(np.uint8).reshape(image.shape)


def principal_components(
    images: npt.NDArray[np.uint8], *, most: int = MOST_COMPONENTS
) -> Components:
    """The principal components of pictures, the largest first.

    The covariance is summed up in pieces, so that pictures that lie on disk never come into
    memory as floats; its largest eigenvectors come from scikit-learn's randomised solver (Halko
    et al. 2011, arXiv 0909.4061). The whole variance is its trace, so that shares are exact.

    Args:
        images: ``(n, h, w)`` uint8.
        most: At most this many.

    Raises:
        InputError: If there are fewer than two pictures, or all are equal.
    """
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    if len(images) < 2:
        raise InputError(
            f"components: expected at least two pictures, got {len(images)}; choose another split"
        )
    shape = images.shape[1:]
    size = shape[0] * shape[1]
    flat = np.asarray(images).reshape(len(images), size)
    mean = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
    # One thread: on small matrices, and on a busy machine, the others mostly wait for each other.
    with threadpool_limits(1):
        covariance = np.zeros((size, size), np.float32)
        for start in range(0, len(flat), _CHUNK):
            centred = flat[start : start + _CHUNK].astype(np.float32) - mean
            covariance += centred.T @ centred
        whole = float(np.trace(covariance, dtype=np.float64))
        if whole <= 0:
            raise InputError("components: expected pictures that differ, got equal ones")
        count = max(1, min(most, len(images) - 1, size))
        _, values, vectors = randomized_svd(
            covariance, count, n_oversamples=40, n_iter=4, random_state=0
        )
    return Components(
        mean.reshape(shape),
        np.asarray(vectors, np.float32),
        np.asarray(values, np.float64) / whole,
        len(images),
    )


def plane(points: npt.NDArray[np.floating[Any]], method: Literal["PCA", "t-SNE"] = "PCA") -> Floats:
    """Points of many dimensions in a plane.

    Args:
        points: ``(n, d)``, n >= 2.
        method: ``"PCA"`` keeps distances as a shadow does, at once; ``"t-SNE"`` keeps neighbours
            (van der Maaten & Hinton 2008) and takes some seconds for a thousand points.

    Returns:
        ``(n, 2)`` float32.

    Raises:
        InputError: If there are fewer than two points.
    """
    if len(points) < 2:
        raise InputError(f"map: expected at least two faces, got {len(points)}; choose more")
    if method == "PCA" or len(points) < 8:
        from sklearn.decomposition import PCA

        return np.asarray(PCA(2, svd_solver="full").fit_transform(points), np.float32)
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(30.0, (len(points) - 1) / 3)
    # A thousand points keep one thread busy; more threads spin for three times the time of it.
    with threadpool_limits(1):
        placed = TSNE(
            2, init="pca", perplexity=perplexity, max_iter=500, random_state=0
        ).fit_transform(np.asarray(points, np.float32))
    return np.asarray(placed, np.float32)
