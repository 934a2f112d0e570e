"""Short clips of the portrait, made on the spot in any container."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

CLOCK = Fraction(1, 1000)
SOUND_RATE = 48_000

Clip = Callable[..., Path]


def frames(portrait: np.ndarray, size: tuple[int, int], count: int) -> list[np.ndarray]:
    """The portrait, letterboxed and panned by a few pixels."""
    width, height = size
    side = min(size)
    small = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
    result = []
    for index in range(count):
        frame = np.full((height, width, 3), 96, np.uint8)
        left = round((width - side) / 2 * (1 + 0.5 * np.sin(index / 10)))
        frame[:side, left : left + side] = small
        result.append(frame)
    return result


def write_clip(
    path: Path,
    pictures: Sequence[np.ndarray],
    *,
    codec: str = "libx264",
    times_s: Sequence[float] | None = None,
    sound: str | None = None,
    layout: str = "yuv420p",
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
) -> Path:
    """Write frames with times, and a tone if a sound codec is named.

    ``aspect`` is the width of a pixel by its height, as a player is told.
    """
    times = times_s or [index / 30 for index in range(len(pictures))]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=30, options=options or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = layout
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        # These know only a fixed rate.
        clock = Fraction(1, 30) if path.suffix in (".avi", ".mpg") else CLOCK
        stream.time_base = stream.codec_context.time_base = clock
        tone: Any = container.add_stream(sound, rate=SOUND_RATE, layout="mono") if sound else None
        for picture, time_s in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = round(time_s / clock), clock
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            resampler = av.AudioResampler(
                format=tone.codec_context.format.name, layout="mono", rate=SOUND_RATE
            )
            fifo = av.AudioFifo()
            samples = np.arange(round(SOUND_RATE * (times[-1] + 1 / 30)))
            wave = (0.2 * np.sin(2 * np.pi * 440 * samples / SOUND_RATE)).astype(np.float32)
            block = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            block.sample_rate = SOUND_RATE
            for part in resampler.resample(block):
                fifo.write(part)
            position = 0
            while (part := fifo.read(tone.codec_context.frame_size or 1024)) is not None:
                part.pts, part.time_base = position, Fraction(1, SOUND_RATE)
                position += part.samples
                container.mux(tone.encode(part))
            container.mux(tone.encode(None))
    return path


@pytest.fixture
def clip(tmp_path: Path, astronaut_bgr: np.ndarray) -> Clip:
    """``clip("name.mp4", count=, size=, empty=, again=, **options of write_clip)`` -> path.

    ``empty`` grey frames come after those with the face, and ``again`` more with it after these.
    """

    def make(
        name: str,
        *,
        count: int = 30,
        size: tuple[int, int] = (320, 240),
        empty: int = 0,
        again: int = 0,
        **options: Any,
    ) -> Path:
        grey = np.full((size[1], size[0], 3), 114, np.uint8)
        pictures = frames(astronaut_bgr, size, count + again)
        pictures[count:count] = [grey] * empty
        return write_clip(tmp_path / name, pictures, **options)

    return make
