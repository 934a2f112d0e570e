"""Identity and steadiness over time: association of boxes, smoothing of probabilities.

Timestamps are passed in, never read from a clock, so that the same input gives the same output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fer.boxes import iou
from fer.results import Box, FaceEmotion
from fer.tracking.association import least_cost_pairs

# A velocity is believed for about this long, and is itself an average over so long.
_VELOCITY_MEMORY_S = 1.2
_VELOCITY_SMOOTHING_S = 0.2
# How far from where it is expected a face may be found, in sides of its box; more after a gap.
_REACH = 1.5
_REACH_PER_S = 1.0
# Two sizes of one face in neighbouring frames.
_LARGEST_RATIO = 2.0
# At a few frames a second, a face is remembered for so many of them at least.
_REMEMBERED_FRAMES = 4

_LEAST_HOLD_S = 0.1
# A face that was not found for more frames than this is hidden, and gives way by so many sides.
_HIDDEN_FRAMES = 1.6
_HIDDEN_COST = 0.4

_IMPOSSIBLE = 1e6


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How faces are followed.

    Attributes:
        smoothing_s: Time constant of the exponential smoothing of probabilities; 0 turns it off.
        box_smoothing_s: The same for the box, short, so that it does not trail behind.
        hold_s: A face that is not found for this long is still shown, if it was seen as long.
        remember_s: A face that is not found for this long gets its identity back when it is
            found again near where it was heading.
    """

    smoothing_s: float = 0.35
    box_smoothing_s: float = 0.06
    hold_s: float = 0.6
    remember_s: float = 2.0


@dataclass(slots=True)
class _Track:
    face: FaceEmotion
    last_seen_s: float
    box: tuple[float, float, float, float]
    seen: Box
    first_seen_s: float
    velocity: tuple[float, float] = (0.0, 0.0)

    def expected(self, timestamp_s: float) -> tuple[float, float]:
        """Where its centre should be now, at a velocity that dies away."""
        gap = max(timestamp_s - self.last_seen_s, 0.0)
        reach = _VELOCITY_MEMORY_S * (1.0 - math.exp(-gap / _VELOCITY_MEMORY_S))
        x, y = _centre(self.seen)
        return x + self.velocity[0] * reach, y + self.velocity[1] * reach


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


def _weight(elapsed_s: float, constant_s: float) -> float:
    """Weight of a new value after ``elapsed_s`` with a first-order low-pass filter."""
    return 1.0 if constant_s <= 0 else 1.0 - math.exp(-max(elapsed_s, 0.0) / constant_s)


def _cost(track: _Track, box: Box, timestamp_s: float) -> float:
    """How badly a box fits a track, in sides of the box; ``_IMPOSSIBLE`` when it cannot be it."""
    old = track.seen
    ratio = (old.width + 1) / (box.width + 1)
    if iou(old, box) == 0 and not 1 / _LARGEST_RATIO < ratio < _LARGEST_RATIO:
        return _IMPOSSIBLE
    side = max(old.width, box.width, 1)
    x, y = _centre(box)
    expected_x, expected_y = track.expected(timestamp_s)
    distance = math.hypot(x - expected_x, y - expected_y) / side
    # The velocity may be wrong: a face that stopped is found where it was seen last.
    old_x, old_y = _centre(old)
    stayed = math.hypot(x - old_x, y - old_y) / side
    gap = timestamp_s - track.last_seen_s
    if min(distance, stayed) > _REACH + _REACH_PER_S * gap:
        return _IMPOSSIBLE
    return distance + 0.25 * stayed + 0.5 * abs(math.log(ratio))


