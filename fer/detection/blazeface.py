"""BlazeFace (Bazarevsky et al. 2019, arXiv 1907.05047) on LiteRT: one network, one square view."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from fer.detection.weights import Range, read_weights
from fer.errors import ModelError
from fer.preprocessing import Image, shrink

Floats = npt.NDArray[np.float32]

_LOGIT_LIMIT = 80.0
_SAME_IOU = 0.3
_CORNERS = 1.42

# Input side in pixels; stride of a grid of anchors and anchors a cell.
_LAYOUTS: dict[Range, tuple[int, tuple[tuple[int, int], ...]]] = {
    "short": (128, ((8, 2), (16, 6))),
    "full": (192, ((4, 1),)),
}


class Square(NamedTuple):
    """A square part of a picture in its pixels; may reach outside, and be turned.

    Attributes:
        x: Left edge.
        y: Upper edge.
        side: Its side.
        roll: Degrees by which it is turned counter-clockwise about its centre.
    """

    x: float
    y: float
    side: float
    roll: float = 0.0


Affine = npt.NDArray[np.float64]
"""``(2, 3)``: coordinates of a view, from its upper left corner, to those of the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What a network takes for faces, best score first, in pixels of the picture.

    Attributes:
        boxes: ``(n, 4)`` left, top, right, bottom.
        points: ``(n, 6, 2)``.
        scores: ``(n,)``, 0 to 1.
    """

    boxes: Floats
    points: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, chosen: Any) -> Candidates:
        """Some of them, by a mask or indices."""
        return Candidates(self.boxes[chosen], self.points[chosen], self.scores[chosen])

    def times(self, factor: float) -> Candidates:
        """The same in a picture that was resized by a factor."""
        by = np.float32(factor)
        return Candidates(self.boxes * by, self.points * by, self.scores)

    @classmethod
    def joined(cls, several: list[Candidates]) -> Candidates:
        """All of several, best score first."""
        scores = np.concatenate([one.scores for one in several])
        order = np.argsort(-scores, kind="stable")
        return cls(
            np.concatenate([one.boxes for one in several])[order],
            np.concatenate([one.points for one in several])[order],
            scores[order],
        )


def overlaps(box: Floats, boxes: Floats) -> tuple[Floats, Floats]:
    """Intersection over union, and over the smaller area, of ``(4,)`` with ``(n, 4)``."""
    width = np.minimum(box[2], boxes[:, 2]) - np.maximum(box[0], boxes[:, 0])
    height = np.minimum(box[3], boxes[:, 3]) - np.maximum(box[1], boxes[:, 1])
    common = np.maximum(width, 0) * np.maximum(height, 0)
    area = (box[2] - box[0]) * (box[3] - box[1])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    union = np.maximum(area + areas - common, 1e-6)
    return common / union, common / np.maximum(np.minimum(area, areas), 1e-6)


def blended(found: Candidates) -> Candidates:
    """Overlapping answers of one network as their mean weighted by score, the best score kept."""
    kept: list[Candidates] = []
    rest = found
    while len(rest):
        same = overlaps(rest.boxes[0], rest.boxes)[0] > _SAME_IOU
        same[0] = True
        group = rest[same]
        weights = group.scores / group.scores.sum()
        kept.append(
            Candidates(
                (weights @ group.boxes)[None],
                np.tensordot(weights, group.points, 1)[None],
                group.scores[:1],
            )
        )
        rest = rest[~same]
    return Candidates.joined(kept) if kept else found


def square_view(frame_bgr: Image, area: Square, side: int) -> tuple[Image, Affine]:
    """A square part of a picture, resized, black where it reaches outside.

    Args:
        frame_bgr: ``(h, w, 3)`` uint8.
        area: The part.
        side: Of the result in pixels.

    Returns:
        ``(side, side, 3)`` uint8, and the way back to the picture.
    """
    if area.roll:
        return _turned_view(frame_bgr, area, side)
    height, width = frame_bgr.shape[:2]
    left, top = max(0, round(area.x)), max(0, round(area.y))
    right = min(width, max(left + 1, round(area.x + area.side)))
    bottom = min(height, max(top + 1, round(area.y + area.side)))
    view = np.zeros((side, side, 3), np.uint8)
    if right <= left or bottom <= top:
        return view, np.array([[1.0, 0, area.x], [0, 1.0, area.y]])
    factor = side / area.side
    # A few pixels less, so that it can be shrunk by halves.
    even = 2 ** max(0, int(math.log2(1 / factor)))
    right = max(left + 1, right - (right - left) % even)
    bottom = max(top + 1, bottom - (bottom - top) % even)
    x = min(side - 1, max(0, round((left - area.x) * factor)))
    y = min(side - 1, max(0, round((top - area.y) * factor)))
    columns = max(1, min(side - x, round((right - left) * factor)))
    rows = max(1, min(side - y, round((bottom - top) * factor)))
    part = frame_bgr[top:bottom, left:right]
    view[y : y + rows, x : x + columns] = (
        shrink(part, columns, rows)
        if factor < 1
        else cv2.resize(part, (columns, rows), interpolation=cv2.INTER_LINEAR)
    )
    across, down = (right - left) / columns, (bottom - top) / rows
    return view, np.array([[across, 0, left - across * x], [0, down, top - down * y]])


def _turned_view(frame_bgr: Image, area: Square, side: int) -> tuple[Image, Affine]:
    # Shrunk by area first, upright and with room for the corners, so that turning aliases little.
    wide = area.side * _CORNERS
    middle_x, middle_y = area.x + area.side / 2, area.y + area.side / 2
    around = Square(middle_x - wide / 2, middle_y - wide / 2, wide)
    larger, back = square_view(frame_bgr, around, 2 * side)
    zoom = wide / area.side / 2
    turn = np.asarray(cv2.getRotationMatrix2D((side, side), -area.roll, zoom), np.float64)
    turn[:, 2] -= side / 2
    # OpenCV counts from the middle of the first pixel, the matrices here from its corner.
    centred = turn.copy()
    centred[:, 2] += turn[:, :2].sum(axis=1) / 2 - 0.5
    view = cv2.warpAffine(larger, centred, (side, side), flags=cv2.INTER_LINEAR)
    undone = cv2.invertAffineTransform(turn)
    way = back[:, :2] @ undone
    way[:, 2] += back[:, 2]
    return np.asarray(view, np.uint8), way


class BlazeFace:
    """One of BlazeFace's networks: "short" looks at 128 pixels, "full" at 192.

    Thread-safe: an interpreter belongs to one thread, so every thread gets one of its own, made
    on first use.

    Args:
        which: The network.

    Raises:
        ModelError: If its file is missing, changed or cannot be run.
    """

    def __init__(self, which: Range) -> None:
        self.side, layers = _LAYOUTS[which]
        self._weights = read_weights(which)
        self._local = threading.local()
        grids = []
        for stride, count in layers:
            cells = (np.arange(self.side // stride) + 0.5) * stride
            centres = np.stack(np.meshgrid(cells, cells), axis=-1).reshape(-1, 2)
            grids.append(np.repeat(centres, count, axis=0))
        self._anchors: Floats = np.concatenate(grids).astype(np.float32)
        self._interpreter()

    def _interpreter(self) -> Any:
        """This thread's own interpreter."""
        local = self._local
        if not hasattr(local, "interpreter"):
            from ai_edge_litert.interpreter import Interpreter

            try:
                interpreter = Interpreter(model_content=self._weights, num_threads=1)
                interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as fault:
                raise ModelError(
                    f"BlazeFace: expected a LiteRT model, got: {fault}; reinstall ai-edge-litert"
                ) from fault
            (local.pixels,) = (one["index"] for one in interpreter.get_input_details())
            outputs = {int(one["shape"][-1]): one for one in interpreter.get_output_details()}
            local.offsets, local.logits = outputs[16]["index"], outputs[1]["index"]
            local.interpreter = interpreter
        return local.interpreter

    def find(self, frame_bgr: Image, area: Square | None = None, least: float = 0.5) -> Candidates:
        """Faces in a square part of a picture.

        Args:
            frame_bgr: ``(h, w, 3)`` uint8.
            area: The part; None is the whole picture in the middle of a square.
            least: Lowest score, 0 to 1.
        """
        return self.find_in(*self.view(frame_bgr, area), least)

    def view(self, frame_bgr: Image, area: Square | None = None) -> tuple[Image, Affine]:
        """What the network is shown of a picture, and the way back; as ``find``."""
        height, width = frame_bgr.shape[:2]
        if area is None:
            longer = max(height, width)
            area = Square((width - longer) / 2, (height - longer) / 2, longer)
        return square_view(frame_bgr, area, self.side)

    def find_in(self, view: Image, back: Affine, least: float) -> Candidates:
        """Faces in such a view, where they are in its picture."""
        interpreter = self._interpreter()
        pixels = cv2.cvtColor(view, cv2.COLOR_BGR2RGB)
        interpreter.set_tensor(
            self._local.pixels, (pixels.astype(np.float32) * (2 / 255) - 1)[None]
        )
        interpreter.invoke()
        logits = interpreter.get_tensor(self._local.logits)[0, :, 0]
        likely = np.flatnonzero(logits >= np.log(least / (1 - least)))
        likely = likely[np.argsort(-logits[likely], kind="stable")]
        raw = interpreter.get_tensor(self._local.offsets)[0][likely]
        places = raw.reshape(-1, 8, 2)
        anchors = self._anchors[likely][:, None]
        # Rows of a place: centre of the box, its size, six points; all but the size about anchors.
        points = (places[:, 2:] + anchors) @ back[:, :2].T + back[:, 2]
        centres = (places[:, 0] + anchors[:, 0]) @ back[:, :2].T + back[:, 2]
        # A turned square stays as large: the box is upright in the picture.
        halves = places[:, 1] * np.hypot(back[0, :2], back[1, :2]) / 2
        boxes = np.concatenate([centres - halves, centres + halves], axis=1)
        sure = np.clip(logits[likely], -_LOGIT_LIMIT, _LOGIT_LIMIT)
        scores = (1 / (1 + np.exp(-sure))).astype(np.float32)
        return blended(Candidates(boxes.astype(np.float32), points.astype(np.float32), scores))
