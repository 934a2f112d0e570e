"""Figures of a data set: classes, labellings, picture quality, structure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fer.figures.style import GREY, heat_map, styled
from fer.labels import ALL, COLOURS


def class_distribution_figure(table: pd.DataFrame, *, shares: bool = False) -> go.Figure:
    """Bars per class, one group per split.

    Args:
        table: Columns ``split``, ``label``, ``count``, ``share`` (0 to 1 within the split).
        shares: Draw shares in percent instead of counts.
    """
    figure = go.Figure()
    present = set(table["label"])
    order = [label for label in ALL if label in present]
    for index, (split, rows) in enumerate(table.groupby("split", sort=False)):
        rows = rows.set_index("label").reindex(order)
        values = rows["share"] * 100 if shares else rows["count"]
        opacity = max(0.35, 1 - 0.32 * index)
        group = {"name": str(split), "legendgroup": str(split)}
        # The legend shows how solid a split is drawn, in grey: the hue belongs to the emotion.
        grey = {"color": GREY, "opacity": opacity}
        figure.add_bar(x=[None], y=[None], marker=grey, **group)
        figure.add_bar(
            **group,
            showlegend=False,
            offsetgroup=str(split),
            x=order,
            y=values,
            # One colour per emotion; the splits differ by how solid it is.
            marker={
                "color": [COLOURS[label] for label in order],
                "opacity": opacity,
                "line": {"width": 0},
            },
            customdata=np.stack([rows["count"], rows["share"] * 100], axis=1),
            hovertemplate="%{x}, " + str(split) + "<br>%{customdata[0]:,} pictures, "
            "%{customdata[1]:.1f}%<extra></extra>",
        )
    figure.update_layout(barmode="group", bargap=0.22)
    # Said aloud: the empty legend bars come first, and would make the axis one of numbers.
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=order)
    figure.update_yaxes(title_text="share of the split (%)" if shares else "pictures")
    return styled(figure, "Pictures per class and split", 400)


def agreement_figure(table: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Two labellings of the same pictures as a heat map of row shares.

    Args:
        table: Counts, one labelling's classes as index, the other's as columns, axes named.
        dark: Draw it for a dark page.
    """
    figure = heat_map(
        table.to_numpy(np.float64),
        list(table.index),
        list(table.columns),
        share="row",
        hover=f"{table.index.name} %{{y}}, {table.columns.name} %{{x}}",
        dark=dark,
    )
    figure.update_xaxes(title_text=str(table.columns.name))
    figure.update_yaxes(title_text=str(table.index.name))
    return styled(figure, f"{table.index.name} labels by {table.columns.name} label (%)", 440)
