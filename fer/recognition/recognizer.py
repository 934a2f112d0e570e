"""The recogniser: the only place where detection, cropping and classification meet."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer.detection.cascade import CascadeDetector, FaceDetector
from fer.detection.following import FollowingDetector
from fer.detection.settings import DetectorSettings
from fer.preprocessing import Image, check_frame, crop_tilted_face, to_grey
from fer.recognition.classifier import EmotionClassifier
from fer.results import Detection, FaceEmotion, FrameResult


class EmotionRecognizer:
    """Finds the faces of a picture and reads the expression of each.

    Args:
        classifier: Reads crops.
        detector: Finds faces; default is a ``CascadeDetector`` for live frames.
        threshold: Confidence below which ``emotion`` is None; default is the model's own.
        max_faces: At most this many faces, the largest first.
        use_gate: Turn away what the model's face gate takes for no face, when it has a gate.
    """

    def __init__(
        self,
        classifier: EmotionClassifier,
        detector: FaceDetector | None = None,
        *,
        threshold: float | None = None,
        max_faces: int = 200,
        use_gate: bool = True,
    ) -> None:
        self.classifier = classifier
        self.detector = detector or CascadeDetector()
        self.threshold = classifier.threshold if threshold is None else threshold
        self.max_faces = max_faces
        self.use_gate = use_gate

    @classmethod
    def load(
        cls,
        name: str | None = None,
        *,
        labels: str = "fer2013",
        settings: DetectorSettings | None = None,
        threshold: float | None = None,
        directory: Path | None = None,
    ) -> EmotionRecognizer:
        """A recogniser with a published model and a frontal face cascade.

        Args:
            name: Model folder; default is the shipped model.
            labels: ``"fer2013"`` or ``"ferplus"``.
            settings: How the cascade searches.
            threshold: Confidence below which ``emotion`` is None.
            directory: Where the model folders are, if not ``models/``.

        Raises:
            ModelError: If the model or the cascade cannot be loaded.
        """
        classifier = EmotionClassifier.load(name, labels=labels, directory=directory)
        return cls(classifier, CascadeDetector(settings), threshold=threshold)

    def for_stream(self, settings: DetectorSettings | None = None) -> EmotionRecognizer:
        """A recogniser for the frames of one stream: several times faster, same model.

        Its detector follows the faces that it knows from the frame before; make one per stream.
        A detector other than ``CascadeDetector`` is kept as it is.

        Args:
            settings: How the cascade searches; default as this recogniser's does.
        """
        detector = self.detector
        if isinstance(detector, CascadeDetector):
            searching = detector.with_settings(settings) if settings else detector
            detector = FollowingDetector(searching)
        return EmotionRecognizer(
            self.classifier,
            detector,
            threshold=self.threshold,
            max_faces=self.max_faces,
            use_gate=self.use_gate,
        )

    def analyze(self, image_bgr: Image) -> tuple[FaceEmotion, ...]:
        """The faces of a picture, largest first; ``()`` when there is none.

        Args:
            image_bgr: ``(h, w, 3)`` BGR, ``(h, w, 4)`` BGRA or ``(h, w)`` grey, uint8.

        Raises:
            InputError: If the array is not such a picture.
        """
        frame = check_frame(image_bgr)
        # The detector converts to grey itself, but grey frames pass through for free.
        grey = to_grey(frame)
        found = sorted(self.detector.detect(grey), key=lambda d: (-d.box.area, d.box))
        detections = found[: self.max_faces]
        if not detections:
            return ()
        crops = np.stack([crop_tilted_face(grey, found.box, found.roll) for found in detections])
        heads = self.classifier.predict_heads(crops)
        rows = heads[self.classifier.head]
        gate = self.classifier.gate if self.use_gate else None
        if gate is not None:
            kept = gate.accepts(heads["features"])
            detections = [one for one, face in zip(detections, kept, strict=True) if face]
            rows = rows[kept]
            heads = {name: values[kept] for name, values in heads.items()}
        faces = tuple(
            self._face(index, detection, row)
            for index, (detection, row) in enumerate(zip(detections, rows, strict=True))
        )
        if self.classifier.affect is None:
            return faces
        measured = self.classifier.affect.predict(heads["features"].mean(axis=(1, 2)))
        return tuple(
            replace(face, affect=(float(valence), float(arousal)))
            for face, (valence, arousal) in zip(faces, measured, strict=True)
        )

    def analyze_frame(self, frame_bgr: Image, timestamp_s: float) -> FrameResult:
        """``analyze`` for a frame of a stream, with its time and the time it took."""
        started = time.perf_counter()
        faces = self.analyze(frame_bgr)
        elapsed_ms = (time.perf_counter() - started) * 1000
        height, width = frame_bgr.shape[:2]
        return FrameResult(timestamp_s, width, height, faces, elapsed_ms)

    def _face(self, index: int, found: Detection, row: np.ndarray) -> FaceEmotion:
        top = int(row.argmax())
        confidence = float(row[top])
        labels = self.classifier.labels
        return FaceEmotion(
            box=found.box,
            emotion=labels[top] if confidence >= self.threshold else None,
            confidence=confidence,
            probabilities=dict(zip(labels, map(float, row), strict=True)),
            detection_score=found.score,
            face_id=index,
        )
