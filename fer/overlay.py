"""Draw a result on a copy of the frame: boxes, labels, bars of the top emotions, blurred faces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from fer.boxes import clip, corners, scale
from fer.captions import Colour, bar_label, caption_size, caption_tile, hex_to_bgr
from fer.labels import COLOURS, UNSURE_COLOUR
from fer.preprocessing import Image, check_frame, to_bgr
from fer.results import Box, FaceEmotion

Corners = npt.NDArray[np.float64]

Blur = Literal["nobody", "everyone", "others"]
"""Whose faces are made unrecognisable; ``others`` leaves one face as it is."""

IDENTITY_COLOURS: tuple[str, ...] = (
    "#2CC9B5",
    "#C6E84A",
    "#9FD8FF",
    "#9A6B3F",
    "#FFF0B8",
    "#27303A",
)
"""One colour per identity, in turn; none of them stands for an emotion."""

RECORDING_RED: Colour = (38, 30, 205)

# A face is blurred beyond its box (hair, chin, ears), down to this many cells across.
_BLUR_MARGIN = 0.28
_BLUR_CELLS = 6
# Of the length of a corner, where the model is unsure.
_DASHES = ((0.0, 0.25), (0.5, 1.0))
# How much of its drawing a face keeps that was not found in this frame.
_HELD = 0.4
# How much of the picture shows through the plate behind the bars.
_PLATE_LIGHT = 0.38
# A picture with captions is at least so large on its shorter side, in pixels.
_SMALLEST_CANVAS = 240
_STRIP = (24, 24, 24)


@dataclass(frozen=True, slots=True)
class OverlayStyle:
    """What is drawn besides box and label.

    Attributes:
        mirror: Show the picture as a mirror does; texts stay readable.
        ids: Draw a chip with the face's id in the colour of its identity.
        bars: Number of most probable emotions drawn as small bars.
        blur: Whose faces are made unrecognisable.
        unblurred: Id of the face that ``blur="others"`` leaves; None blurs all.
        points: Draw eyes, nose, mouth and ears where they were found; not in a mirror.
    """

    mirror: bool = False
    ids: bool = False
    bars: int = 0
    blur: Blur = "nobody"
    unblurred: int | None = None
    points: bool = False


PLAIN = OverlayStyle()
"""Box and label only, as for photos."""


def identity_colour(face_id: int) -> str:
    """The colour of an identity as ``#RRGGBB``; always the same one for the same id."""
    return IDENTITY_COLOURS[(face_id - 1) % len(IDENTITY_COLOURS)]


def face_colour(face: FaceEmotion) -> Colour:
    """The colour of a face's emotion, as (blue, green, red)."""
    return hex_to_bgr(COLOURS[face.emotion] if face.emotion else UNSURE_COLOUR)


def _outline(
    canvas: Image, square: Corners, colour: Colour, thickness: int, *, dashed: bool
) -> None:
    """A thin square with strong corners, tilted as the face is.

    Where the model is unsure: dashed corners alone.
    """
    middle = square.mean(axis=0)
    side = max(float(np.linalg.norm(square[1] - square[0])), 1.0)
    # The border is part of the square: its pixels lie half a pixel inside.
    pixels = np.floor(middle + (square - middle) * (1 - 1 / side)).astype(np.int32)
    # A tilted line without this is a staircase; an upright one stays sharp.
    upright = np.isclose(square[0], square[1], atol=0.5).any()
    kind = cv2.LINE_8 if upright else cv2.LINE_AA
    if not dashed:
        cv2.polylines(canvas, [pixels], True, colour, 1, kind)
    length = max(6.0, side / 4)
    for index, corner in enumerate(pixels):
        for other in (pixels[index - 1], pixels[(index + 1) % 4]):
            along = (other - corner) * min(1.0, length / side)
            for start, end in _DASHES if dashed else ((0.0, 1.0),):
                begin, stop = (
                    np.rint(corner + along * share).astype(int) for share in (start, end)
                )
                cv2.line(
                    canvas, tuple(map(int, begin)), tuple(map(int, stop)), colour, thickness, kind
                )


def _stamp(canvas: Image, tile: Image, x: int, y: int) -> None:
    """Put a tile on the canvas; what reaches outside is cut off."""
    height, width = canvas.shape[:2]
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + tile.shape[1], width), min(y + tile.shape[0], height)
    if left < right and top < bottom:
        canvas[top:bottom, left:right] = tile[top - y : bottom - y, left - x : right - x]


