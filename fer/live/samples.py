"""What a live stream learns of one person: snapshots of expressions, and the face at rest."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from fer.recognition.baseline import LOOKS, Floats, NeutralBaseline, looks, row_of
from fer.recognition.classifier import EmotionClassifier
from fer.recognition.personal import MOST, Samples
from fer.recognition.recognizer import EmotionRecognizer, Reading
from fer.results import FrameResult

STEP_S = 0.25
"""Time between two snapshots: as good as equal ones teach nothing."""


class SampleCollector:
    """Collects what the general model computes of the largest face; pictures are not kept.

    Thread-safe: the stream's worker adds, the page asks.
    """

    def __init__(self, general: EmotionClassifier) -> None:
        self.general = general
        self._lock = threading.Lock()
        self._rows: list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], int, int]] = []
        self._wanted: tuple[int, int] | None = None
        self._take = 0
        self._last_s = float("-inf")

    def take(self, label: str, count: int) -> None:
        """Ask for so many snapshots of an expression, from the next frame on."""
        index = self.general.labels.index(label)
        with self._lock:
            count = min(count, MOST - sum(row[2] == index for row in self._rows))
            self._wanted = (index, count) if count > 0 else None
            self._take += 1

    def stop(self) -> None:
        """Ask for no more."""
        with self._lock:
            self._wanted = None

    def missing(self) -> int:
        """Snapshots that are still to come."""
        with self._lock:
            return self._wanted[1] if self._wanted else 0

    def add(self, reading: Reading, time_s: float) -> None:
        """Take a snapshot of the largest face if one is wanted and the last is long enough ago.

        Args:
            reading: Of a frame.
            time_s: Its time in seconds.
        """
        if self._wanted is None or not reading.faces or time_s - self._last_s < STEP_S:
            return
        largest = max(range(len(reading.faces)), key=lambda one: reading.faces[one].box.area)
        # The general model's own answer, also where a personal one reads.
        heads = self.general.predict_heads(reading.crops[largest][None])
        embedding = heads["features"].mean(axis=(1, 2))[0]
        with self._lock:
            if self._wanted is None:
                return
            index, count = self._wanted
            self._rows.append((embedding, heads[self.general.head][0], index, self._take))
            self._wanted = (index, count - 1) if count > 1 else None
            self._last_s = time_s

    def counts(self) -> dict[str, int]:
        """Label -> snapshots taken of it."""
        with self._lock:
            labels = [row[2] for row in self._rows]
        return {name: labels.count(index) for index, name in enumerate(self.general.labels)}

    def samples(self) -> Samples | None:
        """All snapshots, or None before the first."""
        with self._lock:
            rows = list(self._rows)
        if not rows:
            return None
        embeddings, general, labels, takes = zip(*rows, strict=True)
        return Samples(
            np.stack(embeddings),
            np.stack(general),
            np.asarray(labels, np.intp),
            np.asarray(takes, np.intp),
        )


class NeutralCapture:
    """Learns how one face is read while it shows nothing; in memory only.

    With another engine it means nothing. ``population`` ``(k,)`` says how neutral faces are read in
    general; ``baseline`` is None until enough looks were ``seen``.
    """

    def __init__(self, face_id: int, engine: EmotionRecognizer, population: Floats) -> None:
        self.face_id, self.engine = face_id, engine
        self.baseline: NeutralBaseline | None = None
        self.seen = 0
        self._population = population
        self._rows: list[tuple[float, Floats]] = []

    def add(self, result: FrameResult) -> None:
        """Take what was read in a frame."""
        if self.baseline is not None:
            return
        labels = self.engine.classifier.labels
        self._rows += [
            (result.timestamp_s, row_of(face.probabilities))
            for face in result.measured
            if face.face_id == self.face_id and tuple(face.probabilities) == labels
        ]
        if self._rows:
            times, rows = (np.array(column) for column in zip(*self._rows, strict=True))
            self.seen = looks(times)
            if self.seen >= LOOKS:
                self.baseline = NeutralBaseline.learn(labels, times, rows, self._population)
