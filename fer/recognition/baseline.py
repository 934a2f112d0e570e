"""One person's neutral face, taken out of what is read from it.

Faces differ at rest: one has low brows and is read as angry whenever nothing happens. Kept in
memory by whoever asks for it, for one person, beside the general reading; see
``fer.recognition.personal`` for a model that learns more of a face.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fer.results import FaceEmotion

LOOKS = 12
"""Looks that a calibration takes: three seconds."""

_LOOK_S = 0.25
# So many looks are believed no more than what is known of everybody.
_PRIOR_LOOKS = 2.0
# What is read as less than this says nothing of how much less.
_LEAST = 1e-3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NeutralBaseline:
    """How far a person's neutral is from that of people in general.

    Attributes:
        labels: The classes, in order.
        offset: ``(k,)``, taken off the logarithms of the probabilities.
    """

    labels: tuple[str, ...]
    offset: Floats

    @classmethod
    def learn(
        cls, labels: tuple[str, ...], times_s: Floats, rows: Floats, population: Floats
    ) -> NeutralBaseline:
        """From readings of a face that shows nothing.

        ``offset = n / (n + 2) * (log m - log q)``, with ``m`` the mean reading, ``q`` that of
        neutral faces in general and ``n`` the looks: little was seen, little is taken off.

        Args:
            labels: The classes, in order.
            times_s: ``(n,)``, in seconds.
            rows: ``(n, k)`` probabilities, one row or more.
            population: ``(k,)``, see ``ModelFolder.neutral_reading``.
        """
        n = looks(times_s)
        mean = np.maximum(rows.mean(axis=0), _LEAST)
        known = np.maximum(population, _LEAST)
        return cls(labels, n / (n + _PRIOR_LOOKS) * (np.log(mean) - np.log(known)))

    def read(self, rows: Floats) -> Floats:
        """Readings of the same person, seen from their own neutral.

        ``p'`` is proportional to ``exp(log p - offset)``.

        Args:
            rows: ``(n, k)`` probabilities.

        Returns:
            ``(n, k)``; rows sum to 1, and those of NaN stay.
        """
        weighted = rows * np.exp(-self.offset)
        return np.asarray(weighted / weighted.sum(axis=1, keepdims=True))

    def read_face(self, face: FaceEmotion, threshold: float) -> FaceEmotion | None:
        """A face of that person as ``read``; None when it was read with other labels.

        Args:
            face: The general reading.
            threshold: Confidence below which the label is "unsure".
        """
        if tuple(face.probabilities) != self.labels:
            return None
        (row,) = self.read(row_of(face.probabilities)[None])
        probabilities = dict(zip(self.labels, row.tolist(), strict=True))
        label = max(probabilities, key=probabilities.__getitem__)
        confidence = probabilities[label]
        return replace(
            face,
            emotion=label if confidence >= threshold else None,
            confidence=confidence,
            probabilities=probabilities,
        )


def looks(times_s: Floats) -> int:
    """Looks at a face: frames that follow each other within a quarter second are one."""
    return len(np.unique(np.floor(times_s / _LOOK_S)))


def row_of(probabilities: Mapping[str, float]) -> Floats:
    """``(k,)``, in the order of the classes."""
    return np.array(list(probabilities.values()), np.float64)
