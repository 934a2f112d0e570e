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

import numpy as np
import numpy.typing as npt

from fer.detection.alignment import FRAME, similarity
from fer.errors import ModelError
from fer.models.store import file_digest, own_models
from fer.preprocessing import CROP_SIZE, Image, crop_aligned, to_grey
from fer.results import FaceEmotion

Floats = npt.NDArray[np.float32]

FOLDER, WEIGHTS, CARD = "identity", "model.tflite", "provenance.json"
CHIP_SIDE = 150
"""Side of the straightened face in pixels, as dlib learned them."""
EMBEDDING = 128

# Where dlib's chips, with a margin of a quarter, have the middles of right and left eye and the
# base of the nose (get_face_chip_details of dlib 19, five points).
_CHIP = np.array([(47.7, 47.1), (100.3, 47.1), (74.0, 87.8)]) * CROP_SIZE / CHIP_SIDE
_EVENLY = np.full(3, 1 / 3)
# Below so many pixels a face has too little to tell people apart.
_LEAST_WIDTH = 28
# Nor does a face in the dark, in grey levels.
_LEAST_CONTRAST = 6.0


def straightened(frame: Image, face: FaceEmotion) -> Image:
    """The face upright, with eyes and mouth where the network expects them.

    Args:
        frame: ``(h, w)`` grey or ``(h, w, 3)`` BGR uint8.
        face: Found in it.

    Returns:
        ``(150, 150)`` uint8, grey: colour told no more about who it is.
    """
    if face.points is not None:
        points = np.asarray(face.points, np.float64)
    else:
        # As in the frame that the box is.
        box, side = face.box, max(face.box.width, face.box.height, 1)
        middle = (box.x + box.width / 2, box.y + box.height / 2)
        points = (FRAME / CROP_SIZE - 0.5) * side + middle
    right_eye, left_eye, nose, mouth = points[:4]
    seen = np.array((right_eye, left_eye, (nose + mouth) / 2))
    return to_grey(crop_aligned(frame, similarity(seen, _CHIP, _EVENLY), CHIP_SIDE))


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
        runner = self._runner()
        looks = []
        # A head that turned the other way looks as this one does in a mirror.
        for seen in (chip, chip[:, ::-1]):
            pixels = np.repeat(seen[None, ..., None], 3, axis=3)
            looks.append(runner(pixels=pixels)["embedding"][0].copy())
        return np.asarray(np.mean(looks, axis=0), np.float32)

    def _runner(self) -> Any:
        runner = getattr(self._local, "runner", None)
        if runner is None:
            from ai_edge_litert.interpreter import Interpreter

            # The interpreter must outlive its runner, and both stay with this thread.
            self._local.interpreter = Interpreter(model_content=self._content, num_threads=1)
            runner = self._local.interpreter.get_signature_runner("serving_default")
            self._local.runner = runner
        return runner
