"""A linear head for valence and arousal on a published model's features. NumPy only."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer.errors import InputError, ModelError

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AffectHead:
    """A fitted head.

    Attributes:
        weights: ``(c, 2)`` float32, on the mean of the last feature map over the picture.
        bias: ``(2,)`` float32.
    """

    weights: Floats
    bias: Floats

    def predict(self, embeddings: Floats) -> Floats:
        """Valence and arousal ``(n, 2)`` float32, -1 to 1.

        Args:
            embeddings: ``(n, c)`` float32, see ``fer.evaluation.readings.Readings``.

        Raises:
            InputError: If they come from another network.
        """
        if embeddings.ndim != 2 or embeddings.shape[1] != len(self.weights):
            raise InputError(
                f"embeddings: expected an array (n, {len(self.weights)}), got {embeddings.shape}; "
                "use the head of the same model"
            )
        return np.asarray(np.clip(embeddings @ self.weights + self.bias, -1, 1), np.float32)

    def save(self, path: Path) -> None:
        """Write plain arrays.

        Raises:
            ModelError: If the disk refuses.
        """
        partial = path.with_name(path.name + ".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                np.savez(file, allow_pickle=False, weights=self.weights, bias=self.bias)
            os.replace(partial, path)
        except OSError as fault:
            raise ModelError(
                f"{path}: could not write ({fault.strerror or fault}); free some disk"
            ) from fault

    @classmethod
    def load(cls, path: Path) -> AffectHead:
        """Read what ``save`` wrote.

        Raises:
            ModelError: If the file is no such head.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                weights = np.asarray(stored["weights"], np.float32)
                bias = np.asarray(stored["bias"], np.float32)
            if weights.ndim != 2 or weights.shape[1:] != (2,) or bias.shape != (2,):
                raise ValueError(f"arrays of shapes {weights.shape} and {bias.shape}")
            if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
                raise ValueError("values that are not finite")
            return cls(weights, bias)
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as fault:
            raise ModelError(
                f"{path}: expected the arrays of a valence-arousal head, got: {fault}; fit it again"
            ) from fault
