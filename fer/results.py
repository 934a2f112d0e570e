"""What the pipeline returns: frozen records without pixels, ready for tables and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from fer.errors import InputError
from fer.labels import UNSURE


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """An axis-aligned box in pixels of the input image; ``x, y`` is the top left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column to the right of the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.y + self.height

    @property
    def area(self) -> int:
        """Square pixels."""
        return self.width * self.height


POINTS: tuple[str, ...] = (
    "right_eye",
    "left_eye",
    "nose",
    "mouth",
    "right_ear",
    "left_ear",
)
"""BlazeFace's points of a face (Bazarevsky et al. 2019, arXiv 1907.05047); left and right are the
person's own."""

_POINT_COLUMNS = tuple(f"{name}_{axis}" for name in POINTS for axis in "xy")

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """A box with the detector's own score.

    Attributes:
        box: Where the face is, in FER-2013's frame of a face; upright, also about a tilted face.
        score: The detector's own score: 0 to 1 for BlazeFace, for a cascade the last stage's
            weight.
        roll: Degrees by which the face is rotated in the picture's plane, counter-clockwise as
            seen in the picture.
        points: Six ``(x, y)`` in pixels of the picture, in the order of ``POINTS``; None where
            the detector has none.
        detector: Its name.
    """

    box: Box
    score: float
    roll: float = 0.0
    points: Points | None = None
    detector: str = ""


@dataclass(frozen=True, slots=True)
class FaceEmotion:
    """One face of one frame.

    Attributes:
        box: Where the face is, in pixels of the input image.
        emotion: The top label, or None when the model abstains; in a stream or video the one on
            show, which gives way once another has led it long enough.
        confidence: Calibrated probability of that label, of the top label when it abstains.
        probabilities: Label -> calibrated probability; sums to 1.
        detection_score: The detector's score of the box; None where it is not measured.
        face_id: Of a picture's faces, and of what a recogniser says of one frame, the position
            (from 0, largest first); in results of a video or live session the person, from 1.
        affect: Valence and arousal, -1 to 1, where the model has a head for them.
        points: Six ``(x, y)`` in pixels of the input image, in the order of ``POINTS``; None where
            the detector has none.
        roll: Degrees by which the face is rotated in the picture's plane, counter-clockwise.
        detector: Name of the detector that found it.
        measured: False where a stream or video repeats a face that was not found in this frame.
    """

    box: Box
    emotion: str | None
    confidence: float
    probabilities: Mapping[str, float]
    detection_score: float | None = 0.0
    face_id: int = 0
    affect: tuple[float, float] | None = None
    points: Points | None = None
    roll: float = 0.0
    detector: str = ""
    measured: bool = True

    @property
    def top_label(self) -> str:
        """The most probable label, also when the model abstains."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def reading(self) -> str:
        """As it is shown: ``happy 97%``, or ``unsure, sad 44%?`` when the model abstains."""
        share = f"{self.confidence:.0%}"
        return f"{self.emotion} {share}" if self.emotion else f"{UNSURE}, {self.top_label} {share}?"

    def to_row(self) -> dict[str, object]:
        """Flat values for a table: the columns of ``face_columns``, None where nothing is known."""
        box, affect = self.box, self.affect or (None, None)
        points = [value for point in self.points or () for value in point]
        return {
            "face_id": self.face_id,
            "measured": self.measured,
            "x": box.x,
            "y": box.y,
            "width": box.width,
            "height": box.height,
            "roll": round(self.roll, 2),
            "emotion": self.emotion or "",
            "confidence": round(self.confidence, 6),
            "reading": self.reading,
            **{f"p_{label}": round(p, 6) for label, p in self.probabilities.items()},
            "valence": _rounded(affect[0], 4),
            "arousal": _rounded(affect[1], 4),
            "detector": self.detector,
            "detection_score": _rounded(self.detection_score, 4),
            **dict(zip_longest(_POINT_COLUMNS, (round(value, 2) for value in points))),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> FaceEmotion:
        """The face of a row as ``to_row`` wrote it, also after a detour through a file.

        Args:
            row: Of a table as it was read: from CSV all text, from pandas with its own blanks.

        Raises:
            InputError: If nothing was read in this row: no face, or one that was not found then.
        """
        labels = [key[2:] for key in row if key.startswith("p_")]
        kinds = face_columns(labels)
        known = {column: _known(row.get(column), kind) for column, kind in kinds.items()}
        if known["confidence"] is None or known["x"] is None:
            raise InputError(
                "expected a row with a reading, got one without; take those with a confidence"
            )
        values = [known[column] for column in _POINT_COLUMNS]
        points = tuple(zip(values[::2], values[1::2], strict=True))
        valence, arousal = known["valence"], known["arousal"]
        return cls(
            box=Box(known["x"], known["y"], known["width"], known["height"]),
            emotion=known["emotion"],
            confidence=known["confidence"],
            probabilities={label: known[f"p_{label}"] for label in labels},
            detection_score=known["detection_score"],
            face_id=known["face_id"],
            affect=None if valence is None or arousal is None else (valence, arousal),
            points=None if None in values else points,
            roll=known["roll"],
            detector=known["detector"] or "",
            measured=known["measured"],
        )


# As None, CSV, NumPy and pandas have it.
_BLANKS = frozenset(("None", "", "nan", "<NA>"))


def _known(value: Any, kind: type) -> Any:
    """A cell as what its column holds; None where it is blank."""
    if type(value) is kind:
        return None if value == "" or value != value else value
    text = str(value)
    if text in _BLANKS:
        return None
    if kind is bool:
        return text.lower() in ("true", "1", "1.0")
    # pandas makes fractions of whole numbers where one is blank.
    return int(float(value)) if kind is int else kind(value)


def face_columns(labels: Sequence[str]) -> dict[str, type]:
    """The columns of a face and what each holds; the label set alone decides which there are."""
    return {
        "face_id": int,
        "measured": bool,
        **dict.fromkeys(("x", "y", "width", "height"), int),
        "roll": float,
        "emotion": str,
        "confidence": float,
        "reading": str,
        **{f"p_{label}": float for label in labels},
        "valence": float,
        "arousal": float,
        "detector": str,
        "detection_score": float,
        **dict.fromkeys(_POINT_COLUMNS, float),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


@dataclass(frozen=True, slots=True)
class Reader:
    """What read the faces: it stands in every row of a table.

    Attributes:
        model: Its name.
        version: Its version.
        label_set: What its answers mean: two label sets may have the same labels.
        labels: The classes, in order.
    """

    model: str = ""
    version: str = ""
    label_set: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameResult:
    """The faces of one frame of a stream.

    Attributes:
        timestamp_s: Time of the frame in seconds, from the stream's own clock.
        width: Frame width in pixels.
        height: Frame height in pixels.
        faces: The faces, largest first.
        processing_ms: Detection and classification time.
    """

    timestamp_s: float
    width: int
    height: int
    faces: tuple[FaceEmotion, ...] = field(default=())
    processing_ms: float = 0.0

    @property
    def measured(self) -> tuple[FaceEmotion, ...]:
        """The faces that were found in this frame: what charts and sums count."""
        return tuple(face for face in self.faces if face.measured)
