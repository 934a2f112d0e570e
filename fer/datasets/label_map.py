"""How other data sets call the classes: names, spellings and numbers -> the project's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fer.errors import DatasetError, InputError
from fer.labels import ALL, OWN, OWN_NAME, UNSURE, canonical

LEFT_OUT = "-"
"""What a map gives for a class that has no place here; its rows are left out and counted."""

_MEANINGS = f"{', '.join(ALL)} or {LEFT_OUT} (left out)"


def _key(name: str) -> str:
    """Case, surrounding space and the zeros of a number do not matter: ``" 03"`` is ``"3"``."""
    word = name.strip().lower()
    return str(int(word)) if word.isascii() and word.isdigit() and len(word) < 10 else word


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Class names of a data set -> those of ``fer.labels``.

    Attributes:
        name: What it is called in messages.
        classes: Name or number as the data has it -> a class, or ``LEFT_OUT``. Names that are not
            listed are read in any spelling that ``fer.labels.canonical`` knows.
    """

    name: str
    classes: Mapping[str, str]

    def find(self, name: str) -> str | None:
        """The class of a name, ``LEFT_OUT``, or None when it is unknown."""
        if self is OWN_NAMES:
            fits = re.fullmatch(OWN_NAME, name.strip()) and name.strip().lower() != UNSURE
            return name.strip() if fits else None
        listed = self.classes.get(_key(name))
        return canonical(name) if listed is None else listed


def _checked(name: str, classes: Mapping[str, object]) -> LabelMap:
    """A map whose meanings are classes of the project.

    Raises:
        InputError: Naming the entry that is not.
    """
    known: dict[str, str] = {}
    for key, meaning in classes.items():
        text = LEFT_OUT if meaning is None else str(meaning)
        label = LEFT_OUT if text.strip() == LEFT_OUT else canonical(text)
        if label is None:
            raise InputError(
                f"labels {name}: expected {key!r} to mean one of {_MEANINGS}, got {text!r}; "
                "correct the entry"
            )
        known[_key(key)] = label
    return LabelMap(name, known)


PLAIN = LabelMap("plain", {})
"""Only what ``fer.labels.canonical`` knows."""

OWN_NAMES = LabelMap(OWN, {})
"""Classes of one's own: every name stays as it is."""


def _numbered(names: str, first: int = 0) -> dict[str, object]:
    return {str(number): name for number, name in enumerate(names.split(), start=first)}


# Those of EMOTIC's words that have no place here. Its own text defines aversion as disgust,
# dislike, repulsion.
_WITHOUT_A_PLACE = """
affection annoyance anticipation confidence disapproval disconnection disquietment doubt/confusion
doubt-confusion embarrassment engagement esteem excitement fatigue pain peace pleasure sensitivity
suffering sympathy yearning
"""

MAPS: dict[str, LabelMap] = {
    OWN: OWN_NAMES,
    # Mollahosseini et al. 2019, arXiv 1708.03985; 8 none, 9 uncertain, 10 no face.
    "affectnet": _checked(
        "affectnet",
        _numbered("neutral happy sad surprise fear disgust angry contempt - - -")
        | dict.fromkeys(("none", "uncertain", "no-face"), LEFT_OUT),
    ),
    # Li et al. 2017, "Reliable crowdsourcing and deep locality-preserving learning".
    "raf-db": _checked("raf-db", _numbered("surprise fear disgust happy sad angry neutral", 1)),
    # Lucey et al. 2010, "The extended Cohn-Kanade dataset (CK+)".
    "ck+": _checked("ck+", _numbered("neutral angry contempt disgust fear happy sad surprise")),
    # Kosti et al. 2019, arXiv 2003.13401.
    "emotic": _checked(
        "emotic",
        {"aversion": "disgust", **dict.fromkeys(_WITHOUT_A_PLACE.split(), LEFT_OUT)},
    ),
    "fer2013": _checked("fer2013", _numbered(" ".join(ALL))),
}
"""Name -> a map, as ``--class-names NAME`` takes it."""


def _pairs(text: str) -> dict[str, object]:
    pairs: dict[str, object] = {}
    for part in text.split(","):
        key, sign, meaning = part.partition("=")
        if not sign or not key.strip():
            raise InputError(
                f"--class-names: expected {', '.join(MAPS)}, a JSON file, or pairs such as "
                f"1=surprise,2=fear,8={LEFT_OUT}, got {text!r}; give one of these"
            )
        pairs[key] = meaning
    return pairs


def read_label_map(text: str) -> LabelMap:
    """The map that ``--class-names`` names.

    Args:
        text: A key of ``MAPS``; pairs such as ``1=surprise,2=fear,8=-``; or a JSON file with one
            object, whose values are classes, or null for what is left out.

    Raises:
        InputError: If it is none of these, or an entry means no class.
        DatasetError: If the file cannot be read.
    """
    if text.strip().lower() in MAPS:
        return MAPS[text.strip().lower()]
    path = Path(text).expanduser()
    if path.suffix.lower() != ".json":
        return _checked(text, _pairs(text))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise DatasetError(
            f"{path}: expected a JSON object of class names, got: {fault}; correct the file"
        ) from None
    if not isinstance(content, dict):
        raise DatasetError(
            f"{path}: expected a JSON object of class names, got {type(content).__name__}; write "
            '{"1": "surprise", "8": null}'
        )
    return _checked(path.name, content)
