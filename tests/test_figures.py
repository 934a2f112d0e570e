"""Figures from plain tables."""

import numpy as np
import pandas as pd
import pytest

from fer.figures import (
    OWN,
    abstention_figure,
    agreement_figure,
    class_distribution_figure,
    confusion_figure,
    curves_figure,
    embedding_figure,
    explained_variance_figure,
    frontier_figure,
    per_class_figure,
    pixel_figure,
    quality_figure,
    ranking_figure,
    recall_figure,
    reliability_figure,
    robustness_figure,
    split_difference_figure,
)
from fer.figures.errors import level_name
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


SCORES = pd.DataFrame(
    {"precision": [0.5, 0.9], "recall": [0.4, 0.8], "f1": [0.44, 0.85], "n": [5, 20]},
    index=["angry", "happy"],
)
BINS = pd.DataFrame(
    {
        "low": [0.0, 0.5],
        "high": [0.5, 1.0],
        "n": [0, 10],
        "confidence": [None, 0.8],
        "accuracy": [None, 0.7],
    }
)
CURVE = pd.DataFrame(
    {"threshold": [0.0, 0.5, 1.0], "coverage": [1.0, 0.4, 0.0], "accuracy": [0.6, 0.9, None]}
)
STRAIN = pd.DataFrame(
    {
        "condition": ["blur", "blur"],
        "level": [2.0, 1.0],
        "unit": ["px", "px"],
        "accuracy": [0.3, 0.6],
        "n": [10, 10],
    }
)
MODELS = pd.DataFrame(
    {
        "name": ["xs 1", "peer", "unknown cost"],
        "accuracy": [0.69, 0.65, 0.7],
        "milliseconds": [1.0, 2.0, None],
        "parameters": [1.5e6, None, None],
        "trust": [OWN, "measured", "published"],
        "protocol": ["p", "p", "p"],
        "source": ["card", "here", "paper"],
    }
)


AGREEMENT = pd.DataFrame(
    [[3, 1], [0, 2]],
    index=pd.Index(["angry", "happy"], name="FER-2013"),
    columns=pd.Index(["happy", "angry"], name="FER+"),
)
QUALITY = pd.DataFrame(
    {
        "group": ["happy", "happy", "Training"],
        "value": [1.0, 2.0, 1.0],
        "share": [0.25, 0.75, 1.0],
        "count": [1, 3, 4],
    }
)
MAP = pd.DataFrame(
    {
        "x": [0.0, 1.0, 2.0],
        "y": [0.0, 1.0, 2.0],
        "label": ["happy", "angry", "happy"],
        "read as": ["happy", "sad", "neutral"],
        "row": [10, 20, 30],
    }
)


def test_every_figure_has_a_title_and_named_axes() -> None:
    figures = [
        class_distribution_figure(TABLE),
        curves_figure({"xs": HISTORY}, "loss"),
        curves_figure({"xs": HISTORY}, "accuracy"),
        curves_figure({"xs": HISTORY.assign(learning_rate=0.1)}, "learning_rate"),
        confusion_figure([[1, 0], [0, 1]], ["angry", "happy"]),
        per_class_figure(SCORES),
        reliability_figure(BINS),
        abstention_figure(CURVE),
        robustness_figure(STRAIN),
        frontier_figure(MODELS, "milliseconds"),
        frontier_figure(MODELS, "parameters"),
        agreement_figure(AGREEMENT),
        split_difference_figure(TABLE, "Training", "PublicTest"),
        quality_figure(QUALITY, "contrast", "grey values"),
        pixel_figure(np.zeros((2, 2), np.uint8)),
        explained_variance_figure(pd.DataFrame({"components": [1, 2], "kept": [0.5, 0.8]})),
        embedding_figure(MAP),
    ]
    for figure in figures:
        assert figure.layout.title.text
        assert figure.layout.yaxis.title.text


def test_accuracy_is_drawn_in_percent_and_size_changes_are_marked() -> None:
    figure = curves_figure({"xs": HISTORY}, "accuracy")
    assert list(figure.data[1].y) == pytest.approx([30, 40, 50])
    assert [note.text for note in figure.layout.annotations] == ["28 px", "48 px"]


def test_a_size_that_comes_back_is_marked_again() -> None:
    history = HISTORY.assign(size=[48, 28, 48])
    notes = curves_figure({"xs": history}, "loss").layout.annotations
    assert [(note.x, note.text) for note in notes] == [(1, "48 px"), (2, "28 px"), (3, "48 px")]


@pytest.mark.parametrize(
    ("counts", "share", "shown"),
    [
        ([[3, 1], [0, 0]], "row", [[75, 25], [0, 0]]),
        ([[3, 1], [1, 1]], "column", [[75, 50], [25, 50]]),
        ([[3, 1], [0, 0]], None, [[3, 1], [0, 0]]),
    ],
)
def test_confusion_shows_counts_or_shares_and_nothing_is_zero(counts, share, shown) -> None:
    figure = confusion_figure(counts, ["angry", "happy"], share=share)
    assert np.asarray(figure.data[0].z).tolist() == shown


def test_smoothing_averages_neighbours_and_leaves_gaps() -> None:
    history = HISTORY.assign(val_accuracy=[0.3, 0.6, 0.9], accuracy=[np.nan, 0.5, 0.7])
    figure = curves_figure({"xs": history}, "accuracy", smoothing=3)
    drawn = {trace.name: list(trace.y) for trace in figure.data}
    assert drawn["validation (PublicTest)"] == pytest.approx([45, 60, 75])
    assert np.isnan(drawn["training, augmented"][0])
    assert drawn["training, augmented"][1:] == pytest.approx([60, 60])


