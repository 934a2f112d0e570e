"""Face detection with a Haar cascade (Viola & Jones 2001; Lienhart & Maydt 2002)."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import cv2.data
import numpy as np

from fer.boxes import clip, merge_overlapping, scale
from fer.detection.base import SearchSettings
from fer.errors import ModelError
from fer.preprocessing import Image, check_frame, to_grey
from fer.results import Box, Detection

NAME = "cascade"
CASCADE_FILE = "haarcascade_frontalface_default.xml"

# Smallest window the cascade was trained on; nothing smaller can be found.
_WINDOW = 24
# The shorter side of the picture that is searched in pixels; time grows with its square.
_WORKING_SIDE = 640
_SCALE_FACTOR = 1.1
_MIN_NEIGHBOURS = 4
# Last-stage weight that stands for the usual minimal score; real faces have 2 to 8.
_USUAL_WEIGHT = 2.5
# The cascade skips windows whose grey levels deviate by less than 10.
_DIM_DEVIATION = 30.0
_MOST_GAIN = 8.0


def load_cascade(path: Path) -> cv2.CascadeClassifier:
    """A cascade from its XML file.

    Raises:
        ModelError: If the file is missing or holds none.
    """
    fault: Exception | None = None
    try:
        cascade = cv2.CascadeClassifier(str(path))
        # A wrong path does not raise in OpenCV; it gives a classifier that finds nothing.
        if not cascade.empty():
            return cascade
    # What is no XML does raise, wrapped in a SystemError by the constructor.
    except (cv2.error, SystemError) as raised:
        fault = raised
    raise ModelError(
        f"{path}: expected a Haar cascade XML, got a file that holds none or is missing; reinstall "
        "opencv-python-headless 4.x (5.x ships none)"
    ) from fault


def _lifted(grey: Image) -> Image:
    """A dim picture with its contrast stretched; any other as it is.

    The cascade norms every window itself, so it needs no equalisation; equalising would even hide
    faces beside a large plain background.
    """
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(grey))
    if deviation >= _DIM_DEVIATION:
        return grey
    gain = min(_MOST_GAIN, _DIM_DEVIATION / max(deviation, 1e-6))
    return np.asarray(cv2.addWeighted(grey, gain, grey, 0.0, 128 - gain * mean), np.uint8)


class CascadeDetector:
    """OpenCV's frontal face cascade: upright faces that look at the camera.

    Thread-safe: sharing a cascade gives wrong boxes, silently, so every thread that calls
    ``detect`` gets one of its own, made on first use. It has no points: boxes are cut as they are.

    Args:
        settings: What is looked for.
        cascade_path: Another cascade file.

    Raises:
        ModelError: If the cascade file cannot be loaded.
    """

    def __init__(
        self, settings: SearchSettings | None = None, *, cascade_path: Path | None = None
    ) -> None:
        self.settings = settings or SearchSettings()
        self._path = cascade_path or Path(cv2.data.haarcascades) / CASCADE_FILE
        self._local = threading.local()
        self._cascade()

    def _cascade(self) -> cv2.CascadeClassifier:
        """This thread's own cascade."""
        if not hasattr(self._local, "cascade"):
            self._local.cascade = load_cascade(self._path)
        cascade: cv2.CascadeClassifier = self._local.cascade
        return cascade

    def for_stream(self, settings: SearchSettings | None = None) -> CascadeDetector:
        """The same detector: it searches every frame as a whole."""
        return CascadeDetector(settings or self.settings, cascade_path=self._path)

    def for_video(self, interval_s: float) -> CascadeDetector:
        """The same detector: it searches every frame as a whole."""
        return self.for_stream()

    def detect_pair(
        self, first: Image, second: Image
    ) -> tuple[tuple[Detection, ...], tuple[Detection, ...]]:
        """Each for itself."""
        return self.detect(first), self.detect(second)

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """Find frontal faces.

        Args:
            frame: ``(h, w)`` grey, ``(h, w, 3)`` BGR or ``(h, w, 4)`` BGRA, uint8.

        Returns:
            Detections in pixels of ``frame``, merged where they overlap, best score first.

        Raises:
            InputError: If ``frame`` is not such a picture.
        """
        grey = to_grey(check_frame(frame))
        height, width = grey.shape
        shrink = min(1.0, _WORKING_SIDE / min(height, width))
        small = grey
        if shrink < 1.0:
            size = max(1, round(width * shrink)), max(1, round(height * shrink))
            small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        smallest = max(_WINDOW, round(self.settings.min_face * shrink))
        if min(small.shape) < smallest:
            return ()
        # Without a face OpenCV returns empty tuples instead of arrays.
        boxes, _levels, weights = self._cascade().detectMultiScale3(
            _lifted(small),
            scaleFactor=_SCALE_FACTOR,
            minNeighbors=_MIN_NEIGHBOURS,
            minSize=(smallest, smallest),
            outputRejectLevels=True,
        )
        least = _USUAL_WEIGHT * self.settings.min_score / SearchSettings().min_score
        found = []
        for box, weight in zip(boxes, weights, strict=True):
            whole = clip(scale(Box(*map(int, box)), 1 / shrink), width, height)
            if weight >= least:
                found.append(Detection(whole, float(weight), detector=NAME))
        return tuple(merge_overlapping(found))
