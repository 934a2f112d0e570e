"""The class lists, in the order of the data sets, with their colours and synonyms.

This is the only place in the project where classes are listed. It imports nothing from ``fer``.
"""

from __future__ import annotations

FER2013: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER-2013 (Goodfellow et al. 2013): index = the ``emotion`` column of ``fer2013.csv``."""

FERPLUS: tuple[str, ...] = (
    "neutral",
    "happy",
    "surprise",
    "sad",
    "angry",
    "disgust",
    "fear",
    "contempt",
)
"""FER+ (Barsoum et al. 2016): the order of the first eight vote columns of ``fer2013new.csv``."""

SEVEN_OF_FERPLUS: tuple[int, ...] = tuple(FERPLUS.index(name) for name in FER2013)
"""FER+'s columns in the order of FER-2013; contempt is left out."""

PERCEIVED = "perceived"
"""The label set of what people see: FER-2013's classes, read from both heads together."""

LABEL_SETS: dict[str, tuple[str, ...]] = {
    PERCEIVED: FER2013,
    "fer2013": FER2013,
    "ferplus": FERPLUS,
}

ALL: tuple[str, ...] = (*FER2013, "contempt")
"""Every class of any label set, in the order used by legends and tables."""

COLOURS: dict[str, str] = {
    "angry": "#E5484D",
    "disgust": "#6E9F2F",
    "fear": "#8E5BD6",
    "happy": "#F2A900",
    "sad": "#3E7BD6",
    "surprise": "#F0702D",
    "neutral": "#8A94A0",
    "contempt": "#C2568C",
}
"""One colour per emotion, readable on white and on near-black; used on every page and frame."""

UNSURE = "unsure"
"""What is shown when the model abstains."""

UNSURE_COLOUR = "#B0B7BF"

SYNONYMS: dict[str, str] = {
    "anger": "angry",
    "disgusted": "disgust",
    "afraid": "fear",
    "fearful": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "contemptuous": "contempt",
}


def canonical(name: str) -> str | None:
    """Map a class name in any known spelling to the project's own, or None if unknown.

    Case, surrounding space, and a leading index such as ``3_Happy`` or ``0-angry`` are ignored.
    """
    word = name.strip().lower().lstrip("0123456789").lstrip(" _-.")
    word = SYNONYMS.get(word, word)
    return word if word in COLOURS else None
