"""Figures from plain tables."""

import numpy as np
import pandas as pd
import pytest

from fer.figures import class_distribution_figure, confusion_figure, curves_figure
from fer.labels import COLOURS

TABLE = pd.DataFrame(
    {
        "split": ["Training", "Training", "PublicTest", "PublicTest"],
        "label": ["angry", "happy", "angry", "happy"],
        "count": [1, 3, 2, 2],
        "share": [0.25, 0.75, 0.5, 0.5],
    }
)
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "size": [28, 28, 48],
        "loss": [2.0, 1.5, 1.2],
        "accuracy": [0.3, 0.4, 0.5],
        "val_accuracy": [0.35, 0.45, 0.55],
    }
)


@pytest.mark.parametrize(("shares", "expected"), [(False, [1, 3]), (True, [25, 75])])
def test_bars_are_counts_or_percent_in_the_colours_of_the_emotions(
    shares: bool, expected: list[float]
) -> None:
    figure = class_distribution_figure(TABLE, shares=shares)
    bars = [trace for trace in figure.data if trace.x[0] is not None]
    assert [trace.name for trace in bars] == ["Training", "PublicTest"]
    assert list(bars[0].y) == expected
    assert list(bars[0].marker.color) == [COLOURS["angry"], COLOURS["happy"]]
    assert figure.layout.xaxis.type == "category"


def test_every_figure_has_a_title_and_named_axes() -> None:
    figures = [
        class_distribution_figure(TABLE),
        curves_figure(HISTORY, "loss"),
        curves_figure(HISTORY, "accuracy"),
        confusion_figure([[1, 0], [0, 1]], ["angry", "happy"]),
    ]
    for figure in figures:
        assert figure.layout.title.text
        assert figure.layout.yaxis.title.text


def test_accuracy_is_drawn_in_percent_and_size_changes_are_marked() -> None:
    figure = curves_figure(HISTORY, "accuracy")
    assert list(figure.data[0].y) == pytest.approx([30, 40, 50])
    assert [note.text for note in figure.layout.annotations] == ["28 px", "48 px"]


def test_a_size_that_comes_back_is_marked_again() -> None:
    history = HISTORY.assign(size=[48, 28, 48])
    notes = curves_figure(history, "loss").layout.annotations
    assert [(note.x, note.text) for note in notes] == [(1, "48 px"), (2, "28 px"), (3, "48 px")]


def test_confusion_shares_are_of_the_row_and_an_empty_row_is_zero() -> None:
    figure = confusion_figure([[3, 1], [0, 0]], ["angry", "happy"])
    assert np.asarray(figure.data[0].z).tolist() == [[75, 25], [0, 0]]
    counts = confusion_figure([[3, 1], [0, 0]], ["angry", "happy"], by_row=False)
    assert np.asarray(counts.data[0].z).tolist() == [[3, 1], [0, 0]]
