"""What reads the frames of one stream: recogniser and tracker, as the controls ask."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from fer.errors import ModelError
from fer.live.settings import LiveSettings
from fer.preprocessing import Image
from fer.recognition.recognizer import EmotionRecognizer, Reading
from fer.results import FrameResult, Reader
from fer.tracking.appearance import shared_appearance
from fer.tracking.tracker import FaceTracker

LOGGER = logging.getLogger(__name__)

# Faces that are looked at for who they are in one frame: 2 ms each.
_LOOKS_A_FRAME = 1


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A frame that was read.

    Attributes:
        result: Its faces, followed.
        reading: The same as found, with what the network made of them.
        reader: What read them.
    """

    result: FrameResult
    reading: Reading
    reader: Reader


class StreamReader:
    """Finds, reads and follows the faces of one stream."""

    def __init__(self, recognizer: EmotionRecognizer, settings: LiveSettings) -> None:
        self._source = recognizer
        self._settings = settings
        self._with = recognizer.for_stream(settings.search_settings())
        self._tracker = FaceTracker(looks=_LOOKS_A_FRAME)
        self._size: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self._steer()

    def configure(self, settings: LiveSettings, recognizer: EmotionRecognizer | None) -> None:
        """Change the controls, and what reads if one is given; acts with the next frame."""
        source = recognizer or self._source
        searches = self._settings.search_settings() != settings.search_settings()
        other = source is not self._source or searches
        self._source, self._settings = source, settings
        if other:
            self._with = source.for_stream(settings.search_settings())
        self._steer()

    def _steer(self) -> None:
        """Give the tracker what the controls say about it."""
        threshold = self._settings.threshold
        self._tracker.threshold = self._source.threshold if threshold is None else threshold
        self._tracker.settings = replace(
            self._tracker.settings, smoothing_s=self._settings.smoothing_s
        )
        try:
            self._tracker.look_with(shared_appearance() if self._settings.identity else None)
        except ModelError as fault:
            # The stream goes on; who is who is decided by place alone.
            self._tracker.look_with(None)
            LOGGER.warning("%s", fault)

    def read(
        self,
        frame: Image,
        moment: float,
        *,
        paused_s: float,
        prepare: Callable[[EmotionRecognizer], None],
        wanted: Callable[[], bool],
    ) -> Read | None:
        """Read a frame, taken at a moment of which the stream has paused so long; say who is who.

        ``prepare`` is called with the recogniser before it reads. None where the result is not
        ``wanted`` any more: a slow reading may be overtaken.
        """
        # The same to the end, or a row might name what did not read it.
        recognizer = self._with
        prepare(recognizer)
        started = time.perf_counter()
        reading = recognizer.read(frame)
        took_ms = (time.perf_counter() - started) * 1000
        height, width = frame.shape[:2]
        with self._lock:
            if not wanted():
                return None
            if self._size not in (None, (width, height)):
                # Boxes of another frame size mean nothing in this one.
                self._tracker.reset()
            self._size = width, height
            faces = self._tracker.update(reading.faces, moment - paused_s, frame)
        return Read(
            FrameResult(moment, width, height, faces, took_ms),
            reading,
            recognizer.classifier.reader,
        )

    def forget_people(self) -> None:
        """Whoever comes back is somebody new."""
        self._tracker.forget_people()