def test_compared_runs_have_a_colour_each_and_say_which_they_are() -> None:
    figure = curves_figure({"a": HISTORY, "b": HISTORY}, "accuracy")
    colours = {trace.name.split(":")[0]: trace.line.color for trace in figure.data}
    assert len(set(colours.values())) == 2
    assert not figure.layout.annotations


def test_reliability_draws_filled_bins_in_percent() -> None:
    bars = reliability_figure(BINS).data[0]
    assert list(bars.x) == [75]
    assert list(bars.y) == [70]


def test_abstention_leaves_out_thresholds_that_answer_nothing() -> None:
    figure = abstention_figure(CURVE, (0.4, 0.9, "the threshold"))
    assert list(figure.data[0].x) == [40, 100]
    assert (list(figure.data[1].x), list(figure.data[1].y)) == ([40], [90])


def test_robustness_is_drawn_from_mild_to_severe_and_names_levels_that_are_no_quantity() -> None:
    assert list(robustness_figure(STRAIN).data[0].y) == [60, 30]
    rows = STRAIN.assign(condition="half hidden", level=[1, 0], unit="0 left, 1 right")
    (drawn,) = robustness_figure(rows, clean=0.7).data
    assert list(drawn.x) == ["left", "right"] and list(drawn.y) == [60, 30]
    assert drawn.mode == "markers"


def test_scales_are_named_before_their_level_and_units_after_it() -> None:
    assert level_name(10, "quality") == "quality 10"
    assert level_name(2.5, "exponent") == "exponent 2.5"
    assert level_name(2, "px") == "2 px"
    assert level_name(1, "0 left, 1 right") == "right"


def test_the_legend_shows_how_solid_each_split_and_score_is_drawn() -> None:
    for figure in (class_distribution_figure(TABLE), per_class_figure(SCORES)):
        keys = [trace.marker.color for trace in figure.data if trace.x[0] is None]
        drawn = [trace.marker.opacity for trace in figure.data if trace.x[0] is not None]
        assert [float(key.rsplit(",", 1)[1].rstrip(")")) for key in keys] == pytest.approx(drawn)
        assert len(set(keys)) == len(keys)


def test_names_at_the_sides_of_a_figure_point_inwards() -> None:
    costs = pd.concat([MODELS, MODELS.assign(name="wide", parameters=2e8, trust="stated")])
    figure = frontier_figure(costs, "parameters")
    sides = {
        name: side for t in figure.data for name, side in zip(t.text, t.textposition, strict=True)
    }
    assert sides == {"xs 1": "top right", "wide": "top left"}


def test_models_of_unknown_cost_are_ranked_but_not_set_against_it() -> None:
    placed = [name for trace in frontier_figure(MODELS, "milliseconds").data for name in trace.text]
    assert placed == ["xs 1", "peer"]
    ranked = ranking_figure(MODELS)
    assert {name for trace in ranked.data for name in trace.y} == set(MODELS["name"])
    assert list(ranked.layout.yaxis.categoryarray) == ["peer", "xs 1", "unknown cost"]


def test_difference_of_two_splits_is_in_percentage_points() -> None:
    (bars,) = split_difference_figure(TABLE, "Training", "PublicTest").data
    assert dict(zip(bars.x, bars.y, strict=True)) == {"angry": -25, "happy": 25}


def test_measures_are_lines_in_percent_in_the_colour_of_the_class() -> None:
    figure = quality_figure(QUALITY, "contrast", "grey values")
    happy, training = figure.data
    assert list(happy.y) == [25, 75] and happy.line.color == COLOURS["happy"]
    assert training.name == "Training" and list(training.y) == [100]
    assert figure.layout.title.text == "Contrast of the pictures"


def test_pixels_are_drawn_as_they_lie() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    figure = pixel_figure(pixels)
    assert np.asarray(figure.data[0].z).tolist() == pixels.tolist()
    assert figure.layout.yaxis.autorange == "reversed"


def test_explained_variance_points_at_its_marks() -> None:
    table = pd.DataFrame({"components": [1, 2, 3], "kept": [0.5, 0.8, 0.9]})
    line, marks = explained_variance_figure(table, ((3, 0.9),)).data
    assert list(line.y) == [50, 80, 90]
    assert list(marks.text) == ["3: 90%"]


def test_points_of_a_map_carry_their_number_for_the_face_beside_it() -> None:
    angry, happy = embedding_figure(MAP).data
    assert (angry.name, happy.name) == ("angry", "happy")
    assert np.asarray(happy.customdata).tolist() == [[0, "happy", 10], [2, "neutral", 30]]


def test_the_share_of_faces_found_stands_in_the_interval_that_chance_allows() -> None:
    scores = pd.DataFrame({"recall": [1.0, 0.8], "n": [50, 10]}, index=["happy", "fear"])
    (bars,) = recall_figure(scores).data
    high = bars.x + bars.error_x.array
    low = bars.x - bars.error_x.arrayminus
    # Wilson's interval of 8 in 10, as in Brown, Cai and DasGupta 2001; never beyond all of them.
    assert (low[1], high[1]) == pytest.approx((49.0, 94.3), abs=0.1)
    assert high[0] == pytest.approx(100) and 92 < low[0] < 94
    assert bars.marker.color == tuple(COLOURS[name] for name in scores.index)
