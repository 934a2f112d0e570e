"""Figures of a model's errors: confusion, scores per class, calibration, abstention, strain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fer.figures.style import GREY, TRAINING, VALIDATION, add_solid_bars, heat_map, styled
from fer.labels import COLOURS

Normalised = Literal["row", "column"]
# Scales rather than units: their name comes before the number.
_SCALES = ("exponent", "quality")
# Of a normal distribution, 95 of 100 lie within so many deviations.
_Z = 1.96
_UNITS = {None: "pictures", "row": "% of each row", "column": "% of each column"}


def confusion_figure(
    counts: Sequence[Sequence[int]],
    labels: Sequence[str],
    *,
    share: Normalised | None = "row",
    dark: bool = False,
) -> go.Figure:
    """A confusion matrix as a heat map.

    Args:
        counts: ``counts[true][predicted]``.
        labels: Class names in that order.
        share: ``"row"``: of the pictures with that label, how many are read so (recall on the
            diagonal); ``"column"``: of the pictures read so, how many have that label (precision);
            None: counts.
        dark: Draw it for a dark page.
    """
    figure = heat_map(
        np.asarray(counts, np.float64),
        labels,
        labels,
        share=share,
        hover="labelled %{y}, read as %{x}",
        dark=dark,
    )
    figure.update_xaxes(title_text="read as")
    figure.update_yaxes(title_text="labelled")
    return styled(figure, f"Confusion matrix ({_UNITS[share]})", 460)


def per_class_figure(table: pd.DataFrame) -> go.Figure:
    """Precision, recall and F1 of each class as bars.

    Args:
        table: Index = class; columns ``precision``, ``recall``, ``f1`` (0 to 1) and ``n``.
    """
    figure = go.Figure()
    for index, score in enumerate(("precision", "recall", "f1")):
        name = "F1" if score == "f1" else score
        said = f": {name} %{{y:.3f}}, %{{customdata:,}} pictures"
        add_solid_bars(figure, name, table[score], 1 - 0.3 * index, table["n"], said)
    figure.update_yaxes(title_text="score (0 to 1)", range=[0, 1])
    return styled(figure, "Precision, recall and F1 of each class", 400)


def recall_figure(scores: pd.DataFrame) -> go.Figure:
    """How many of 100 faces of each class are found, the most at the top.

    Args:
        scores: Index = class; columns ``recall`` (0 to 1) and ``n``, in the order of the bars.
    """
    recall, n = scores["recall"].astype(float), scores["n"].astype(float)
    # Wilson 1927, "Probable inference": the 95 % interval of a share, good also near 0 and 1.
    middle = (recall + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    reach = _Z * np.sqrt(recall * (1 - recall) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    figure = go.Figure(
        go.Bar(
            x=recall * 100,
            y=list(scores.index),
            orientation="h",
            marker={"color": [COLOURS[str(label)] for label in scores.index]},
            text=[f"{100 * one:.0f}" for one in recall],
            textposition="inside",
            insidetextanchor="start",
            error_x={
                "type": "data",
                "array": (middle + reach - recall) * 100,
                "arrayminus": (recall - middle + reach) * 100,
                "color": GREY,
                "thickness": 1.5,
            },
            customdata=n,
            hovertemplate="%{y}: %{x:.1f} of 100, %{customdata:,} pictures<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="found, of 100 faces that people call so", range=[0, 101])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return styled(figure, "On whom it fails", 340)


def reliability_figure(bins: pd.DataFrame) -> go.Figure:
    """A reliability diagram: how often the model is right at each confidence.

    Args:
        bins: Columns ``low``, ``high`` (limits of the confidence), ``n``, ``confidence`` (mean)
            and ``accuracy``; empty bins have n = 0. (Guo et al. 2017, arXiv 1706.04599, figure 1.)
    """
    filled = bins[bins["n"] > 0].astype(float)
    share = filled["n"] / max(1.0, float(filled["n"].sum()))
    figure = go.Figure()
    figure.add_bar(
        x=(filled["low"] + filled["high"]) * 50,
        y=filled["accuracy"] * 100,
        width=(filled["high"] - filled["low"]) * 96,
        name="right",
        # A bin that holds few pictures says little: it is drawn faintly.
        marker={"color": TRAINING, "opacity": 0.35 + 0.65 * share / max(1e-9, share.max())},
        customdata=np.stack([filled["confidence"] * 100, filled["n"], share * 100], axis=1),
        hovertemplate="mean confidence %{customdata[0]:.1f}%, right %{y:.1f}%<br>"
        "%{customdata[1]:,} pictures (%{customdata[2]:.1f}%)<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        name="perfect calibration",
        mode="lines",
        line={"color": GREY, "dash": "dash", "width": 2},
        hoverinfo="skip",
    )
    figure.update_xaxes(title_text="confidence (%)", range=[0, 100])
    figure.update_yaxes(title_text="right (%)", range=[0, 100])
    return styled(figure, "Reliability: right answers at each confidence", 420)


def abstention_figure(
    curve: pd.DataFrame, chosen: tuple[float, float, str] | None = None
) -> go.Figure:
    """Accuracy of the answers when only confident faces are answered.

    The curve has ``threshold``, ``coverage`` and ``accuracy`` (0 to 1, or empty); what is chosen
    is coverage, accuracy and name of an operating point.
    """
    answered = curve.dropna(subset=["accuracy"]).sort_values("coverage")
    figure = go.Figure()
    figure.add_scatter(
        x=answered["coverage"] * 100,
        y=answered["accuracy"] * 100,
        name="answers above a confidence",
        mode="lines+markers",
        line={"color": TRAINING, "width": 2},
        marker={"size": 5},
        customdata=answered["threshold"] * 100,
        hovertemplate="confidence at least %{customdata:.0f}%: answers %{x:.1f}%, "
        "right %{y:.1f}%<extra></extra>",
    )
    if chosen is not None:
        coverage, accuracy, name = chosen
        figure.add_scatter(
            x=[coverage * 100],
            y=[accuracy * 100],
            name=name,
            mode="markers",
            marker={"color": VALIDATION, "size": 13, "symbol": "diamond"},
            hovertemplate=name + ": answers %{x:.1f}%, right %{y:.1f}%<extra></extra>",
        )
    figure.update_xaxes(title_text="faces answered (%)", range=[0, 101])
    figure.update_yaxes(title_text="right answers (%)")
    return styled(figure, "Abstention: fewer answers, more right", 420)


def _named_levels(unit: str) -> dict[int, str]:
    """The names of levels that are no quantity: "0 left, 1 right" -> {0: "left", 1: "right"}."""
    parts = [part.strip().split(" ", 1) for part in unit.split(",")]
    if not all(len(part) == 2 and part[0].isdigit() for part in parts):
        return {}
    return {int(number): name for number, name in parts}


def level_name(level: float, unit: str) -> str:
    """A level in words: "2 px", "quality 10", or its name where the levels are no quantity."""
    if unit in _SCALES:
        return f"{unit} {level:g}"
    return _named_levels(unit).get(int(level)) or f"{level:g} {unit}".strip()


def robustness_figure(rows: pd.DataFrame, *, clean: float | None = None) -> go.Figure:
    """Accuracy while pictures get worse in one way; a line where they are unchanged.

    The rows have ``condition``, ``level``, ``unit``, ``accuracy`` (0 to 1) and ``n``.
    """
    condition, unit = str(rows["condition"].iloc[0]), str(rows["unit"].iloc[0])
    named = _named_levels(unit)
    rows = rows.sort_values("level")
    words = [level_name(level, unit) for level in rows["level"]]
    figure = go.Figure()
    figure.add_scatter(
        x=words if named else rows["level"],
        y=rows["accuracy"] * 100,
        # Nothing lies between a left and a right half.
        mode="markers" if named else "lines+markers",
        line={"color": TRAINING, "width": 2},
        marker={"size": 11 if named else 6},
        customdata=np.stack([words, rows["n"]], axis=1),
        hovertemplate="%{customdata[0]}: %{y:.1f}% right, n = %{customdata[1]}<extra></extra>",
    )
    if clean is not None:
        figure.add_hline(y=clean * 100, line={"color": GREY, "dash": "dash", "width": 1})
    shown = condition if named or not unit else f"{condition} ({unit})"
    figure.update_xaxes(title_text=shown, type="category" if named else "linear")
    figure.update_yaxes(title_text="accuracy (%)", rangemode="tozero")
    return styled(figure, f"Accuracy under {condition}", 300)
