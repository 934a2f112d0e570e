"""The class lists, in the order of the data sets, with their colours and synonyms.

This is the only place in the project where classes are listed. It imports nothing from ``fer``.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from zlib import crc32

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

OWN = "own"
"""The label set of a model that was trained on classes of one's own."""

FEWEST_OWN, MOST_OWN = 2, 20
"""How many of these there may be."""

OWN_NAME = r"[^\W_][\w +'&()-]{0,29}"
"""What such a class may be called: it stands on pictures, in tables and on pages."""

ALL: tuple[str, ...] = (*FER2013, "contempt")
"""Every class of the published label sets, in the order used by legends and tables."""


class _Colours(dict[str, str]):
    """A class of one's own gets a colour by its name, the same everywhere."""

    def __missing__(self, label: str) -> str:
        known = canonical(label)
        if known is not None:
            return self[known]
        code = crc32(label.encode())
        tone, strength = 0.45 + (code >> 16 & 3) * 0.05, 0.45 + (code >> 18 & 3) * 0.1
        rgb = colorsys.hls_to_rgb((code & 0xFFFF) / 0x10000, tone, strength)
        return "#" + "".join(f"{round(share * 255):02X}" for share in rgb)


COLOURS: dict[str, str] = _Colours(
    angry="#FF4457",
    disgust="#23904A",
    fear="#7E4EFF",
    happy="#BF8500",
    sad="#5A87F3",
    surprise="#B43A00",
    neutral="#948789",
    contempt="#D22CB4",
)
"""One colour per class, on every page and frame; those of the published label sets stand out
from a light and a dark page and are told apart by the colour-blind (``tests/test_labels.py``)."""

UNSURE = "unsure"
"""What is shown when the model abstains."""

UNSURE_COLOUR = "#5B6670"


def in_order(labels: Iterable[str]) -> list[str]:
    """Labels as legends and tables list them: the known ones, those of one's own, "unsure"."""
    places = {label: place for place, label in enumerate(ALL)}
    last = len(places)
    return sorted(labels, key=lambda one: (places.get(one, last + (one == UNSURE)), one))


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
