"""The recogniser: the only place where detection, cropping and classification meet."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from math import inf
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.detection.alignment import cut_face
from fer.detection.base import FaceDetector, SearchSettings
from fer.detection.detector import load_detector
from fer.errors import InputError
from fer.preprocessing import CROP_SIZE, Image, check_frame, to_grey
from fer.recognition.classifier import EmotionClassifier, Probabilities
from fer.results import Detection, FaceEmotion, FrameResult

MAX_FACES = 1000
"""Faces read in one picture, the largest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The faces of one picture with what the network saw of each, so that nobody cuts again.

    Attributes:
        faces: Largest first.
        crops: ``(n, 48, 48)`` uint8, straightened, in the order of ``faces``.
        features: ``(n, h, w, c)`` float32, the last feature map of each.
        heads: Every label set's probabilities, ``(n, k)`` float32; see ``read_again``.
    """

    faces: tuple[FaceEmotion, ...]
    crops: npt.NDArray[np.uint8]
    features: npt.NDArray[np.float32]
    heads: Mapping[str, Probabilities] = field(default_factory=dict)


NOTHING = Reading(
    (), np.zeros((0, CROP_SIZE, CROP_SIZE), np.uint8), np.zeros((0, 0, 0, 0), np.float32)
)
"""Of a picture without a face."""


@dataclass(frozen=True, slots=True, eq=False)
class EmotionRecognizer:
    """Finds the faces of a picture and reads the expression of each.

    One serves many threads, as long as its detector does: that of ``load`` does, those of
    ``for_stream`` and ``for_video`` belong to one stream each.

    Attributes:
        classifier: Reads crops.
        detector: Finds faces.
        threshold: Confidence below which ``emotion`` is None.
        max_faces: At most this many faces, the largest first.
    """

    classifier: EmotionClassifier
    detector: FaceDetector
    threshold: float
    max_faces: int = MAX_FACES

    def __post_init__(self) -> None:
        """Check the threshold.

        Raises:
            InputError: If it is no number. Above 1 the model always abstains.
        """
        if not isinstance(self.threshold, Real) or self.threshold != self.threshold:
            raise InputError(f"threshold: expected 0 to 1, got {self.threshold!r}; change it")

    @classmethod
    def load(
        cls,
        name: str | Path | None = None,
        *,
        labels: str | None = None,
        detector: str = "blazeface",
        settings: SearchSettings | None = None,
        threshold: float | None = None,
        directory: str | Path | None = None,
    ) -> EmotionRecognizer:
        """A recogniser with a published model: what ``fer analyze`` and the pages use.

        Args:
            name: Folder in ``models/``, or a path (text with a separator is one); default is the
                shipped model.
            labels: ``"perceived"``, ``"fer2013"`` or ``"ferplus"``; default is what people see.
            detector: ``"blazeface"`` or ``"cascade"``.
            settings: What the detector looks for.
            threshold: Confidence below which ``emotion`` is None; default is the model's own.
            directory: Where the model folders are, if not ``models/``.

        Raises:
            ModelError: If the model or the detector cannot be loaded.
            InputError: If the label set or the detector is unknown, or a setting is out of range.
        """
        if settings is not None and not isinstance(settings, SearchSettings):
            raise InputError(
                f"settings: expected SearchSettings, got {type(settings).__name__}; make one of it"
            )
        classifier = EmotionClassifier.load(name, labels=labels, directory=directory)
        return cls(
            classifier,
            load_detector(detector, settings),
            classifier.threshold if threshold is None else threshold,
        )

    def identity(self) -> dict[str, object]:
        """What its readings depend on beside the picture, as JSON has it.

        A job that goes on with another would mix two kinds of rows.
        """
        card = self.classifier.folder.card
        search = getattr(self.detector, "settings", None)
        return {
            "model": [card.name, card.version, self.classifier.head],
            "affect": self.classifier.affect is not None,
            "detector": type(self.detector).__name__,
            # As floats: JSON knows no number of NumPy's.
            "search": [*map(float, astuple(search))] if isinstance(search, SearchSettings) else [],
            "threshold": float(self.threshold),
            "max_faces": float(self.max_faces),
        }

    def for_stream(self, settings: SearchSettings | None = None) -> EmotionRecognizer:
        """The same for the frames of one stream, at a flat cost; make one per stream."""
        return replace(self, detector=self.detector.for_stream(settings))

    def for_video(self, interval_s: float) -> EmotionRecognizer:
        """The same for the frames of one file, ``interval_s`` seconds apart; make one per file.

        Raises:
            InputError: If that is no time between two frames.
        """
        if not isinstance(interval_s, Real) or not 0 < interval_s < inf:
            raise InputError(
                "interval_s: expected the seconds between two frames, such as 1 / 30, got "
                f"{interval_s!r}; change it"
            )
        return replace(self, detector=self.detector.for_video(interval_s))

    def analyze(self, image_bgr: Image) -> tuple[FaceEmotion, ...]:
        """The faces of a picture, largest first; ``()`` when there is none.

        Args:
            image_bgr: ``(h, w, 3)`` BGR, ``(h, w, 4)`` BGRA or ``(h, w)`` grey, uint8.

        Raises:
            InputError: If the array is not such a picture.
        """
        return self.read(image_bgr).faces

    def read(self, image_bgr: Image) -> Reading:
        """``analyze``, with the crops and what the network made of them.

        Raises:
            InputError: If the array is not such a picture.
        """
        frame = check_frame(image_bgr)
        return self.read_found(frame, self.detector.detect(frame))

    def read_found(self, frame: Image, found: Sequence[Detection]) -> Reading:
        """``read``, where the faces are found already.

        Args:
            frame: As ``analyze`` takes it.
            found: Its faces.
        """
        if not found:
            return NOTHING
        found = sorted(found, key=lambda d: (-d.box.area, d.box))[: self.max_faces]
        grey = to_grey(frame)
        crops = np.stack([cut_face(grey, one) for one in found])
        heads = self.classifier.predict_heads(crops)
        features = heads.pop("features")
        affect = self.classifier.affect
        rows = zip(found, heads[self.classifier.head], strict=True)
        faces = tuple(self._face(index, one, row) for index, (one, row) in enumerate(rows))
        if affect is not None:
            measured = affect.predict(features.mean(axis=(1, 2))).tolist()
            faces = tuple(
                replace(face, affect=(valence, arousal))
                for face, (valence, arousal) in zip(faces, measured, strict=True)
            )
        return Reading(faces, crops, features, heads)

    def read_again(
        self, faces: Sequence[FaceEmotion], heads: Mapping[str, Probabilities]
    ) -> tuple[FaceEmotion, ...]:
        """Faces in this recogniser's label set, without their picture.

        Args:
            faces: Of a ``Reading`` of the same model in any label set, or the first of them.
            heads: Of that reading.
        """
        rows = heads.get(self.classifier.head, ())
        return tuple(replace(one, **self._said(row)) for one, row in zip(faces, rows, strict=False))

    def analyze_frame(self, frame_bgr: Image, timestamp_s: float) -> FrameResult:
        """``analyze`` for a frame of a stream, with its time and the time it took."""
        started = time.perf_counter()
        faces = self.analyze(frame_bgr)
        elapsed_ms = (time.perf_counter() - started) * 1000
        height, width = frame_bgr.shape[:2]
        return FrameResult(timestamp_s, width, height, faces, elapsed_ms)

    def _said(self, row: np.ndarray) -> dict[str, Any]:
        top = int(row.argmax())
        confidence = float(row[top])
        labels = self.classifier.labels
        return {
            "emotion": labels[top] if confidence >= self.threshold else None,
            "confidence": confidence,
            "probabilities": dict(zip(labels, map(float, row), strict=True)),
        }

    def _face(self, index: int, found: Detection, row: np.ndarray) -> FaceEmotion:
        return FaceEmotion(
            **self._said(row),
            box=found.box,
            detection_score=found.score,
            face_id=index,
            points=found.points,
            roll=found.roll,
            detector=found.detector,
        )
