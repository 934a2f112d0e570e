"""BlazeFace's two networks together: a close look at a place, and what both agree on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fer.boxes import containment, iou
from fer.detection.alignment import align
from fer.detection.blazeface import BlazeFace, Candidates, Floats, Square, overlaps
from fer.preprocessing import Image
from fer.results import Detection

NAME = "blazeface"

# So many sides of the face: the close look, and what the full-range network judges it in.
_LOOK_SIDES = 2.5
_JUDGE_SIDES = 3.0
_LEAST_SCORE = 0.1
# Two scores whose mean is below the first are not worth a third; above the second, none is needed.
_DOUBTFUL_SCORE = 0.5
CLEAR_SCORE = 0.75
"""Mean of two scores from which nothing else is asked about a face."""
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
            roll: Degrees by which the face is rotated counter-clockwise: it is looked at upright
                where that makes a difference.
        """
        area = _around(box, _LOOK_SIDES, roll if abs(roll) >= _TILTED else 0.0)
        seen = self.short.find(frame_bgr, area, least=_LEAST_SCORE)
        return seen[overlaps(box, seen.boxes)[0] > _SAME_IOU][:1]

    def judge(self, frame_bgr: Image, face: Detection) -> float:
        """The full-range network's score of a face, looked at alone and upright; 0 for none."""
        sides = _sides(face)
        area = _around(sides, _JUDGE_SIDES, face.roll)
        seen = self.full.find(frame_bgr, area, least=_LEAST_SCORE)
        same = seen[overlaps(sides, seen.boxes)[0] > _SAME_IOU]
        return float(same.scores[0]) if len(same) else 0.0

    def upright(self, frame_bgr: Image, face: Detection) -> Detection:
        """A tilted face looked at once more, upright: the network underestimates large tilts."""
        if abs(face.roll) < _TILTED:
            return face
        seen = self.look(frame_bgr, _sides(face), face.roll)
        return detection(seen.points[0], face.score) if len(seen) else face

    def agreed(
        self,
        frame_bgr: Image,
        candidates: Candidates,
        min_score: float,
        *,
        judgements: int | None = None,
    ) -> tuple[Detection, ...]:
        """What other looks agree on, best score first, each face once.

        The mean of the candidate's score and the close look's decides; where that is not clear,
        the full-range network's judgement of the place alone is a third: badges, stars and backs
        of heads look like faces from one distance, seldom from three.

        Args:
            frame_bgr: ``(h, w, 3)`` uint8.
            candidates: What a network found in it.
            min_score: Of a face.
            judgements: How many candidates may be judged; those beyond that are left for another
                frame. None judges all.
        """
        found = []
        left = len(candidates) if judgements is None else judgements
        for index in range(len(candidates)):
            closer = self.look(frame_bgr, candidates.boxes[index])
            if not len(closer):
                continue
            scores = [float(candidates.scores[index]), float(closer.scores[0])]
            face = detection(closer.points[0], sum(scores) / 2)
            if face.score < CLEAR_SCORE:
                if face.score < _DOUBTFUL_SCORE or not left:
                    continue
                left -= 1
                scores.append(self.judge(frame_bgr, face))
                face = replace(face, score=sum(scores) / 3)
            if face.score >= min_score:
                found.append(self.upright(frame_bgr, face))
        return distinct(found)


def _sides(face: Detection) -> Floats:
    box = face.box
    return np.array([box.x, box.y, box.right, box.bottom], np.float32)


def _around(box: Floats, sides: float, roll: float) -> Square:
    """A square around a place, so many times its size."""
    side = sides * max(float(box[2] - box[0]), float(box[3] - box[1]), 1.0)
    middle_x, middle_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return Square(middle_x - side / 2, middle_y - side / 2, side, roll)


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