def _free_place(canvas: Image, box: Box, width: int, height: int) -> tuple[int, int]:
    """Where a caption of a size goes: above the face, else below, else beside it.

    Where a face fills the whole frame, its caption lies along the upper edge.
    """
    frame_height, frame_width = canvas.shape[:2]
    left = max(0, min(box.x, frame_width - width))
    if box.y >= height:
        return left, box.y - height
    if box.bottom + height <= frame_height:
        return left, box.bottom
    top = max(0, box.y)
    if box.right + width <= frame_width:
        return box.right, top
    if box.x >= width:
        return box.x - width, top
    return left, 0


def _caption(canvas: Image, face: FaceEmotion, box: Box, size: int, style: OverlayStyle) -> None:
    tiles = [caption_tile(face.reading, face_colour(face), size)]
    if style.ids:
        chip = hex_to_bgr(identity_colour(face.face_id))
        tiles.insert(0, caption_tile(f"{face.face_id}", chip, size))
    height, width = max(tile.shape[0] for tile in tiles), sum(tile.shape[1] for tile in tiles)
    left, top = _free_place(canvas, box, width, height)
    for tile in tiles:
        # A frame smaller than the text shows as much of it as there is room for.
        _stamp(canvas, tile, left, top)
        left += tile.shape[1]


