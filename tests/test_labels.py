import string

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


@pytest.mark.parametrize("colour", [*labels.COLOURS.values(), labels.UNSURE_COLOUR])
def test_colours_are_six_hexadecimal_digits(colour: str) -> None:
    assert len(colour) == 7
    assert colour[0] == "#"
    assert set(colour[1:]) <= set(string.hexdigits)


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
