"""How a session went: the share of time of every emotion, for each face and for all together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fer.export.people import People, is_hidden, person_of
from fer.labels import UNSURE
from fer.results import FrameResult

# Between two analysed frames that are further apart nobody looked: that time counts for nothing.
_LONGEST_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class FaceSummary:
    """What was read from one face over a session.

    Attributes:
        face_id: Identity within the stream; 0 stands for all faces together.
        seconds: Emotion, or "unsure", -> seconds in which it was found.
    """

    face_id: int
    seconds: Mapping[str, float]

    @property
    def total_s(self) -> float:
        """Seconds in which the face was found."""
        return sum(self.seconds.values())

    def shares(self) -> dict[str, float]:
        """Emotion -> share of the time, 0 to 1, largest first."""
        total = self.total_s
        ranked = sorted(self.seconds.items(), key=lambda item: (-item[1], item[0]))
        return {label: value / total for label, value in ranked} if total > 0 else {}


def summary_of_people(summary: tuple[FaceSummary, ...], people: People) -> tuple[FaceSummary, ...]:
    """A session's summary as the viewer sees the people: the same joined, hidden ones left out."""
    persons: dict[int, dict[str, float]] = {}
    for face in summary:
        if face.face_id and is_hidden(face.face_id, people):
            person, sign = 0, -1.0
        else:
            person, sign = person_of(face.face_id, people), 1.0
        seconds = persons.setdefault(person, {})
        for label, value in face.seconds.items():
            seconds[label] = max(0.0, seconds.get(label, 0.0) + sign * value)
    together = persons.pop(0, {})
    faces = [FaceSummary(person, seconds) for person, seconds in persons.items()]
    faces.sort(key=lambda face: (-face.total_s, face.face_id))
    return (FaceSummary(0, together), *faces) if faces else ()


@dataclass(slots=True)
class SummaryCounter:
    """Adds up a session; bounded however many faces pass by.

    Attributes:
        max_faces: Faces that are told apart; when there are more, the briefest ones are counted
            in the sum of all only.
        longest_step_s: Frames further apart than this count for nothing.
    """

    max_faces: int = 24
    longest_step_s: float = _LONGEST_STEP_S
    _faces: dict[int, dict[str, float]] = field(default_factory=dict)
    _together: dict[str, float] = field(default_factory=dict)
    _last_s: float | None = None

    def add(self, result: FrameResult) -> None:
        """Count the time since the frame before for every face that was found in this one."""
        last, self._last_s = self._last_s, result.timestamp_s
        step = 0.0 if last is None else result.timestamp_s - last
        if not 0.0 < step <= self.longest_step_s:
            return
        for face in result.measured:
            label = face.emotion or UNSURE
            for seconds in (self._faces.setdefault(face.face_id, {}), self._together):
                seconds[label] = seconds.get(label, 0.0) + step
        shown = {face.face_id for face in result.faces}
        while len(self._faces) > self.max_faces:
            gone = [face_id for face_id in self._faces if face_id not in shown]
            if not gone:
                break
            del self._faces[min(gone, key=lambda face_id: sum(self._faces[face_id].values()))]

    def summary(self) -> tuple[FaceSummary, ...]:
        """All together first (``face_id`` 0), then each face, longest on show first."""
        if not self._together:
            return ()
        faces = [FaceSummary(face_id, dict(seconds)) for face_id, seconds in self._faces.items()]
        faces.sort(key=lambda face: (-face.total_s, face.face_id))
        return (FaceSummary(0, dict(self._together)), *faces)
