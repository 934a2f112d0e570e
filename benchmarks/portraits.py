"""Portraits of the public domain, put into pictures: turned, scaled, talking, smiling.

Eileen Collins (scikit-image's ``astronaut()``, NASA) and Grace Hopper (US Navy, as in matplotlib's
samples).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from fer.preprocessing import Image
from fer.results import Box

WIDTH, HEIGHT = 640, 480
# The faces in the portraits, from the hairline to the chin.
_FACES = {"collins": Box(177, 66, 95, 95), "hopper": Box(156, 109, 218, 218)}


@dataclass(frozen=True)
class Truth:
    """A face that is really there.

    Attributes:
        identity: Stays with the face over the clip.
        box: Where it is.
        visible: Whether enough of it can be seen to be asked for.
        expression: What it shows, where that is known; a change of the reading without a change
            of it is a flip.
    """

    identity: int
    box: Box
    visible: bool = True
    expression: str = ""


@cache
def portrait(person: str) -> Image:
    """``(h, w, 3)`` BGR."""
    if person == "hopper":
        picture = cv2.imread(str(Path(__file__).with_name("grace_hopper.jpg")))
        assert picture is not None
        return np.asarray(picture, np.uint8)
    rgb: Image = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(rgb[..., ::-1])


def backdrop() -> Image:
    """A soft gradient, so that the frame's border is no edge."""
    rows = np.linspace(90, 140, HEIGHT)[:, None] + np.linspace(-15, 15, WIDTH)[None]
    return np.repeat(rows[..., None], 3, axis=2).astype(np.uint8)


def place(
    frame: Image,
    identity: int,
    x: float,
    y: float,
    size: float,
    *,
    tilt: float = 0.0,
    gain: float = 1.0,
    cut: float = 1.0,
    mirror: bool = False,
    person: str = "collins",
    mouth: float = 0.0,
    smile: float = 0.0,
) -> Truth:
    """Put a portrait into a frame with its face's centre at ``x, y`` and ``size`` pixels wide.

    ``cut`` keeps that part of the portrait about the face, in 2.7 sides of the face; ``mouth``
    opens the mouth and ``smile`` lifts its corners by so much of the face's height.
    """
    source, face = portrait(person), _FACES[person]
    if smile:
        source = _lifted(source, face, smile)
    if mouth:
        source = _opened(source, face, mouth)
    cx, cy = face.x + face.width / 2, face.y + face.height / 2
    if mirror:
        source, cx = source[:, ::-1], source.shape[1] - 1 - cx
    factor = size / face.width
    matrix = cv2.getRotationMatrix2D((cx, cy), tilt, factor)
    matrix[:, 2] += (x - cx, y - cy)
    mask = np.zeros(source.shape[:2], np.uint8)
    reach = round(2.7 * face.width * cut)
    left, top = round(cx) - reach, round(cy) - reach
    mask[max(0, top) : top + 2 * reach, max(0, left) : left + 2 * reach] = 255
    if factor < 0.7:
        # Smooth before shrinking, as a camera does.
        source = cv2.GaussianBlur(source, (0, 0), 0.45 / factor)
    area = (WIDTH, HEIGHT)
    picture = cv2.warpAffine(source, matrix, area, flags=cv2.INTER_LINEAR)
    cover = cv2.warpAffine(mask, matrix, area, flags=cv2.INTER_NEAREST)[..., None] > 127
    np.copyto(frame, cv2.convertScaleAbs(picture, alpha=gain), where=cover)
    half = size / 2
    return Truth(identity, Box(round(x - half), round(y - half), round(size), round(size)))


def _opened(source: Image, face: Box, share: float) -> Image:
    """A portrait whose lower lip and chin are moved down, with a dark mouth between the lips."""
    rows, columns = np.indices(source.shape[:2], np.float32)
    x = (columns - face.x - face.width / 2) / face.width
    y = (rows - face.y - 0.78 * face.height) / face.height
    near = np.exp(-((x / 0.2) ** 2))
    # Below the lips what is seen comes from higher up, and less so towards the neck.
    shift = share * near * np.clip(1 - y / 0.5, 0, 1) * (y > 0)
    moved = cv2.remap(
        source,
        columns,
        (rows - shift * face.height).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    gap = (y > 0) & (y < share * near) & (near > 0.6)
    moved[gap] = (moved[gap] * 0.3).astype(np.uint8)
    return np.asarray(moved, np.uint8)


def _lifted(source: Image, face: Box, share: float) -> Image:
    """A portrait whose corners of the mouth are moved up, and its middle down a little."""
    rows, columns = np.indices(source.shape[:2], np.float32)
    x = (columns - face.x - face.width / 2) / face.width
    y = (rows - face.y - 0.78 * face.height) / face.height
    corners = np.exp(-(((np.abs(x) - 0.2) / 0.09) ** 2)) - 0.6 * np.exp(-((x / 0.1) ** 2))
    shift = share * corners * np.exp(-((y / 0.13) ** 2))
    moved = cv2.remap(
        source,
        columns,
        (rows + shift * face.height).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.asarray(moved, np.uint8)
