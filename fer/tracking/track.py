"""One face that is followed: where it should be, what was read from it, smoothed over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fer.results import Box, FaceEmotion

# A velocity is believed for about this long, and is itself an average over so long.
_VELOCITY_MEMORY_S = 1.2
_VELOCITY_SMOOTHING_S = 0.2
# The label on show gives way once the one that leads it has been ahead by this much of probability
# times time, in units of the smoothing's constant: a clear lead takes over within a tenth of a
# second, a mouth that speaks puts another ahead for a syllable only, and by little.
_BEHIND = 0.16
# To unsure it gives way later: a mouth that speaks makes no other expression, only a doubtful one.
_DOUBTFUL = 0.5
# One look may be a bad one: a new face is looked at again at these ages.
_LOOK_AGAIN_S = (0.3, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How faces are followed.

    Attributes:
        smoothing_s: Time constant of the exponential smoothing of probabilities, and of how long
            the label on show resists another; 0 turns both off.
        box_smoothing_s: The same for the box, short, so that it does not trail behind.
        hold_s: A face that is not found for this long is still shown, if it was seen as long.
        remember_s: A face that is not found for this long gets its identity back when it is
            found again near where it was heading.
    """

    smoothing_s: float = 0.25
    box_smoothing_s: float = 0.06
    hold_s: float = 0.6
    remember_s: float = 2.0


@dataclass(slots=True, eq=False)
class Track:
    """A face that is followed.

    Attributes:
        face: As it is shown: named, smoothed.
        raw: As it was found last.
        last_seen_s: When.
        first_seen_s: When it came.
        frame: Number of the frame in which it was found last.
        in_doubt: Somebody else may be here by now.
        unknown: Looks in a row that were nobody's who was seen before.
        looks: How often its appearance was asked.
        velocity: Of its centre, in pixels a second.
        behind: Probability times seconds by which the label on show has been behind another.
        threshold: With which the label on show was chosen.
        corners: Of the smoothed box: x, y, width, height.
    """

    face: FaceEmotion
    raw: FaceEmotion
    last_seen_s: float
    first_seen_s: float
    frame: int = 0
    in_doubt: bool = False
    unknown: int = 0
    looks: int = 0
    velocity: tuple[float, float] = (0.0, 0.0)
    behind: float = 0.0
    threshold: float = 0.0
    corners: tuple[float, float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        """Begin the smoothing at the box as it was found."""
        box = self.raw.box
        self.corners = (float(box.x), float(box.y), float(box.width), float(box.height))

    @property
    def identity(self) -> int:
        """Whose face it is taken for; 0 for one that has just come."""
        return self.face.face_id

    @property
    def due(self) -> bool:
        """Whether it is time for another look at a new face."""
        age_s = self.last_seen_s - self.first_seen_s
        return 0 < self.looks <= len(_LOOK_AGAIN_S) and age_s >= _LOOK_AGAIN_S[self.looks - 1]

    def expected(self, timestamp_s: float) -> tuple[float, float]:
        """Where its centre should be now, at a velocity that dies away."""
        gap = max(timestamp_s - self.last_seen_s, 0.0)
        reach = _VELOCITY_MEMORY_S * (1.0 - math.exp(-gap / _VELOCITY_MEMORY_S))
        x, y = centre(self.raw.box)
        return x + self.velocity[0] * reach, y + self.velocity[1] * reach

    def follow(
        self, face: FaceEmotion, timestamp_s: float, settings: TrackerSettings, threshold: float
    ) -> None:
        """Take what was found of it in the next frame."""
        elapsed = timestamp_s - self.last_seen_s
        box = face.box
        new = _weight(elapsed, settings.box_smoothing_s)
        seen = (box.x, box.y, box.width, box.height)
        x, y, w, h = (old + new * (now - old) for old, now in zip(self.corners, seen, strict=True))
        self.corners = (x, y, w, h)
        if elapsed > 0:
            self._steer(box, elapsed)
        weight = _weight(elapsed, settings.smoothing_s)
        probabilities = _smoothed(self.face.probabilities, face.probabilities, weight)
        label = self._label(probabilities, elapsed, settings.smoothing_s, threshold)
        affect = face.affect
        if affect is not None and self.face.affect is not None:
            (old_v, old_a), (valence, arousal) = self.face.affect, affect
            affect = (old_v + weight * (valence - old_v), old_a + weight * (arousal - old_a))
        self.face = replace(
            face,
            box=Box(round(x), round(y), round(w), round(h)),
            emotion=label,
            confidence=probabilities[label] if label else max(probabilities.values()),
            probabilities=probabilities,
            face_id=self.face.face_id,
            affect=affect,
        )
        self.raw, self.last_seen_s = face, timestamp_s

    def rename(self, identity: int, threshold: float) -> None:
        """It is somebody else than thought, of whom nothing but this frame is known."""
        self.face = named(self.raw, identity, threshold)
        self.threshold, self.behind = threshold, 0.0
        self.first_seen_s, self.unknown = self.last_seen_s, 0

    def held(self) -> FaceEmotion:
        """Its last values, for a frame in which it was not found."""
        return replace(self.face, measured=False, detection_score=None)

    def _label(
        self,
        probabilities: Mapping[str, float],
        elapsed_s: float,
        smoothing_s: float,
        threshold: float,
    ) -> str | None:
        """The label to show, None for unsure: that on show until another led it long enough."""
        shown = self.face.emotion
        top = max(probabilities, key=probabilities.__getitem__)
        best = top if probabilities[top] >= threshold else None
        # Who chooses another threshold or label set sees it with the next frame.
        settled = self.threshold == threshold and self.face.probabilities.keys() == (
            probabilities.keys()
        )
        self.threshold = threshold
        if best == shown or not settled:
            self.behind = 0.0
            return best
        # Unsure stands at the threshold.
        other = probabilities[shown] if shown and best else threshold
        self.behind += elapsed_s * abs(probabilities[top] - other)
        if self.behind < (_BEHIND if best else _DOUBTFUL) * smoothing_s:
            return shown
        self.behind = 0.0
        return best

    def _steer(self, box: Box, elapsed_s: float) -> None:
        """Average the velocity of the centre."""
        weight = _weight(elapsed_s, _VELOCITY_SMOOTHING_S)
        (x, y), (old_x, old_y) = centre(box), centre(self.raw.box)
        vx, vy = self.velocity
        self.velocity = (
            vx + weight * ((x - old_x) / elapsed_s - vx),
            vy + weight * ((y - old_y) / elapsed_s - vy),
        )


def named(face: FaceEmotion, identity: int, threshold: float) -> FaceEmotion:
    """A face as it was found, under its identity."""
    emotion = face.top_label if face.confidence >= threshold else None
    return replace(face, face_id=identity, emotion=emotion)


def centre(box: Box) -> tuple[float, float]:
    """The middle of a box."""
    return box.x + box.width / 2, box.y + box.height / 2


def _weight(elapsed_s: float, constant_s: float) -> float:
    """Weight of a new value after ``elapsed_s`` with a first-order low-pass filter."""
    return 1.0 if constant_s <= 0 else 1.0 - math.exp(-max(elapsed_s, 0.0) / constant_s)


def _smoothed(
    old: Mapping[str, float], now: Mapping[str, float], weight: float
) -> dict[str, float]:
    if old.keys() != now.keys():
        # Another label set was chosen: there is nothing to smooth with.
        return dict(now)
    return {label: old[label] + weight * (p - old[label]) for label, p in now.items()}
