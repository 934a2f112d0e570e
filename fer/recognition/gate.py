"""The face gate: tells a face from what a cascade takes for one, from features already computed.

A cascade looks at contrasts and takes bark, clouds and lamps for faces. The classifier's last
feature map, which costs nothing more, tells them apart: its mean, maximum and deviation over the
picture go through one small hidden layer. NumPy only.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer.errors import InputError, ModelError

Floats = npt.NDArray[np.float32]

_ARRAYS = ("hidden", "hidden_bias", "output", "output_bias", "threshold")


def pooled(features: Floats) -> Floats:
    """Mean, maximum and deviation of feature maps ``(n, h, w, c)``: ``(n, 3c)`` float32.

    Raises:
        InputError: If ``features`` has another number of axes.
    """
    if features.ndim != 4:
        raise InputError(
            f"features: expected an array (n, h, w, c), got shape {features.shape}; pass the "
            "'features' of EmotionClassifier.predict_heads"
        )
    over = (1, 2)
    return np.concatenate([features.mean(over), features.max(over), features.std(over)], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class FaceGate:
    """A fitted gate.

    Attributes:
        hidden: ``(3c, k)`` float32 weights of the hidden layer; ``(2c, k)`` without deviations.
        hidden_bias: ``(k,)`` float32.
        output: ``(k,)`` float32 weights of the output.
        output_bias: Bias of the output.
        threshold: Score from which on something counts as a face.
    """

    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: float
    threshold: float

    def scores(self, features: Floats) -> Floats:
        """How much the crops look like faces: log-odds ``(n,)`` float32.

        Args:
            features: ``(n, h, w, c)`` float32 of the model that the gate was fitted to.

        Raises:
            InputError: If they come from another network.
        """
        inputs = pooled(features)
        channels = inputs.shape[1] // 3
        if len(self.hidden) not in (2 * channels, 3 * channels):
            raise InputError(
                f"features: expected those of a gate with {len(self.hidden)} inputs, got "
                f"{channels} channels; use the gate of the same model folder"
            )
        # Gates of earlier versions know no deviations, which come last.
        inputs = inputs[:, : len(self.hidden)]
        active = np.maximum(inputs @ self.hidden + self.hidden_bias, 0)
        return np.asarray(active @ self.output + self.output_bias, np.float32)

    def accepts(self, features: Floats) -> npt.NDArray[np.bool_]:
        """Which crops are faces: mask ``(n,)``."""
        return np.asarray(self.scores(features) >= self.threshold)

    def save(self, path: Path) -> None:
        """Write the gate as arrays; no code is stored."""
        np.savez(
            path,
            hidden=self.hidden,
            hidden_bias=self.hidden_bias,
            output=self.output,
            output_bias=np.float32(self.output_bias),
            threshold=np.float32(self.threshold),
        )

    @classmethod
    def load(cls, path: Path) -> FaceGate:
        """Read what ``save`` wrote.

        Raises:
            ModelError: If the file is no such gate.
        """
        try:
            with path.open("rb") as file, np.load(file) as stored:
                values = [np.asarray(stored[name], np.float32) for name in _ARRAYS]
            hidden, hidden_bias, output, output_bias, threshold = values
            if hidden.ndim != 2 or not hidden.shape[1:] == hidden_bias.shape == output.shape:
                raise ValueError(f"layers of shapes {hidden.shape} and {output.shape}")
            if not all(np.isfinite(one).all() for one in values):
                raise ValueError("values that are not finite")
            return cls(hidden, hidden_bias, output, float(output_bias), float(threshold))
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as fault:
            raise ModelError(
                f"{path}: expected the arrays of a face gate, got: {fault}; copy the model folder "
                "again"
            ) from fault
