"""The probabilities of each person over a whole video or session, in tables that never grow."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.results import FrameResult

Floats = npt.NDArray[np.float64]

MAX_FACES = 24
"""Of more, those that were on show longest are kept."""

# Shorter than this, nobody is away: a busy server reads three frames a second.
_NOT_AWAY_S = 0.5


class TimeLine:
    """Means over equal steps of time; the steps double whenever it gets too long for them.

    Args:
        labels: The classes; others that come are added.
        step_s: First length of a step in seconds.
        steps: How many there are at most.

    Attributes:
        end_s: Time of the newest frame in seconds.
    """

    def __init__(self, labels: Iterable[str] = (), step_s: float = 0.1, steps: int = 600) -> None:
        self.step_s = step_s
        self.end_s = 0.0
        self._steps = steps
        self._columns = {label: column for column, label in enumerate(labels, start=1)}
        # Of each step how many readings, then the sums of their probabilities.
        self._faces: dict[Any, Floats] = {}
        self._newest_s: dict[Any, float] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order in which they came; one that a reading lacks counts as 0."""
        return tuple(self._columns)

    def add(self, result: FrameResult) -> None:
        """Take the faces that were found in an analysed frame."""
        self.end_s = max(self.end_s, result.timestamp_s)
        for face in result.measured:
            self.put(face.face_id, result.timestamp_s, face.probabilities)

    def put(self, who: Hashable, time_s: float, probabilities: Mapping[str, float]) -> None:
        """Take one reading; of too many persons the briefest goes."""
        self.end_s = max(self.end_s, time_s)
        while time_s / self.step_s >= self._steps:
            self._double()
        if not probabilities.keys() <= self._columns.keys():
            for label in probabilities:
                self._columns.setdefault(label, len(self._columns) + 1)
            self._faces = {one: self._widened(sums) for one, sums in self._faces.items()}
        sums = self._faces.get(who)
        if sums is None:
            if len(self._faces) >= MAX_FACES:
                briefest = min(self._faces, key=self._readings)
                del self._faces[briefest]
                self._newest_s.pop(briefest, None)
            sums = self._faces[who] = self._widened(np.zeros((self._steps, 1)))
        step, before_s = int(time_s // self.step_s), self._newest_s.get(who, time_s)
        self._newest_s[who] = time_s
        # Where frames are read less often than a step is long, nobody has gone in between.
        near = 0 < time_s - before_s <= _NOT_AWAY_S
        first = int(before_s // self.step_s) + 1 if near else step
        for row in sums[min(first, step) : step + 1]:
            row[0] += 1
            for label, share in probabilities.items():
                row[self._columns[label]] += share

    def face_ids(self) -> list[Any]:
        """The persons, longest on show first."""
        return sorted(self._faces, key=lambda who: (-self._readings(who), who))

    def of_faces(
        self,
        face_ids: Iterable[Hashable],
        start_s: float = 0.0,
        end_s: float = float("inf"),
        most: int = 0,
    ) -> tuple[Floats, Floats]:
        """The means of one person over time.

        Args:
            face_ids: The identities that are this person.
            start_s: Leave out what ended before.
            end_s: Leave out what began later.
            most: Join steps until there are at most so many; 0 joins none.

        Returns:
            Times ``(n,)`` in seconds, of the middles of the steps from the first to the last in
            which the person was found, and mean probabilities ``(n, k)``; NaN where the person was
            away.
        """
        nobody = np.zeros((self._steps, len(self._columns) + 1))
        sums = sum((self._faces[one] for one in face_ids if one in self._faces), start=nobody)
        seen = np.flatnonzero(sums[:, 0])
        first = max(int(start_s / self.step_s), seen[0] if len(seen) else 0)
        last = min(int(min(end_s, 1e12) / self.step_s), seen[-1] if len(seen) else -1)
        if last < first:
            return np.zeros(0), np.zeros((0, len(self._columns)))
        joined = -(-(last + 1 - first) // most) if most else 1
        # On a fixed grid, or a drawing that is made anew would flicker.
        first -= first % joined
        shown = sums[first : last + 1]
        shown = np.pad(shown, ((0, -len(shown) % joined), (0, 0)))
        shown = shown.reshape(-1, joined, shown.shape[1]).sum(axis=1)
        counts = np.where(shown[:, :1] > 0, shown[:, :1], np.nan)
        times = np.asarray(
            (first + joined * (np.arange(len(shown)) + 0.5)) * self.step_s, np.float64
        )
        return times, np.asarray(shown[:, 1:] / counts, np.float64)

    def _readings(self, who: Hashable) -> float:
        return float(self._faces[who][:, 0].sum())

    def _widened(self, sums: Floats) -> Floats:
        return np.pad(sums, ((0, 0), (0, 1 + len(self._columns) - sums.shape[1])))

    def _double(self) -> None:
        self.step_s *= 2
        for sums in self._faces.values():
            half = sums[::2].copy()
            half[: len(sums) // 2] += sums[1::2]
            sums[:] = 0
            sums[: len(half)] = half
