import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer import labels


def test_the_orders_are_those_of_the_csv_column_and_of_the_vote_columns() -> None:
    assert " ".join(labels.FER2013) == "angry disgust fear happy sad surprise neutral"
    votes = "neutral happy surprise sad angry disgust fear contempt"
    assert " ".join(labels.FERPLUS) == votes


def test_every_class_has_a_colour_of_its_own() -> None:
    assert set(labels.COLOURS) == set(labels.ALL) == set(labels.FERPLUS)
    assert len({*labels.COLOURS.values(), labels.UNSURE_COLOUR}) == len(labels.COLOURS) + 1


# Linear sRGB as the three kinds of colour-blind see it, severity 1.0: Machado, Oliveira and
# Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency", IEEE
# TVCG 15(6), table 1 of the authors' supplement.
SEEN_BY = {
    "most": np.eye(3),
    "protanopes": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopes": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopes": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# sRGB to CIE XYZ (IEC 61966-2-1), and its white.
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)
DRAWN = {**labels.COLOURS, labels.UNSURE: labels.UNSURE_COLOUR}


def linear(colour: str) -> np.ndarray:
    """``#RRGGBB`` as linear light, 0 to 1."""
    coded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def cielab(light: np.ndarray) -> np.ndarray:
    ratio = TO_XYZ @ np.clip(light, 0, 1) / WHITE
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_no_two_emotions_look_alike_to_anybody(eyes: str) -> None:
    seen = {name: cielab(np.array(SEEN_BY[eyes]) @ linear(one)) for name, one in DRAWN.items()}
    apart = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a in seen for b in seen if a < b}
    # A difference of 2.3 can just be seen; 10 is seen at a glance.
    assert min(apart.values()) > 15, min(apart.items(), key=lambda item: item[1])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_emotion_stands_out_from_the_page(theme: str) -> None:
    config = Path(__file__).parents[1] / ".streamlit" / "config.toml"
    themes = tomllib.loads(config.read_text())["theme"]
    page = TO_XYZ[1] @ linear(themes[theme]["backgroundColor"])
    for name, colour in DRAWN.items():
        low, high = sorted((page, TO_XYZ[1] @ linear(colour)))
        # WCAG 2.2, 1.4.11: three to one.
        assert (high + 0.05) / (low + 0.05) >= 3, name
    assert themes["chartCategoricalColors"] == list(labels.COLOURS.values())


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("happy", "happy"),
        (" Happy ", "happy"),
        ("HAPPINESS", "happy"),
        ("anger", "angry"),
        ("3_Happy", "happy"),
        ("0-angry", "angry"),
        ("6. neutral", "neutral"),
        ("contemptuous", "contempt"),
        ("unsure", None),
        ("bored", None),
        ("", None),
        ("7", None),
    ],
)
def test_canonical_knows_the_usual_spellings_and_nothing_else(
    spelling: str, expected: str | None
) -> None:
    assert labels.canonical(spelling) == expected


def test_synonyms_lead_to_classes() -> None:
    assert set(labels.SYNONYMS.values()) <= set(labels.ALL)
    assert not set(labels.SYNONYMS) & set(labels.ALL)


@given(st.text())
def test_canonical_answers_any_text_with_a_class_or_none(text: str) -> None:
    assert labels.canonical(text) in {*labels.ALL, None}