class FaceTracker:
    """Gives every face of a stream a stable id and smooths what is read from it.

    Boxes are assigned to faces by the Hungarian method, with where each face should be by now as
    the cost; so a face that is hidden for a moment, or crosses another, keeps its identity.

    Args:
        threshold: Confidence below which the smoothed emotion is None.
        settings: Time constants.
    """

    def __init__(self, threshold: float = 0.0, settings: TrackerSettings | None = None) -> None:
        self.threshold = threshold
        self.settings = settings or TrackerSettings()
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._last_s: float | None = None
        self._interval_s = 0.0

    def update(self, faces: Sequence[FaceEmotion], timestamp_s: float) -> tuple[FaceEmotion, ...]:
        """Take the faces of one frame; return those on show, with ids from 1.

        Args:
            faces: As ``EmotionRecognizer.analyze`` returns them.
            timestamp_s: Time of the frame in seconds; never goes back.

        Returns:
            The faces with ``face_id`` set and smoothed values, largest first; a face that was
            missed for less than ``hold_s`` is among them with its last values.
        """
        settings = self.settings
        # What the stream's frames usually are apart: the gap just now may be a pause.
        remember_s = max(
            settings.remember_s, settings.hold_s, _REMEMBERED_FRAMES * self._interval_s
        )
        if self._last_s is not None:
            gap = timestamp_s - self._last_s
            self._interval_s += 0.3 * (min(gap, 1.0) - self._interval_s)
        self._last_s = timestamp_s
        # Before the association: whoever comes after a long pause is somebody new.
        self._tracks = [
            track for track in self._tracks if timestamp_s - track.last_seen_s <= remember_s
        ]
        taken = set()
        for t, f in self._assign(faces, timestamp_s):
            self._follow(self._tracks[t], faces[f], timestamp_s)
            taken.add(f)
        for f, face in enumerate(faces):
            if f not in taken:
                self._start(face, timestamp_s)
        shown = (
            track.face
            for track in self._tracks
            if timestamp_s - track.last_seen_s <= self._hold_s(track)
        )
        return tuple(sorted(shown, key=lambda face: (-face.box.area, face.face_id)))

    def _hold_s(self, track: _Track) -> float:
        """How long a face is shown that is not found; not longer than it was seen before."""
        hold_s = min(self.settings.hold_s, track.last_seen_s - track.first_seen_s)
        return max(hold_s, _LEAST_HOLD_S, 2 * self._interval_s)

    def _assign(self, faces: Sequence[FaceEmotion], timestamp_s: float) -> list[tuple[int, int]]:
        """Pairs of track and face, at the least cost of all together."""
        if not self._tracks or not faces:
            return []
        costs = np.array(
            [[_cost(track, face.box, timestamp_s) for face in faces] for track in self._tracks]
        )
        # Of two that are expected at one place, the one that was seen all along is it: the other
        # is behind it.
        gaps = np.array([timestamp_s - track.last_seen_s for track in self._tracks])
        costs[gaps > _HIDDEN_FRAMES * self._interval_s] += _HIDDEN_COST
        return [(t, f) for t, f in least_cost_pairs(costs) if costs[t, f] < _IMPOSSIBLE]

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
        self._tracks.append(_Track(named, timestamp_s, corners, box, timestamp_s))
        self._next_id += 1

    def _follow(self, track: _Track, face: FaceEmotion, timestamp_s: float) -> None:
        elapsed = timestamp_s - track.last_seen_s
        new = _weight(elapsed, self.settings.box_smoothing_s)
        box = face.box
        seen = (box.x, box.y, box.width, box.height)
        x, y, w, h = (old + new * (now - old) for old, now in zip(track.box, seen, strict=True))
        track.box = (x, y, w, h)
        if elapsed > 0:
            self._steer(track, box, elapsed)
        probabilities = self._smooth(track.face.probabilities, face.probabilities, elapsed)
        label = max(probabilities, key=probabilities.__getitem__)
        confidence = probabilities[label]
        track.last_seen_s = timestamp_s
        track.seen = box
        track.face = replace(
            face,
            box=Box(round(x), round(y), round(w), round(h)),
            emotion=label if confidence >= self.threshold else None,
            confidence=confidence,
            probabilities=probabilities,
            face_id=track.face.face_id,
            affect=self._smooth_affect(track.face.affect, face.affect, elapsed),
        )

    def _steer(self, track: _Track, box: Box, elapsed_s: float) -> None:
        """Average the velocity of the centre, in pixels a second."""
        weight = _weight(elapsed_s, _VELOCITY_SMOOTHING_S)
        (x, y), (old_x, old_y) = _centre(box), _centre(track.seen)
        vx, vy = track.velocity
        track.velocity = (
            vx + weight * ((x - old_x) / elapsed_s - vx),
            vy + weight * ((y - old_y) / elapsed_s - vy),
        )

    def _smooth_affect(
        self,
        old: tuple[float, float] | None,
        now: tuple[float, float] | None,
        elapsed_s: float,
    ) -> tuple[float, float] | None:
        if old is None or now is None:
            return now
        weight = _weight(elapsed_s, self.settings.smoothing_s)
        valence, arousal = (a + weight * (b - a) for a, b in zip(old, now, strict=True))
        return valence, arousal

    def _smooth(
        self, old: Mapping[str, float], now: Mapping[str, float], elapsed_s: float
    ) -> dict[str, float]:
        if old.keys() != now.keys():
            # Another label set was chosen: there is nothing to smooth with.
            return dict(now)
        weight = _weight(elapsed_s, self.settings.smoothing_s)
        return {label: old[label] + weight * (p - old[label]) for label, p in now.items()}
