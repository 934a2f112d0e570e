"""Figures that set models beside one another and beside the published figures of others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from fer.figures.style import SERIES, styled

OWN = "this project"
_TRUST = {
    OWN: ("diamond", SERIES[0], 14),
    "measured": ("circle", SERIES[2], 11),
    "published": ("circle-open", SERIES[2], 11),
    "stated": ("circle-open", SERIES[1], 11),
    "not comparable": ("x-thin-open", SERIES[7], 10),
    "not credible": ("x-thin-open", SERIES[3], 10),
}
"""How far a figure is to be trusted -> symbol, colour, size."""

_AXES = {
    "milliseconds": ("milliseconds per face, one thread", "Accuracy against time", "~g"),
    "parameters": ("parameters", "Accuracy against size", "~s"),
}
"""What a model costs -> title of the axis, title of the figure, format of the ticks."""


def _beside(positions: npt.NDArray[np.float64]) -> list[str]:
    """Where the name of each point goes, so that none leaves the figure at its sides."""
    low, high = float(positions.min(initial=np.inf)), float(positions.max(initial=-np.inf))
    share = (positions - low) / max(high - low, 1e-9)
    return ["top left" if s > 0.75 else "top right" if s < 0.25 else "top center" for s in share]


def _points(figure: go.Figure, table: pd.DataFrame, x: str, y: str, *, words: bool) -> None:
    for trust, (symbol, colour, size) in _TRUST.items():
        rows = table[table["trust"] == trust]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows[x],
            y=rows[y],
            name=trust,
            mode="markers+text" if words else "markers",
            text=rows["name"],
            textposition=list(rows["beside"]) if words else None,
            textfont={"size": 11},
            marker={
                "symbol": symbol,
                "color": colour,
                "size": size,
                "line": {"width": 2 if symbol.endswith("open") else 0, "color": colour},
            },
            customdata=rows[["name", "accuracy_percent", "protocol", "source"]],
            hovertemplate="<b>%{customdata[0]}</b>: %{customdata[1]:.1f}%<br>%{customdata[2]}<br>"
            "%{customdata[3]}<extra></extra>",
            cliponaxis=False,
        )


def frontier_figure(table: pd.DataFrame, against: str) -> go.Figure:
    """Accuracy against what it costs.

    Args:
        table: One row per model: ``name``, ``accuracy`` (0 to 1), ``trust`` (``OWN`` or how far
            the figure can be trusted), ``protocol``, ``source``, and ``milliseconds`` or
            ``parameters``; rows without that value are left out.
        against: ``"milliseconds"`` or ``"parameters"``.
    """
    axis, title, ticks_as = _AXES[against]
    table = table.dropna(subset=[against]).assign(accuracy_percent=lambda t: t["accuracy"] * 100)
    places = np.log10(table[against].to_numpy(np.float64))
    table = table.assign(beside=_beside(places))
    figure = go.Figure()
    _points(figure, table, against, "accuracy_percent", words=True)
    # Over many powers of ten, one tick each: on a phone there is no room for more.
    digits = (1, 2, 5) if len(places) < 2 or np.ptp(places) < 3 else (1,)
    ticks = [digit * 10.0**power for power in range(-2, 10) for digit in digits]
    figure.update_xaxes(
        title_text=f"{axis}, logarithmic", type="log", tickvals=ticks, tickformat=ticks_as
    )
    figure.update_yaxes(title_text="accuracy (%)")
    return styled(figure, title, 440)


def ranking_figure(table: pd.DataFrame) -> go.Figure:
    """Every accuracy on one line per model, the best at the top.

    Args:
        table: As for ``frontier_figure``.
    """
    table = table.sort_values("accuracy").assign(accuracy_percent=lambda t: t["accuracy"] * 100)
    figure = go.Figure()
    _points(figure, table, "accuracy_percent", "name", words=False)
    figure.update_xaxes(title_text="accuracy (%)")
    figure.update_yaxes(categoryorder="array", categoryarray=list(table["name"]), automargin=True)
    return styled(figure, "Accuracy, all models", 150 + 26 * len(table))
