"""Known faces of moving pictures, looked for where they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer.boxes import containment, iou
from fer.detection.blazeface import Candidates, Floats
from fer.detection.networks import CLEAR_SCORE, BlazeFaceNetworks, detection, distinct
from fer.preprocessing import Image
from fer.results import Box, Detection

# A known face is believed with less than a new one: it was agreed on before. Where that is all
# there is, the full-range network judges it again every so many frames.
_KNOWN_SCORE = 0.4
_JUDGED_SCORE = 0.5
_JUDGE_EVERY = 15
# A new one that is less sure has to be agreed on in the next frame too before it is shown.
_SURE_SCORE = 0.8
# A face that is found no more is looked for where it was, for so many frames.
_LOST_FRAMES = 10


@dataclass(slots=True)
class Known:
    """A face that was agreed on, and how it has been since.

    Attributes:
        detection: Where it was seen last.
        missed: Frames since then.
        believed: Whether it is shown: a new one has to be sure, or agreed on twice.
        unsure: Frames in a row in which it was found without being clear.
    """

    detection: Detection
    missed: int = 0
    believed: bool = True
    unsure: int = 0


def _sides(box: Box) -> Floats:
    return np.array([box.x, box.y, box.right, box.bottom], np.float32)


def same_place(a: Box, b: Box) -> bool:
    """Whether two boxes are about one face."""
    return iou(a, b) > 0.3 or containment(a, b) > 0.6


class Following:
    """The known faces of one stream or file.

    Args:
        networks: Both of BlazeFace's.
        min_score: Of a new face.
    """

    def __init__(self, networks: BlazeFaceNetworks, min_score: float) -> None:
        self.networks = networks
        self.min_score = min_score
        self.known: list[Known] = []

    def look(self, frame_bgr: Image, known: Known) -> bool:
        """Look around one face; whether it is there."""
        box, roll = _sides(known.detection.box), known.detection.roll
        seen = self.networks.look(frame_bgr, box, roll)
        least = _KNOWN_SCORE if known.believed else self.min_score
        if not len(seen) or seen.scores[0] < least:
            known.missed += 1
            return False
        known.believed = True
        known.detection = detection(seen.points[0], float(seen.scores[0]))
        known.missed = 0
        known.unsure = known.unsure + 1 if seen.scores[0] < CLEAR_SCORE else 0
        return True

    def judge(self, frame_bgr: Image) -> None:
        """Look again at the face that has been unsure longest, and forget it if it is none.

        One a frame at most: the cost of a frame is to be flat.
        """
        known = max(self.known, key=lambda k: k.unsure, default=None)
        if known is None or known.unsure < _JUDGE_EVERY:
            return
        known.unsure = 0
        judged = self.networks.judge(frame_bgr, known.detection)
        if (known.detection.score + judged) / 2 < _JUDGED_SCORE:
            self.known.remove(known)

    def take(self, found: Candidates, known: Known) -> bool:
        """Take a face from what a look at the whole frame found; whether it is there."""
        for index in range(len(found)):
            one = detection(found.points[index], float(found.scores[index]))
            if found.scores[index] >= _KNOWN_SCORE and same_place(one.box, known.detection.box):
                known.detection, known.missed = one, 0
                return True
        return False

    def add(self, found: tuple[Detection, ...]) -> None:
        """Take new faces; one that was lost there is found again."""
        for one in found:
            at = [k for k in self.known if same_place(k.detection.box, one.box)]
            if any(not k.missed for k in at):
                continue
            self.known = [k for k in self.known if k not in at]
            self.known.append(Known(one, believed=bool(at) or one.score >= _SURE_SCORE))

    def seen(self) -> tuple[Detection, ...]:
        """The faces that this frame shows; those gone for long are forgotten."""
        self.known = [k for k in self.known if k.missed <= (_LOST_FRAMES if k.believed else 0)]
        found = [k.detection for k in self.known if not k.missed and k.believed]
        kept = distinct(found)
        if len(kept) < len(found):
            # Two became one: a look found the neighbour.
            self.known = [
                k for k in self.known if k.missed or not k.believed or k.detection in kept
            ]
        return kept