def _bars(canvas: Image, face: FaceEmotion, box: Box, size: int, number: int) -> None:
    """The most probable emotions as bars on a dark plate under the box."""
    ranked = sorted(face.probabilities.items(), key=lambda item: -item[1])[:number]
    if not ranked:
        return
    longest, letters = max(face.probabilities, key=len), max(9, size * 7 // 8)
    labels = [bar_label(label, longest, letters) for label, _share in ranked]
    row, text = labels[0].shape[:2]
    pad = max(3, size // 4)
    width = max(box.width, text * 2 + 2 * pad)
    height = row * len(labels) + pad
    left = max(0, min(box.x, canvas.shape[1] - width))
    # Under the box where there is room, else inside its bottom edge.
    top = box.bottom if box.bottom + height <= canvas.shape[0] else box.bottom - height
    plate = canvas[max(0, top) : max(0, top) + height, left : left + width]
    if plate.shape[:2] != (height, width):
        # A frame with no room for them has no bars.
        return
    cv2.convertScaleAbs(plate, plate, _PLATE_LIGHT, 0)
    length = width - text - 2 * pad
    for index, ((label, share), cover) in enumerate(zip(ranked, labels, strict=True)):
        y = pad // 2 + index * row
        words = plate[y : y + row, pad : pad + text]
        np.maximum(words, cover, out=words)
        end = pad + text + round(length * share)
        plate[y + row // 4 : y + row - row // 4, pad + text : end] = hex_to_bgr(COLOURS[label])


def mark_recording(canvas: Image) -> None:
    """Draw a red plate with "REC" into the upper right corner, in place."""
    tile = caption_tile("REC", RECORDING_RED, caption_size(canvas))
    _stamp(canvas, tile, canvas.shape[1] - tile.shape[1], 0)


def blur_area(canvas: Image, box: Box) -> None:
    """Make what is in and closely around a box unrecognisable, in place."""
    x, y = round(box.width * _BLUR_MARGIN), round(box.height * _BLUR_MARGIN)
    wide = Box(box.x - x, box.y - y, box.width + 2 * x, box.height + 2 * y)
    area = clip(wide, canvas.shape[1], canvas.shape[0])
    if area.area == 0:
        return
    part = canvas[area.y : area.bottom, area.x : area.right]
    part[:] = _coarse(part, _BLUR_CELLS, _BLUR_CELLS)


def blurred(frame: Image) -> Image:
    """A whole picture made unrecognisable, a new array."""
    height, width = frame.shape[:2]
    rows = max(2, round(2 * _BLUR_CELLS * height / max(width, 1)))
    return _coarse(frame, 2 * _BLUR_CELLS, rows)


def _coarse(picture: Image, columns: int, rows: int) -> Image:
    """What is left of a picture in so many cells."""
    cells = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def draw_faces(frame: Image, faces: Iterable[FaceEmotion], style: OverlayStyle = PLAIN) -> Image:
    """Draw boxes and captions, and what else the style asks for.

    Args:
        frame: ``(h, w, 3)`` BGR, ``(h, w, 4)`` BGRA or ``(h, w)`` grey, uint8; not changed.
        faces: Boxes in pixels of ``frame``, also when the style mirrors.
        style: What is drawn besides box and label.

    Returns:
        ``(h, w, 3)`` BGR uint8, a new array.

    Raises:
        InputError: If ``frame`` is not such a picture.
    """
    canvas = to_bgr(check_frame(frame)).copy()
    if style.mirror:
        canvas = np.asarray(cv2.flip(canvas, 1), np.uint8)
    shown = []
    for face in faces:
        square = corners(face.box, face.roll)
        if style.mirror:
            square[:, 0] = canvas.shape[1] - square[:, 0]
        shown.append((face, square, _around(square)))
    if style.blur != "nobody":
        # All of them before anything is drawn, or a neighbour's label would be blurred too.
        for face, _square, box in shown:
            if style.blur == "everyone" or face.face_id != style.unblurred:
                blur_area(canvas, box)
    held = [one for one in shown if not one[0].measured]
    if held:
        # Drawn first, and faded: nothing is known of these faces now.
        drawn = canvas.copy()
        _mark(drawn, held, style)
        cv2.addWeighted(drawn, _HELD, canvas, 1 - _HELD, 0, canvas)
    _mark(canvas, [one for one in shown if one[0].measured], style)
    return canvas


def _mark(
    canvas: Image, shown: Iterable[tuple[FaceEmotion, Corners, Box]], style: OverlayStyle
) -> None:
    shorter = min(canvas.shape[:2])
    size = caption_size(canvas)
    for face, square, box in shown:
        thickness = max(2, shorter // 240)
        _outline(canvas, square, face_colour(face), thickness, dashed=face.emotion is None)
        for x, y in face.points or () if style.points else ():
            # A dark rim: seen on any skin and any ground.
            cv2.circle(canvas, (round(x), round(y)), thickness + 2, (20, 20, 20), -1)
            cv2.circle(canvas, (round(x), round(y)), thickness + 1, face_colour(face), -1)
        if style.bars:
            _bars(canvas, face, box, size, style.bars)
        _caption(canvas, face, box, size, style)


def _around(square: Corners) -> Box:
    """The upright box about the corners of a square."""
    low, high = np.rint(square.min(axis=0)).astype(int), np.rint(square.max(axis=0)).astype(int)
    return Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def moved(face: FaceEmotion, factor: float, down: int = 0) -> FaceEmotion:
    """A face where it is in a copy of its picture: larger, and so many pixels further down."""
    box = scale(face.box, factor)
    points = face.points and tuple((x * factor, y * factor + down) for x, y in face.points)
    return replace(face, box=replace(box, y=box.y + down), points=points)


def annotated(picture: Image, faces: Iterable[FaceEmotion], style: OverlayStyle = PLAIN) -> Image:
    """A copy of a picture with its faces drawn, enlarged where a caption would not be readable.

    Args:
        picture: ``(h, w, 3)`` BGR, ``(h, w, 4)`` BGRA or ``(h, w)`` grey, uint8; not changed.
        faces: Boxes in pixels of ``picture``.
        style: What is drawn besides box and label.

    Returns:
        ``(h, w, 3)`` BGR uint8, a new array: a whole multiple of the size, with a strip above it
        where a face leaves no room for its caption.
    """
    canvas = to_bgr(check_frame(picture))
    factor = max(1, -(-_SMALLEST_CANVAS // min(canvas.shape[:2])))
    strip = max(14, round(min(canvas.shape[:2]) * factor / 12))
    size = (canvas.shape[1] * factor, canvas.shape[0] * factor)
    larger = np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    placed = [moved(face, factor) for face in faces]
    around = [_around(corners(face.box, face.roll)) for face in placed]
    if all(box.y >= strip or box.bottom + strip <= larger.shape[0] for box in around):
        return draw_faces(larger, placed, style)
    taller = cv2.copyMakeBorder(larger, strip, 0, 0, 0, cv2.BORDER_CONSTANT, value=_STRIP)
    lowered = [moved(face, 1, strip) for face in placed]
    return draw_faces(np.asarray(taller, np.uint8), lowered, style)
