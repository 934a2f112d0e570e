"""Generated clips with known faces: NASA's portrait moved, scaled, tilted, hidden, among others.

Portrait: Eileen Collins, public domain (scikit-image's ``astronaut()``); profile: Lav Varshney's
photographer, CC0 (its ``camera()``); scenes without a face are scikit-image's too. Every frame
comes with where each face is, so that recall, false alarms and identities can be counted instead
of judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import skimage.data

from fer.preprocessing import Image
from fer.results import Box

WIDTH, HEIGHT, FPS = 640, 480, 30
# The face in the portrait of 512 x 512 pixels, from the hairline to the chin.
FACE = Box(177, 66, 95, 95)
_CENTRE = (FACE.x + FACE.width / 2, FACE.y + FACE.height / 2)


@dataclass(frozen=True)
class Truth:
    """A face that is really there.

    Attributes:
        identity: Stays with the face over the clip.
        box: Where it is.
        visible: Whether enough of it can be seen to be asked for.
    """

    identity: int
    box: Box
    visible: bool = True


Scene = tuple[Image, tuple[Truth, ...]]
Clip = Callable[[float], Scene]


@cache
def _portrait() -> Image:
    rgb: Image = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(rgb[..., ::-1])


def _backdrop() -> Image:
    """A soft gradient, so that the frame's border is no edge."""
    rows = np.linspace(90, 140, HEIGHT)[:, None] + np.linspace(-15, 15, WIDTH)[None]
    return np.repeat(rows[..., None], 3, axis=2).astype(np.uint8)


def _place(
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
) -> Truth:
    """Put the portrait into a frame with its face's centre at ``x, y`` and ``size`` pixels wide.

    ``cut`` keeps that part of the portrait about the face, in half sides of the portrait.
    """
    portrait = _portrait()[:, ::-1] if mirror else _portrait()
    cx = 511 - _CENTRE[0] if mirror else _CENTRE[0]
    factor = size / FACE.width
    matrix = cv2.getRotationMatrix2D((cx, _CENTRE[1]), tilt, factor)
    matrix[:, 2] += (x - cx, y - _CENTRE[1])
    mask = np.zeros((512, 512), np.uint8)
    reach = round(256 * cut)
    left, top = round(cx) - reach, round(_CENTRE[1]) - reach
    mask[max(0, top) : top + 2 * reach, max(0, left) : left + 2 * reach] = 255
    source = portrait
    if factor < 0.7:
        # Smooth before shrinking, as a camera does.
        source = cv2.GaussianBlur(portrait, (0, 0), 0.45 / factor)
    area = (WIDTH, HEIGHT)
    picture = cv2.warpAffine(source, matrix, area, flags=cv2.INTER_LINEAR)
    cover = cv2.warpAffine(mask, matrix, area, flags=cv2.INTER_NEAREST)[..., None] > 127
    np.copyto(frame, cv2.convertScaleAbs(picture, alpha=gain), where=cover)
    half = size / 2
    return Truth(identity, Box(round(x - half), round(y - half), round(size), round(size)))


def _panned(t: float) -> Scene:
    frame = _backdrop()
    return frame, (_place(frame, 1, 320 + 170 * np.sin(2 * t), 180, 90),)


def _scaled(t: float) -> Scene:
    frame = _backdrop()
    # 40 to 400 pixels and back, in equal steps of the logarithm, within six seconds.
    size = 40 * 10 ** (0.5 - 0.5 * np.cos(2 * np.pi * t / 6))
    return frame, (_place(frame, 1, 320, 240, size),)


def _tilted(t: float) -> Scene:
    frame = _backdrop()
    return frame, (_place(frame, 1, 320, 220, 110, tilt=30 * np.sin(2 * np.pi * t / 4)),)


def _profile(mirror: bool) -> Clip:
    def scene(t: float) -> Scene:
        photo = np.asarray(skimage.data.camera())  # type: ignore[no-untyped-call]
        face = Box(511 - 277 if mirror else 179, 101, 98, 98)
        x, y = 50 + 40 * np.sin(2 * t), -15 + 10 * np.cos(t)
        matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
        grey = cv2.warpAffine(
            photo[:, ::-1] if mirror else photo,
            matrix,
            (WIDTH, HEIGHT),
            borderMode=cv2.BORDER_REPLICATE,
        )
        box = Box(round(face.x + x), round(face.y + y), face.width, face.height)
        return np.repeat(grey[..., None], 3, axis=2), (Truth(1, box),)

    return scene


