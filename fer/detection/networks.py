"""BlazeFace's two networks together: a close look at a place, and what both agree on."""

from __future__ import annotations

import numpy as np

from fer.boxes import containment, iou
from fer.detection.alignment import align
from fer.detection.blazeface import BlazeFace, Candidates, Floats, Square, overlaps
from fer.preprocessing import Image
from fer.results import Detection

NAME = "blazeface"

# The close look: so many sides of the face.
_LOOK_SIDES = 2.5
_LEAST_SCORE = 0.1
_CLOSE_SCORE = 0.65
_CLEAR_SCORE = 0.75
# Degrees; the points of a face that is turned by less are as good as upright.
_TILTED = 20.0
_SAME_IOU = 0.3
_SAME_CONTAINMENT = 0.6


class BlazeFaceNetworks:
    """Both networks, and the two questions that a search asks them; thread-safe.

    Raises:
        ModelError: If a file is missing, changed or cannot be run.
    """

    def __init__(self) -> None:
        self.short = BlazeFace("short")
        self.full = BlazeFace("full")

    def look(self, frame_bgr: Image, box: Floats, roll: float = 0.0) -> Candidates:
        """A close look at a place: the best face that overlaps it, or none.

        Args:
            frame_bgr: ``(h, w, 3)`` uint8.
            box: ``(4,)`` left, top, right, bottom in its pixels.
            roll: Degrees by which the face is rotated counter-clockwise: it is looked at upright.
        """
        side = _LOOK_SIDES * max(box[2] - box[0], box[3] - box[1], 1)
        middle_x, middle_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        area = Square(middle_x - side / 2, middle_y - side / 2, side, roll)
        seen = self.short.find(frame_bgr, area, least=_LEAST_SCORE)
        return seen[overlaps(box, seen.boxes)[0] > _SAME_IOU][:1]

    def upright(self, frame_bgr: Image, face: Detection) -> Detection:
        """A tilted face looked at once more, upright: the network underestimates large tilts."""
        if abs(face.roll) < _TILTED:
            return face
        box = face.box
        sides = np.array([box.x, box.y, box.right, box.bottom], np.float32)
        seen = self.look(frame_bgr, sides, face.roll)
        return detection(seen.points[0], face.score) if len(seen) else face

    def agreed(
        self, frame_bgr: Image, candidates: Candidates, min_score: float
    ) -> tuple[Detection, ...]:
        """What the close look agrees on, best score first, each face once."""
        found = []
        for index in range(len(candidates)):
            closer = self.look(frame_bgr, candidates.boxes[index])
            if not len(closer):
                continue
            close = float(closer.scores[0])
            score = (float(candidates.scores[index]) + close) / 2
            # The close look alone may refuse: badges and buttons look like faces from afar.
            if score >= min_score and (close >= _CLOSE_SCORE or score >= _CLEAR_SCORE):
                found.append(self.upright(frame_bgr, detection(closer.points[0], score)))
        return distinct(found)


def detection(points: Floats, score: float) -> Detection:
    """A face with six points ``(6, 2)``, in FER-2013's frame."""
    six = tuple((float(x), float(y)) for x, y in points)
    alignment = align(six)
    return Detection(alignment.box, score, alignment.roll, six, NAME)


def distinct(found: list[Detection]) -> tuple[Detection, ...]:
    """Each face once, best score first."""
    kept: list[Detection] = []
    for one in sorted(found, key=lambda d: (-d.score, d.box)):
        if all(
            iou(one.box, other.box) <= _SAME_IOU
            and containment(one.box, other.box) <= _SAME_CONTAINMENT
            for other in kept
        ):
            kept.append(one)
    return tuple(kept)
