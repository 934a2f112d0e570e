"""One look for every figure: titles, grounds, colours, heat maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from fer.labels import COLOURS

TRAINING, VALIDATION, THIRD, FOURTH = "#0E7C66", "#F0702D", "#8E5BD6", "#6E9F2F"
"""Lines that do not stand for an emotion."""

SERIES = (TRAINING, VALIDATION, "#3E7BD6", "#C2568C", THIRD, FOURTH, "#B98900", "#7D8793")
"""Colours of things that are compared: models, runs, conditions."""

GREY = "#7D8793"
_MARGIN = {"l": 10, "r": 10, "t": 56, "b": 10}


def faded(colour: str, opacity: float) -> str:
    """A colour ``#RRGGBB`` with an opacity of 0 to 1, as the legend of a figure shows it too."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:.2f})"


def styled(figure: go.Figure, title: str, height: int) -> go.Figure:
    """One look for every figure: title at the left, transparent ground, legend below the title."""
    figure.update_layout(
        title={"text": title, "x": 0, "xanchor": "left", "font": {"size": 16}},
        height=height,
        margin=_MARGIN,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": -0.22, "x": 0},
        hoverlabel={"align": "left"},
    )
    return figure


def add_solid_bars(
    figure: go.Figure,
    name: str,
    values: pd.Series[float],
    opacity: float,
    customdata: Any,
    hover: str,
) -> None:
    """Bars in the colours of their labels, the index; a group is told by its opacity, 0 to 1.

    ``customdata`` has a row for each bar, for what ``hover`` says after its label.
    """
    labels = list(values.index)
    # The legend shows how solid it is, in grey: the hue belongs to the emotion.
    grey = {"color": faded(GREY, opacity), "line": {"width": 0}}
    figure.add_bar(x=[None], y=[None], name=name, legendgroup=name, marker=grey)
    figure.add_bar(
        x=labels,
        y=values,
        name=name,
        legendgroup=name,
        showlegend=False,
        offsetgroup=name,
        marker={
            "color": [COLOURS[label] for label in labels],
            "opacity": opacity,
            "line": {"width": 0},
        },
        customdata=customdata,
        hovertemplate="%{x}" + hover + "<extra></extra>",
    )
    figure.update_layout(barmode="group", bargap=0.24)
    # Said aloud: the empty bars of the legend would make the axis one of numbers.
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=labels)


def heat_map(
    counts: npt.NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    share: Literal["row", "column"] | None,
    hover: str,
    dark: bool,
) -> go.Figure:
    """Counts, or shares of each row or column; ``hover`` names a cell: ``%{y}`` and ``%{x}``."""
    # Opaque, so that Plotly knows the colour behind the numbers and writes them legibly.
    ground = "#1B2427" if dark else "#F3F6F3"
    totals = counts.sum(axis=0 if share == "column" else 1, keepdims=True)
    shares = np.divide(100 * counts, totals, out=np.zeros_like(counts), where=totals > 0)
    whole = "%{x}" if share == "column" else "%{y}"
    figure = go.Figure(
        go.Heatmap(
            z=counts if share is None else shares,
            x=list(columns),
            y=list(rows),
            colorscale=[[0, ground], [1, "#0E7C66"]],
            texttemplate="%{z:.0f}",
            customdata=np.stack([counts, shares], axis=-1),
            hovertemplate=hover + "<br>%{customdata[0]:,} pictures, "
            f"%{{customdata[1]:.1f}}% of {whole}<extra></extra>",
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure
