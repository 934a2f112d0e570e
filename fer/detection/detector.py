"""The default detector: BlazeFace, with a search for pictures, for files and for streams."""

from __future__ import annotations

import logging
from functools import cache

from fer.detection.base import DETECTORS, FaceDetector, SearchSettings
from fer.detection.cascade import CascadeDetector
from fer.detection.networks import BlazeFaceNetworks
from fer.detection.still import StillSearch
from fer.detection.stream import StreamSearch, VideoSearch
from fer.errors import InputError, ModelError

_log = logging.getLogger(__name__)


class BlazeFaceDetector(StillSearch):
    """Finds every face of a picture, and makes the searches for moving pictures.

    Thread-safe, as both networks are; what ``for_stream`` and ``for_video`` give is not.
    """

    def for_stream(self, settings: SearchSettings | None = None) -> StreamSearch:
        """A search for the frames of one stream, at a flat cost."""
        return StreamSearch(self.networks, settings or self.settings)

    def for_video(self, interval_s: float) -> VideoSearch:
        """A search for the frames of one file, which may take its time."""
        return VideoSearch(self, interval_s)


@cache
def _networks() -> BlazeFaceNetworks:
    return BlazeFaceNetworks()


def load_detector(name: str = "blazeface", settings: SearchSettings | None = None) -> FaceDetector:
    """A detector by its name.

    Where BlazeFace's files are missing or changed, a line in the log says so and the cascade
    takes over.

    Args:
        name: One of ``DETECTORS``.
        settings: What is looked for.

    Raises:
        InputError: If the name is unknown.
        ModelError: If the cascade cannot be loaded.
    """
    if name not in DETECTORS:
        raise InputError(
            f"detector: expected one of {', '.join(DETECTORS)}, got {name!r}; choose one of them"
        )
    if name == "blazeface":
        try:
            return BlazeFaceDetector(_networks(), settings)
        except ModelError as fault:
            _log.warning("%s; the cascade takes over", fault)
    return CascadeDetector(settings)
