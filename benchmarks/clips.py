"""Generated clips with known faces: NASA's portrait moved, scaled, tilted, hidden, among others.

Profile: Lav Varshney's photographer, CC0 (scikit-image's ``camera()``); scenes without a face are
scikit-image's too. Every frame comes with where each face is, so that recall, false alarms and
identities can be counted instead of judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np
import skimage.data

from benchmarks.portraits import HEIGHT, WIDTH, Truth, backdrop, place
from fer.preprocessing import Image
from fer.results import Box

FPS = 30


Scene = tuple[Image, tuple[Truth, ...]]
Clip = Callable[[float], Scene]


def _panned(t: float) -> Scene:
    frame = backdrop()
    return frame, (place(frame, 1, 320 + 170 * np.sin(2 * t), 180, 90),)


def _scaled(t: float) -> Scene:
    frame = backdrop()
    # 40 to 400 pixels and back, in equal steps of the logarithm, within six seconds.
    size = 40 * 10 ** (0.5 - 0.5 * np.cos(2 * np.pi * t / 6))
    return frame, (place(frame, 1, 320, 240, size),)


def _tilted(t: float) -> Scene:
    frame = backdrop()
    return frame, (place(frame, 1, 320, 220, 110, tilt=30 * np.sin(2 * np.pi * t / 4)),)


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
    frame = backdrop()
    gain = 0.575 + 0.425 * np.cos(2 * np.pi * t / 4)
    truth = place(frame, 1, 300 + 40 * np.sin(t), 200, 100)
    dark = cv2.convertScaleAbs(frame, alpha=gain)
    noise = np.random.default_rng(round(t * FPS)).normal(0, 2.5, frame.shape)
    return np.clip(dark + noise, 0, 255).astype(np.uint8), (truth,)


def _two(t: float) -> Scene:
    frame = backdrop()
    sway = 40 * np.sin(2 * t)
    return frame, (
        place(frame, 1, 170 + sway, 190, 80, cut=0.62),
        place(frame, 2, 470 - sway, 210, 95, cut=0.62, mirror=True, gain=0.7),
    )


def _four(t: float) -> Scene:
    frame = backdrop()
    sway = 12 * np.sin(2 * t)
    spots = ((160, 110), (480, 110), (160, 350), (480, 350))
    return frame, tuple(
        place(frame, i + 1, x + sway, y - sway, 60 + 6 * i, cut=0.5, mirror=bool(i % 2))
        for i, (x, y) in enumerate(spots)
    )


def _hidden(t: float) -> Scene:
    """Another thing stands before the face for a second, twice; the face moves on behind it."""
    frame = backdrop()
    truth = place(frame, 1, 250 + 35 * t, 200, 90)
    phase = t % 3.0
    if 1.0 <= phase < 2.0:
        x = round(truth.box.x - 40)
        frame[:, max(0, x) : x + 170] = (70, 90, 60)
        return frame, (Truth(1, truth.box, visible=False),)
    return frame, (truth,)


def _crossing(t: float) -> Scene:
    """One passes before the other, at nearly the same height, to and fro."""
    frame = backdrop()
    offset = 190 * np.cos(2 * np.pi * t / 5)
    back = place(frame, 2, 320 - offset, 195, 84, cut=0.3, mirror=True, gain=0.75)
    front = place(frame, 1, 320 + offset, 200, 92, cut=0.3)
    overlapped = abs(2 * offset) < 130
    return frame, (front, Truth(2, back.box, visible=not overlapped))


def _cut(t: float) -> Scene:
    """One person, cut, another at nearly the same place, cut, the first again; two seconds each."""
    other = int(t // 2) % 2
    frame = np.full((HEIGHT, WIDTH, 3), (70, 60, 50) if other else (150, 140, 130), np.uint8)
    sway = 8 * np.sin(3 * t)
    person = "hopper" if other else "collins"
    return frame, (place(frame, 1 + other, 310 + sway, 190, 110, person=person),)


def _cut_in_place(t: float) -> Scene:
    """As a video call that changes its speaker: all but the person stays."""
    frame, other = backdrop(), int(t // 2) % 2
    person = "hopper" if other else "collins"
    return frame, (place(frame, 1 + other, 320, 200, 90, cut=0.3, person=person),)


def _swapped(t: float) -> Scene:
    """Two walk past each other, one before the other, and stay in each other's seat."""
    frame = backdrop()
    step = np.clip(t - 2.0, 0.0, 2.0) / 2
    left, right = 170 + 300 * step, 470 - 300 * step
    back = place(frame, 2, right, 205, 88, cut=0.3, person="hopper")
    front = place(frame, 1, left, 200, 92, cut=0.3)
    return frame, (front, Truth(2, back.box, visible=abs(left - right) > 100))


def _swapped_unseen(t: float) -> Scene:
    """Two change seats while the picture is covered for a second, twice."""
    frame = backdrop()
    if 0.0 <= t % 3 - 2 < 1.0:
        frame[:] = (40, 60, 90)
        return frame, ()
    a, b = (170, 470) if int(t // 3) % 2 == 0 else (470, 170)
    return frame, (
        place(frame, 1, a, 200, 92, cut=0.3),
        place(frame, 2, b, 205, 88, cut=0.3, person="hopper"),
    )


def _relieved(t: float) -> Scene:
    """One leaves to the left while another comes from the right, to the same chair; and back."""
    frame = backdrop()
    phase = t % 6
    step = np.clip(phase - 2.0, 0, 1) if phase < 4.5 else 1 - np.clip(phase - 4.5, 0, 1)
    first = place(frame, 1, 320 - 460 * step, 200, 90, cut=0.3)
    second = place(frame, 2, 780 - 460 * step, 205, 92, cut=0.3, person="hopper")
    return frame, tuple(
        Truth(one.identity, one.box, visible=one.box.x > 0 and one.box.right < WIDTH)
        for one in (first, second)
        if one.box.right > 0 and one.box.x < WIDTH
    )


def _crowd(t: float) -> Scene:
    """Twelve, in three rows, all of them in motion."""
    frame = backdrop()
    faces = []
    for i in range(12):
        x = 90 + 150 * (i % 4) + 14 * np.sin(2 * t + i)
        y = 80 + 150 * (i // 4) + 10 * np.cos(1.7 * t + 2 * i)
        person = "hopper" if i % 2 else "collins"
        faces.append(place(frame, i + 1, x, y, 62 + 2 * (i % 3), cut=0.27, person=person))
    return frame, tuple(faces)


def _talking(t: float) -> Scene:
    """One with a neutral face who talks, with pauses: syllables, longer vowels, lips that widen."""
    frame = backdrop()
    spoken = np.clip(3 * np.sin(0.9 * t) + 2, 0, 1)
    syllables = sum(
        a * np.sin(2 * np.pi * f * t + a) for a, f in ((1, 2.3), (0.7, 3.7), (0.5, 5.3))
    )
    truth = place(
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
    frame = backdrop()
    phase = t % 6
    smile = 0.1 * (np.clip((phase - 2) / 0.2, 0, 1) - np.clip((phase - 5) / 0.2, 0, 1))
    truth = place(frame, 1, 320, 220, 150, tilt=3 * np.sin(2 * t), person="hopper", smile=smile)
    return frame, (replace(truth, expression="happy" if 2 < phase <= 5 else "neutral"),)


def _gone(t: float) -> Scene:
    """A face for four seconds, then nothing."""
    frame = backdrop()
    if t >= 4:
        return np.full_like(frame, 114), ()
    return frame, (place(frame, 1, 320 + 20 * np.sin(2 * t), 200, 100),)


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
