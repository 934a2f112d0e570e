"""What a face looks like as numbers that are alike for one person: dlib's recognition network.

It compares faces of one stream or file with each other. It has no list of people, and nothing of
it is written anywhere.
"""

from __future__ import annotations

import json
import threading
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer.errors import ModelError
from fer.models.store import file_digest, own_models
from fer.preprocessing import Image, to_grey
from fer.results import FaceEmotion

Floats = npt.NDArray[np.float32]

FOLDER, WEIGHTS, CARD = "identity", "model.tflite", "provenance.json"
CHIP_SIDE = 150
"""Side of the straightened face in pixels, as dlib learned them."""
EMBEDDING = 128

# Eyes and mouth, as shares of the side: of the chip, a tenth closer than dlib's own chips, which
# told people in the project's measurements apart a little better; and of FER-2013's frame of a
# face, for detectors without points.
_IN_CHIP = np.array([(0.300, 0.295), (0.686, 0.295), (0.493, 0.699)])
_IN_BOX = np.array([(15.0, 18.8), (32.7, 18.5), (24.3, 37.2)]) / 48
_EYES_AND_MOUTH = (0, 1, 3)
# Below so many pixels a face has too little to tell people apart.
_LEAST_WIDTH = 28
# Nor does a face in the dark, in grey levels.
_LEAST_CONTRAST = 6.0


def _landmarks(face: FaceEmotion) -> npt.NDArray[np.float64]:
    """Right eye, left eye and mouth in pixels of the picture, ``(3, 2)``."""
    if face.points is not None:
        return np.array([face.points[index] for index in _EYES_AND_MOUTH], np.float64)
    box, angle = face.box, np.deg2rad(face.roll)
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    middle = np.array((box.x + box.width / 2, box.y + box.height / 2))
    return np.asarray(middle + max(box.width, box.height) * (_IN_BOX - 0.5) @ turn)


def _similarity(
    source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The ``(2, 3)`` turn, scale and shift that moves points closest to others (least squares)."""
    s, t = source - source.mean(axis=0), target - target.mean(axis=0)
    scale = max(float((s * s).sum()), 1e-9)
    a, b = (s * t).sum() / scale, (s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum() / scale
    linear = np.array([(a, -b), (b, a)])
    return np.column_stack([linear, target.mean(axis=0) - linear @ source.mean(axis=0)])


def straightened(frame: Image, face: FaceEmotion) -> Image:
    """The face upright, with eyes and mouth where the network expects them.

    Args:
        frame: ``(h, w)`` grey or ``(h, w, 3)`` BGR uint8.
        face: Found in it.

    Returns:
        ``(150, 150)`` uint8, grey: a video is analysed in grey, and colour told no more.
    """
    box = face.box
    side = max(box.width, box.height)
    left, top = max(0, box.x - side // 2), max(0, box.y - side // 2)
    around = frame[top : box.bottom + side // 2, left : box.right + side // 2]
    if not around.size:
        return np.zeros((CHIP_SIDE, CHIP_SIDE), np.uint8)
    grey = to_grey(np.ascontiguousarray(around))
    # Averaged first where it is large, or else single pixels of it would be picked.
    shrink = min(1.0, 1.25 * CHIP_SIDE / side)
    if shrink < 1:
        smaller = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        grey = np.asarray(smaller, np.uint8)
    matrix = _similarity((_landmarks(face) - (left, top)) * shrink, _IN_CHIP * CHIP_SIDE)
    chip = cv2.warpAffine(grey, matrix, (CHIP_SIDE, CHIP_SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(chip, np.uint8)


@cache
def shared_appearance() -> Appearance:
    """The project's network, read once.

    Raises:
        ModelError: If it is missing or damaged.
    """
    return Appearance.load()


class Appearance:
    """Embeds faces; thread-safe, every thread has an interpreter of its own.

    Args:
        content: The LiteRT file.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._local = threading.local()

    @classmethod
    def load(cls, directory: Path | None = None) -> Appearance:
        """The project's network; ``FER_MODELS`` is about models that read expressions.

        Args:
            directory: Folder of model folders; default ``own_models()``.

        Raises:
            ModelError: If it is missing or damaged.
        """
        folder = (own_models() if directory is None else directory) / FOLDER
        try:
            wanted = json.loads((folder / CARD).read_text(encoding="utf-8"))["sha256"]
            if file_digest(folder / WEIGHTS) != wanted:
                raise ValueError("weights that do not match their checksum")
            return cls((folder / WEIGHTS).read_bytes())
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise ModelError(
                f"{folder}: expected the network that tells people apart, got {fault}; copy the "
                "folder again, or turn the recognition of people who return off"
            ) from fault

    def embed(self, frame: Image, face: FaceEmotion) -> Floats | None:
        """A face as a point ``(128,)``: closer to others of the same person than to anybody else's.

        Args:
            frame: ``(h, w)`` grey or ``(h, w, 3)`` BGR uint8.
            face: Found in it.

        Returns:
            None where the face is too small or too dark to tell.
        """
        if face.box.width < _LEAST_WIDTH:
            return None
        chip = straightened(frame, face)
        if chip.std() < _LEAST_CONTRAST:
            return None
        pixels = np.repeat(chip[None, ..., None], 3, axis=3)
        embedding: Floats = self._runner()(pixels=pixels)["embedding"][0].copy()
        return embedding

    def _runner(self) -> Any:
        runner = getattr(self._local, "runner", None)
        if runner is None:
            from ai_edge_litert.interpreter import Interpreter

            # The interpreter must outlive its runner, and both stay with this thread.
            self._local.interpreter = Interpreter(model_content=self._content, num_threads=1)
            runner = self._local.interpreter.get_signature_runner("serving_default")
            self._local.runner = runner
        return runner
