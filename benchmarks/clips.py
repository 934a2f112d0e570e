"""Generated clips with known faces: NASA's portrait moved, scaled, tilted, hidden, among others.

Portraits: Eileen Collins, public domain (scikit-image's ``astronaut()``), and Grace Hopper, public
domain (US Navy, as in matplotlib's samples); profile: Lav Varshney's photographer, CC0 (scikit-
image's ``camera()``); scenes without a face are scikit-image's too. Every frame
comes with where each face is, so that recall, false alarms and identities can be counted instead
of judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from fer.preprocessing import Image
from fer.results import Box

WIDTH, HEIGHT, FPS = 640, 480, 30
# The faces in the portraits, from the hairline to the chin.
FACE = Box(177, 66, 95, 95)
_FACES = {"collins": FACE, "hopper": Box(156, 109, 218, 218)}


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


Scene = tuple[Image, tuple[Truth, ...]]
Clip = Callable[[float], Scene]


@cache
def portrait(person: str) -> Image:
    """``(h, w, 3)`` BGR."""
    if person == "hopper":
        picture = cv2.imread(str(Path(__file__).with_name("grace_hopper.jpg")))
        assert picture is not None
        return np.asarray(picture, np.uint8)
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


def _cut(t: float) -> Scene:
    """One person, cut, another at nearly the same place, cut, the first again; two seconds each."""
    other = int(t // 2) % 2
    frame = np.full((HEIGHT, WIDTH, 3), (70, 60, 50) if other else (150, 140, 130), np.uint8)
    sway = 8 * np.sin(3 * t)
    person = "hopper" if other else "collins"
    return frame, (_place(frame, 1 + other, 310 + sway, 190, 110, person=person),)


def _cut_in_place(t: float) -> Scene:
    """As a video call that changes its speaker: all but the person stays."""
    frame, other = _backdrop(), int(t // 2) % 2
    person = "hopper" if other else "collins"
    return frame, (_place(frame, 1 + other, 320, 200, 90, cut=0.3, person=person),)


def _swapped(t: float) -> Scene:
    """Two walk past each other, one before the other, and stay in each other's seat."""
    frame = _backdrop()
    step = np.clip(t - 2.0, 0.0, 2.0) / 2
    left, right = 170 + 300 * step, 470 - 300 * step
    back = _place(frame, 2, right, 205, 88, cut=0.3, person="hopper")
    front = _place(frame, 1, left, 200, 92, cut=0.3)
    return frame, (front, Truth(2, back.box, visible=abs(left - right) > 100))


def _swapped_unseen(t: float) -> Scene:
    """Two change seats while the picture is covered for a second, twice."""
    frame = _backdrop()
    if 0.0 <= t % 3 - 2 < 1.0:
        frame[:] = (40, 60, 90)
        return frame, ()
    a, b = (170, 470) if int(t // 3) % 2 == 0 else (470, 170)
    return frame, (
        _place(frame, 1, a, 200, 92, cut=0.3),
        _place(frame, 2, b, 205, 88, cut=0.3, person="hopper"),
    )


def _relieved(t: float) -> Scene:
    """One leaves to the left while another comes from the right, to the same chair; and back."""
    frame = _backdrop()
    phase = t % 6
    step = np.clip(phase - 2.0, 0, 1) if phase < 4.5 else 1 - np.clip(phase - 4.5, 0, 1)
    first = _place(frame, 1, 320 - 460 * step, 200, 90, cut=0.3)
    second = _place(frame, 2, 780 - 460 * step, 205, 92, cut=0.3, person="hopper")
    return frame, tuple(
        Truth(one.identity, one.box, visible=one.box.x > 0 and one.box.right < WIDTH)
        for one in (first, second)
        if one.box.right > 0 and one.box.x < WIDTH
    )


def _crowd(t: float) -> Scene:
    """Twelve, in three rows, all of them in motion."""
    frame = _backdrop()
    faces = []
    for i in range(12):
        x = 90 + 150 * (i % 4) + 14 * np.sin(2 * t + i)
        y = 80 + 150 * (i // 4) + 10 * np.cos(1.7 * t + 2 * i)
        person = "hopper" if i % 2 else "collins"
        faces.append(_place(frame, i + 1, x, y, 62 + 2 * (i % 3), cut=0.27, person=person))
    return frame, tuple(faces)


def _talking(t: float) -> Scene:
    """One with a neutral face who talks, with pauses: syllables, longer vowels, lips that widen."""
    frame = _backdrop()
    spoken = np.clip(3 * np.sin(0.9 * t) + 2, 0, 1)
    syllables = sum(
        a * np.sin(2 * np.pi * f * t + a) for a, f in ((1, 2.3), (0.7, 3.7), (0.5, 5.3))
    )
    truth = _place(
        frame,
        1,
        320,
        220,
        150,
        tilt=3 * np.sin(2 * t),
        person="hopper",
        mouth=0.14 * spoken * np.clip(syllables / 1.6, 0, 1),
        smile=0.03 * spoken * np.sin(2 * np.pi * 1.1 * t),
    )
    return frame, (replace(truth, expression="neutral"),)


def _smiling(t: float) -> Scene:
    """One with a neutral face who smiles for three seconds, twice in twelve."""
    frame = _backdrop()
    phase = t % 6
    smile = 0.1 * (np.clip((phase - 2) / 0.2, 0, 1) - np.clip((phase - 5) / 0.2, 0, 1))
    truth = _place(frame, 1, 320, 220, 150, tilt=3 * np.sin(2 * t), person="hopper", smile=smile)
    return frame, (replace(truth, expression="happy" if 2 < phase <= 5 else "neutral"),)


def _gone(t: float) -> Scene:
    """A face for four seconds, then nothing."""
    frame = _backdrop()
    if t >= 4:
        return np.full_like(frame, 114), ()
    return frame, (_place(frame, 1, 320 + 20 * np.sin(2 * t), 200, 100),)


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

PEOPLE: dict[str, Clip] = {
    "cut A, C, A": _cut,
    "speakers of a call": _cut_in_place,
    "two swap seats": _swapped,
    "two swap seats, unseen": _swapped_unseen,
    "one leaves, one enters": _relieved,
    "crowd of twelve": _crowd,
    "talking head": _talking,
    "a smile comes and goes": _smiling,
    "a face, then nothing": _gone,
}
"""Who is who: cuts, swaps, returns."""

EMPTY: dict[str, Clip] = {
    f"no face: {name}": _clutter(name)
    for name in ("coffee", "rocket", "motorcycle", "brick", "gravel", "grass", "text", "page")
}


def play(clip: Clip, seconds: float, fps: float = FPS) -> Iterator[tuple[float, Scene]]:
    """Times and scenes of a clip."""
    for index in range(round(seconds * fps)):
        yield index / fps, clip(index / fps)