def _darkened(t: float) -> Scene:
    frame = _backdrop()
    gain = 0.575 + 0.425 * np.cos(2 * np.pi * t / 4)
    truth = _place(frame, 1, 300 + 40 * np.sin(t), 200, 100)
    dark = cv2.convertScaleAbs(frame, alpha=gain)
    noise = np.random.default_rng(round(t * FPS)).normal(0, 2.5, frame.shape)
    return np.clip(dark + noise, 0, 255).astype(np.uint8), (truth,)


def _two(t: float) -> Scene:
    frame = _backdrop()
    sway = 40 * np.sin(2 * t)
    return frame, (
        _place(frame, 1, 170 + sway, 190, 80, cut=0.62),
        _place(frame, 2, 470 - sway, 210, 95, cut=0.62, mirror=True, gain=0.7),
    )


def _four(t: float) -> Scene:
    frame = _backdrop()
    sway = 12 * np.sin(2 * t)
    spots = ((160, 110), (480, 110), (160, 350), (480, 350))
    return frame, tuple(
        _place(frame, i + 1, x + sway, y - sway, 60 + 6 * i, cut=0.5, mirror=bool(i % 2))
        for i, (x, y) in enumerate(spots)
    )


def _hidden(t: float) -> Scene:
    """Another thing stands before the face for a second, twice; the face moves on behind it."""
    frame = _backdrop()
    truth = _place(frame, 1, 250 + 35 * t, 200, 90)
    phase = t % 3.0
    if 1.0 <= phase < 2.0:
        x = round(truth.box.x - 40)
        frame[:, max(0, x) : x + 170] = (70, 90, 60)
        return frame, (Truth(1, truth.box, visible=False),)
    return frame, (truth,)


def _crossing(t: float) -> Scene:
    """One passes before the other, at nearly the same height, to and fro."""
    frame = _backdrop()
    offset = 190 * np.cos(2 * np.pi * t / 5)
    back = _place(frame, 2, 320 - offset, 195, 84, cut=0.3, mirror=True, gain=0.75)
    front = _place(frame, 1, 320 + offset, 200, 92, cut=0.3)
    overlapped = abs(2 * offset) < 130
    return frame, (front, Truth(2, back.box, visible=not overlapped))


def _clutter(name: str) -> Clip:
    def scene(t: float) -> Scene:
        # The motorcycle comes as a pair for two eyes.
        picture = np.asarray(
            skimage.data.stereo_motorcycle()[0]  # type: ignore[no-untyped-call]
            if name == "motorcycle"
            else getattr(skimage.data, name)()
        )
        if picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, axis=2)
        picture = np.ascontiguousarray(picture[..., 2::-1])
        factor = max(WIDTH / picture.shape[1], HEIGHT / picture.shape[0]) * (1.25 + 0.2 * np.sin(t))
        large = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        room_x, room_y = large.shape[1] - WIDTH, large.shape[0] - HEIGHT
        left = round(room_x * (0.5 + 0.5 * np.sin(0.7 * t)))
        top = round(room_y * (0.5 + 0.5 * np.cos(0.9 * t)))
        return np.ascontiguousarray(large[top : top + HEIGHT, left : left + WIDTH]), ()

    return scene


FACES: dict[str, Clip] = {
    "panned": _panned,
    "scaled 40-400 px": _scaled,
    "tilted to 30 degrees": _tilted,
    "profile": _profile(mirror=False),
    "profile, other side": _profile(mirror=True),
    "darkened": _darkened,
    "two faces": _two,
    "four faces": _four,
    "hidden for a second": _hidden,
    "two that cross": _crossing,
}

EMPTY: dict[str, Clip] = {
    f"no face: {name}": _clutter(name)
    for name in ("coffee", "rocket", "motorcycle", "brick", "gravel", "grass", "text", "page")
}


def play(clip: Clip, seconds: float, fps: float = FPS) -> Iterator[tuple[float, Scene]]:
    """Times and scenes of a clip."""
    for index in range(round(seconds * fps)):
        yield index / fps, clip(index / fps)
