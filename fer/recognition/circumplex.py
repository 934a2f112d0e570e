"""Valence and arousal of a face; for most models derived from the probabilities of emotion words.

For models without a head of their own for the two. What is derived is a summary of the
probabilities, not a measurement: whoever shows it labels it "derived".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.labels import ALL
from fer.results import FaceEmotion

COORDINATES: dict[str, tuple[float, float]] = {
    "angry": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "happy": (0.81, 0.51),
    "sad": (-0.63, -0.27),
    "surprise": (0.40, 0.67),
    "neutral": (0.0, 0.0),
}
"""Valence (pleasure) and arousal of the emotion words, -1 to 1: mean ratings of Russell and
Mehrabian 1977, "Evidence for a three-factor theory of emotions", Journal of Research in Personality
11. Neutral is the origin by definition. Contempt has no place here: its probability is left out."""


@dataclass(frozen=True, slots=True)
class Affect:
    """A point on the circumplex of affect (Russell 1980).

    Attributes:
        valence: From -1, unpleasant, to 1, pleasant.
        arousal: From -1, calm, to 1, excited.
        derived: Computed from probabilities, not measured by a head of the model.
    """

    valence: float
    arousal: float
    derived: bool = True

    def describe(self) -> str:
        """Both in words, for labels and screen readers."""
        said = ", derived" if self.derived else ""
        return f"valence {self.valence:+.2f}, arousal {self.arousal:+.2f}{said}"


def affect_of(face: FaceEmotion) -> Affect | None:
    """Where a face lies: as its model measured it, else derived from its probabilities."""
    if face.affect is None:
        return derived_affect(face.probabilities)
    valence, arousal = face.affect
    return Affect(valence, arousal, derived=False)


def derived_affect(probabilities: Mapping[str, float]) -> Affect | None:
    """Mean of the words' coordinates, weighted by their probabilities.

    Args:
        probabilities: Label -> probability; contempt is left out and the others scaled up.

    Returns:
        The point; None when nothing else is probable, and for classes of one's own.
    """
    if not probabilities.keys() <= set(ALL):
        return None
    if sum(p for name, p in probabilities.items() if name in COORDINATES) <= 0:
        return None
    shares = np.array([list(probabilities.values())])
    valence, arousal = derived_values(shares, list(probabilities))[0].tolist()
    return Affect(valence, arousal)


def derived_values(
    probabilities: npt.NDArray[np.floating[Any]], names: Sequence[str]
) -> npt.NDArray[np.float64]:
    """``derived_affect`` of many faces at once.

    Args:
        probabilities: ``(n, len(names))``.
        names: Classes of the columns.

    Returns:
        ``(n, 2)`` valence and arousal; 0, 0 where nothing lies on a class with coordinates.
    """
    known = [index for index, name in enumerate(names) if name in COORDINATES]
    places = np.asarray([COORDINATES[names[index]] for index in known])
    shares = np.asarray(probabilities, np.float64)[:, known]
    return np.asarray(shares @ places / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12))
