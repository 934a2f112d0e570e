"""What every detector offers, and how a search is told what to look for."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Literal, Protocol

from fer.errors import InputError
from fer.preprocessing import Image
from fer.results import Detection

DetectorName = Literal["blazeface", "cascade"]
DETECTORS: tuple[DetectorName, ...] = ("blazeface", "cascade")

SMALLEST_FACE = 20
"""Pixels; below, no detector here finds a face reliably."""


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What is looked for; the same for pictures, videos and streams.

    Attributes:
        min_face: Side of the smallest face in pixels. In pictures whose longer side exceeds 1,600
            pixels the smallest face grows with it (``SMALLEST_SHARE``).
        min_score: Detections with a lower score are dropped, 0 to 1. A cascade has its own scale:
            there 0.61 stands for its usual demands, and more or less for proportionally more or
            less.
    """

    min_face: int = 24
    min_score: float = 0.61

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            InputError: Naming the field, its range and the value.
        """
        if not isinstance(self.min_face, Real) or not SMALLEST_FACE <= self.min_face <= 10_000:
            raise InputError(
                f"min_face: expected {SMALLEST_FACE} to 10000 pixels, got {self.min_face!r}; "
                "change it"
            )
        if not isinstance(self.min_score, Real) or not 0 < self.min_score < 1:
            raise InputError(
                f"min_score: expected a value between 0 and 1, got {self.min_score!r}; change it"
            )


class FaceDetector(Protocol):
    """Anything that finds faces in a picture."""

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """Faces of ``(h, w)`` grey, ``(h, w, 3)`` BGR or ``(h, w, 4)`` BGRA uint8."""
        ...

    def for_stream(self, settings: SearchSettings | None = None) -> FaceDetector:
        """A detector for the frames of one stream, at a flat cost; never share it."""
        ...

    def for_video(self, interval_s: float) -> VideoDetector:
        """A detector for the frames of one file; ``interval_s`` lies between two frames."""
        ...


class VideoDetector(FaceDetector, Protocol):
    """Finds faces in the frames of one file, in order; never share it."""

    def detect_pair(
        self, first: Image, second: Image
    ) -> tuple[tuple[Detection, ...], tuple[Detection, ...]]:
        """As ``detect`` for the next two frames, which may cost less."""
        ...
