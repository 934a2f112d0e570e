"""The probabilities of each face over a whole video, in a table that never grows large."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fer.results import FrameResult

_BINS = 600
_MAX_FACES = 24


class TimeLine:
    """Means over equal steps of time; the steps double whenever the video gets too long for them.

    Args:
        labels: The classes, in order.
        step_s: First length of a step in seconds.
    """

    def __init__(self, labels: tuple[str, ...], step_s: float = 0.1) -> None:
        self.labels = labels
        self.step_s = step_s
        self._faces: dict[int, dict[int, npt.NDArray[np.float64]]] = {}

    def add(self, result: FrameResult) -> None:
        """Take the faces that were found in an analysed frame."""
        while result.timestamp_s / self.step_s >= _BINS:
            self._double()
        place = int(result.timestamp_s // self.step_s)
        for face in result.measured:
            row = self._row(face.probabilities)
            bins = self._faces.setdefault(face.face_id, {})
            bins[place] = bins[place] + row if place in bins else row
        while len(self._faces) > _MAX_FACES:
            brief = min(self._faces, key=lambda face_id: (self._frames(face_id), face_id))
            del self._faces[brief]

    def face_ids(self) -> list[int]:
        """The faces, longest on show first."""
        return sorted(self._faces, key=lambda face_id: (-self._frames(face_id), face_id))

    def of_face(self, face_id: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Times ``(n,)`` in seconds and mean probabilities ``(n, k)``; NaN where it was away."""
        bins = self._faces.get(face_id, {})
        if not bins:
            return np.zeros(0), np.zeros((0, len(self.labels)))
        first, last = min(bins), max(bins)
        rows = np.full((last - first + 1, len(self.labels)), np.nan)
        for place, row in bins.items():
            rows[place - first] = row[:-1] / row[-1]
        times = np.arange(first, last + 1, dtype=np.float64)
        return (times + 0.5) * self.step_s, rows

    def _frames(self, face_id: int) -> float:
        return float(sum(row[-1] for row in self._faces[face_id].values()))

    def _row(self, probabilities: Mapping[str, float]) -> npt.NDArray[np.float64]:
        """Probabilities and, at the end, how many frames they are the sum of."""
        return np.array([*(probabilities[label] for label in self.labels), 1.0])

    def _double(self) -> None:
        self.step_s *= 2
        for face_id, bins in self._faces.items():
            merged: dict[int, npt.NDArray[np.float64]] = {}
            for place, row in bins.items():
                merged[place // 2] = merged[place // 2] + row if place // 2 in merged else row
            self._faces[face_id] = merged
