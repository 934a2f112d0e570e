"""Makes the pictures and the clip that come with the dashboard, in ``fer/ui/samples``.

``python -m benchmarks.samples`` writes the two portraits, the picture of the home page with what
the shipped model reads in them, and a clip of six seconds. Their sources are in the folder's
SOURCES.txt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from benchmarks.portraits import portrait
from fer.overlay import OverlayStyle, draw_faces
from fer.preprocessing import Image
from fer.recognition.recognizer import EmotionRecognizer

FOLDER = Path(__file__).parents[1] / "fer" / "ui" / "samples"
# Top, bottom and middle of what is shown of each portrait.
_PARTS = {"collins": (20, 420, 235), "hopper": (10, 530, 256)}
_PICTURE = (640, 400)
_CLIP, _FPS, _SECONDS = (480, 360), 15, 6


def _jpeg(name: str, image: Image, quality: int) -> None:
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    (FOLDER / name).write_bytes(encoded.tobytes())


def _part(person: str, size: tuple[int, int], zoom: float = 1.0) -> Image:
    """A portrait's part about the face, ``size`` wide and high."""
    source, (width, height) = portrait(person), size
    top, bottom, middle = _PARTS[person]
    factor = zoom * max(width / source.shape[1], height / (bottom - top))
    reach = width / factor / 2
    left = min(max(middle, reach), source.shape[1] - reach) - reach
    matrix = np.array([[factor, 0, -factor * left], [0, factor, -factor * top]])
    return np.asarray(cv2.warpAffine(source, matrix, size), np.uint8)


def _both(size: tuple[int, int], zoom: float = 1.0) -> Image:
    """Both portraits side by side."""
    half = (size[0] // 2, size[1])
    return np.asarray(np.hstack([_part(person, half, zoom) for person in _PARTS]))


def _home() -> Image:
    """Both, annotated as the webcam page annotates."""
    both = _both(_PICTURE)
    return draw_faces(both, EmotionRecognizer.load().analyze(both), OverlayStyle(bars=3))


def _clip(path: Path) -> None:
    """One, the other, then both, two seconds each; the camera comes slowly nearer."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=_FPS, options={"crf": "27"})
        stream.width, stream.height = _CLIP
        stream.pix_fmt = "yuv420p"
        for index in range(_FPS * _SECONDS):
            zoom = 1 + 0.12 * (index / _FPS % 2) / 2
            part = index // (2 * _FPS)
            image = _both(_CLIP, zoom) if part == 2 else _part([*_PARTS][part], _CLIP, zoom)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())


def main() -> None:
    """Write them all, and print how large they are."""
    FOLDER.mkdir(exist_ok=True)
    _jpeg("home.jpg", _home(), 84)
    for person in _PARTS:
        _jpeg(f"{person}.jpg", portrait(person), 85)
    _clip(FOLDER / "clip.mp4")
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.name:12} {path.stat().st_size:9,} bytes")


if __name__ == "__main__":
    main()
