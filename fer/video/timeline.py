"""The probabilities of each face over a whole video, in a table that never grows large."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer.results import FrameResult

_BINS = 2400
MAX_FACES = 24
"""Of more, those that were on show longest are kept."""
# A peak is at least so probable, and so far from a greater one of the same emotion.
_LEAST_PEAK = 0.5
_PEAKS_APART_S = 1.0
_RESTING = "neutral"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Peak:
    """A moment at which an emotion of a person was strongest.

    Attributes:
        time_s: In seconds.
        label: The emotion.
        share: Its mean probability then, 0 to 1.
    """

    time_s: float
    label: str
    share: float


class TimeLine:
    """Means over equal steps of time; the steps double whenever the video gets too long for them.

    Args:
        labels: The classes, in order.
        step_s: First length of a step in seconds.
    """

    def __init__(self, labels: tuple[str, ...], step_s: float = 0.1) -> None:
        self.labels = labels
        self.step_s = step_s
        self._faces: dict[int, dict[int, Floats]] = {}

    def add(self, result: FrameResult) -> None:
        """Take the faces that were found in an analysed frame."""
        while result.timestamp_s / self.step_s >= _BINS:
            self._double()
        place = int(result.timestamp_s // self.step_s)
        for face in result.measured:
            row = self._row(face.probabilities)
            bins = self._faces.setdefault(face.face_id, {})
            bins[place] = bins[place] + row if place in bins else row
        while len(self._faces) > MAX_FACES:
            brief = min(self._faces, key=lambda face_id: (self._frames(face_id), face_id))
            del self._faces[brief]

    def face_ids(self) -> list[int]:
        """The faces, longest on show first."""
        return sorted(self._faces, key=lambda face_id: (-self._frames(face_id), face_id))

    def of_faces(self, face_ids: Iterable[int]) -> tuple[Floats, Floats]:
        """Times ``(n,)`` in seconds and mean probabilities ``(n, k)`` of one person.

        Args:
            face_ids: The identities that are this person.

        Returns:
            The middle of each step from the first to the last in which the person was found, and
            rows that are NaN where the person was away.
        """
        bins = _joined(
            (place, row)
            for face_id in face_ids
            for place, row in self._faces.get(face_id, {}).items()
        )
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

    def _row(self, probabilities: Mapping[str, float]) -> Floats:
        """Probabilities and, at the end, how many frames they are the sum of."""
        return np.array([*(probabilities[label] for label in self.labels), 1.0])

    def _double(self) -> None:
        self.step_s *= 2
        for face_id, bins in self._faces.items():
            self._faces[face_id] = _joined((place // 2, row) for place, row in bins.items())


def _joined(rows: Iterable[tuple[int, Floats]]) -> dict[int, Floats]:
    """Sums of the rows of each place."""
    joined: dict[int, Floats] = {}
    for place, row in rows:
        joined[place] = joined[place] + row if place in joined else row
    return joined


def peaks_of(times: Floats, rows: Floats, labels: Sequence[str]) -> list[Peak]:
    """The moments at which a person shows most of an emotion, strongest first; rest is none.

    A stretch in which one emotion leads has one.

    Args:
        times: ``(n,)`` seconds.
        rows: ``(n, k)`` probabilities; NaN where the person was away.
        labels: The k classes.
    """
    known = np.nan_to_num(rows)
    share = known.max(axis=1, initial=0.0)
    resting = [label == _RESTING for label in labels]
    leads = np.where(share >= _LEAST_PEAK, known.argmax(axis=1), -1)
    leads[(leads >= 0) & np.take(resting, leads)] = -1
    stretches = np.split(np.arange(len(rows)), np.flatnonzero(np.diff(leads)) + 1)
    tops = [int(steps[share[steps].argmax()]) for steps in stretches if (leads[steps] >= 0).any()]
    found: list[Peak] = []
    for top in sorted(tops, key=lambda step: -share[step]):
        peak = Peak(float(times[top]), labels[leads[top]], float(share[top]))
        if all(
            one.label != peak.label or abs(one.time_s - peak.time_s) >= _PEAKS_APART_S
            for one in found
        ):
            found.append(peak)
    return found
