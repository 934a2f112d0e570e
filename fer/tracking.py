"""Identity and steadiness over time: association of boxes, smoothing of probabilities.

Timestamps are passed in, never read from a clock, so that the same input gives the same output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fer.boxes import iou
from fer.results import Box, FaceEmotion


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How faces are followed.

    Attributes:
        smoothing_s: Time constant of the exponential smoothing of probabilities; 0 turns it off.
        box_smoothing_s: The same for the box, short, so that it does not trail behind.
        hold_s: A face that is not found for this long keeps its identity and is still shown.
    """

    smoothing_s: float = 0.35
    box_smoothing_s: float = 0.06
    hold_s: float = 0.6


@dataclass(slots=True)
class _Track:
    face: FaceEmotion
    last_seen_s: float
    box: tuple[float, float, float, float]


def _weight(elapsed_s: float, constant_s: float) -> float:
    """Weight of a new value after ``elapsed_s`` with a first-order low-pass filter."""
    return 1.0 if constant_s <= 0 else 1.0 - math.exp(-max(elapsed_s, 0.0) / constant_s)


def _affinity(a: Box, b: Box) -> float:
    """How well two boxes may be one face, above 0 if at all: overlap, else nearness."""
    overlap = iou(a, b)
    if overlap > 0:
        return 1.0 + overlap
    distance = math.hypot(
        (a.x + a.width / 2) - (b.x + b.width / 2), (a.y + a.height / 2) - (b.y + b.height / 2)
    )
    side = max(a.width, b.width, 1)
    similar = 0.5 < (a.width + 1) / (b.width + 1) < 2.0
    return max(0.0, 1.0 - distance / (1.5 * side)) if similar else 0.0


class FaceTracker:
    """Gives every face of a stream a stable id and smooths what is read from it.

    Args:
        threshold: Confidence below which the smoothed emotion is None.
        settings: Time constants.
    """

    def __init__(self, threshold: float = 0.0, settings: TrackerSettings | None = None) -> None:
        self.threshold = threshold
        self.settings = settings or TrackerSettings()
        self._tracks: list[_Track] = []
        self._next_id = 1

    def update(self, faces: Sequence[FaceEmotion], timestamp_s: float) -> tuple[FaceEmotion, ...]:
        """Take the faces of one frame; return those on show, with ids from 1.

        Args:
            faces: As ``EmotionRecognizer.analyze`` returns them.
            timestamp_s: Time of the frame in seconds; never goes back.

        Returns:
            The faces with ``face_id`` set and smoothed values, largest first; a face that was
            missed for less than ``hold_s`` is among them with its last values.
        """
        # Before the association: whoever comes after a long pause is somebody new.
        self._tracks = [
            track
            for track in self._tracks
            if timestamp_s - track.last_seen_s <= self.settings.hold_s
        ]
        pairs = sorted(
            (
                (_affinity(track.face.box, face.box), t, f)
                for t, track in enumerate(self._tracks)
                for f, face in enumerate(faces)
            ),
            reverse=True,
        )
        taken_tracks: set[int] = set()
        taken_faces: set[int] = set()
        for affinity, t, f in pairs:
            if affinity <= 0 or t in taken_tracks or f in taken_faces:
                continue
            taken_tracks.add(t)
            taken_faces.add(f)
            self._follow(self._tracks[t], faces[f], timestamp_s)
        for f, face in enumerate(faces):
            if f not in taken_faces:
                self._start(face, timestamp_s)
        shown = (track.face for track in self._tracks)
        return tuple(sorted(shown, key=lambda face: (-face.box.area, face.face_id)))

    def reset(self) -> None:
        """Forget every face, as when the frame size changes; ids go on counting."""
        self._tracks = []

    def _start(self, face: FaceEmotion, timestamp_s: float) -> None:
        box = face.box
        corners = (float(box.x), float(box.y), float(box.width), float(box.height))
        named = replace(
            face,
            face_id=self._next_id,
            emotion=face.top_label if face.confidence >= self.threshold else None,
        )
        self._tracks.append(_Track(named, timestamp_s, corners))
        self._next_id += 1

    def _follow(self, track: _Track, face: FaceEmotion, timestamp_s: float) -> None:
        elapsed = timestamp_s - track.last_seen_s
        new = _weight(elapsed, self.settings.box_smoothing_s)
        box = face.box
        seen = (box.x, box.y, box.width, box.height)
        x, y, w, h = (old + new * (now - old) for old, now in zip(track.box, seen, strict=True))
        track.box = (x, y, w, h)
        probabilities = self._smooth(track.face.probabilities, face.probabilities, elapsed)
        label = max(probabilities, key=probabilities.__getitem__)
        confidence = probabilities[label]
        track.last_seen_s = timestamp_s
        track.face = replace(
            face,
            box=Box(round(x), round(y), round(w), round(h)),
            emotion=label if confidence >= self.threshold else None,
            confidence=confidence,
            probabilities=probabilities,
            face_id=track.face.face_id,
        )

    def _smooth(
        self, old: Mapping[str, float], now: Mapping[str, float], elapsed_s: float
    ) -> dict[str, float]:
        if old.keys() != now.keys():
            # Another label set was chosen: there is nothing to smooth with.
            return dict(now)
        weight = _weight(elapsed_s, self.settings.smoothing_s)
        return {label: old[label] + weight * (p - old[label]) for label, p in now.items()}
