"""Figures of a data set: classes, labellings, picture quality, structure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from fer.figures.style import SERIES, add_solid_bars, heat_map, styled
from fer.labels import COLOURS, in_order


def class_distribution_figure(table: pd.DataFrame, *, shares: bool = False) -> go.Figure:
    """Bars per class, one group per split.

    The table has ``split``, ``label``, ``count`` and ``share``, 0 to 1 within the split.
    """
    figure = go.Figure()
    order = in_order(set(table["label"]))
    for index, (split, rows) in enumerate(table.groupby("split", sort=False)):
        rows = rows.set_index("label").reindex(order)
        values = rows["share"] * 100 if shares else rows["count"]
        counted = np.stack([rows["count"], rows["share"] * 100], axis=1)
        said = f", {split}<br>%{{customdata[0]:,}} pictures, %{{customdata[1]:.1f}}%"
        add_solid_bars(figure, str(split), values, max(0.35, 1 - 0.32 * index), counted, said)
    figure.update_yaxes(title_text="share of the split (%)" if shares else "pictures")
    return styled(figure, "Pictures per class and split", 400)


def agreement_figure(table: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Two labellings of the same pictures as a heat map of row shares.

    The table has counts, one labelling's classes as index, the other's as columns, axes named.
    """
    # The classes of both in one order, so that agreement lies on the diagonal.
    shared = [name for name in table.index if name in table.columns]
    table = table[[*shared, *(name for name in table.columns if name not in shared)]]
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


def split_difference_figure(table: pd.DataFrame, first: str, second: str) -> go.Figure:
    """How class shares differ between splits; the table of ``class_distribution_figure``."""
    shares = table.pivot(index="label", columns="split", values="share")
    order = in_order(shares.index)
    differences = (shares.loc[order, first] - shares.loc[order, second]) * 100
    figure = go.Figure(
        go.Bar(
            x=order,
            y=differences,
            marker={"color": [COLOURS[label] for label in order], "line": {"width": 0}},
            hovertemplate="%{x}: %{y:+.2f} percentage points<extra></extra>",
        )
    )
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=order)
    figure.update_yaxes(title_text="difference (percentage points)")
    return styled(figure, f"Class shares: {first} minus {second}", 320)


def quality_figure(table: pd.DataFrame, measure: str, unit: str) -> go.Figure:
    """The distribution of a measure as one line per class or split.

    The table has ``group``, ``value``, ``share`` (0 to 1 of the group) and ``count``.
    """
    figure = go.Figure()
    for number, (group, rows) in enumerate(table.groupby("group", sort=False)):
        name = str(group)
        figure.add_scatter(
            x=rows["value"],
            y=rows["share"] * 100,
            name=name,
            mode="lines",
            line={
                "color": COLOURS.get(name, SERIES[number % len(SERIES)]),
                "width": 2,
                "shape": "hvh",
            },
            customdata=rows["count"],
            hovertemplate=name + ": %{y:.1f}% at %{x:.1f}, %{customdata:,} pictures<extra></extra>",
        )
    figure.update_xaxes(title_text=unit)
    figure.update_yaxes(title_text="share of the group (%)")
    return styled(figure, f"{measure.capitalize()} of the pictures", 400)


def pixel_figure(pixels: npt.NDArray[np.uint8]) -> go.Figure:
    """A picture as the array that it is: one cell per pixel, its number on hover.

    Args:
        pixels: ``(h, w)`` uint8.
    """
    figure = go.Figure(
        go.Heatmap(
            z=pixels.astype(int),
            zmin=0,
            zmax=255,
            colorscale=[[0, "#000000"], [1, "#FFFFFF"]],
            showscale=False,
            hovertemplate="row %{y}, column %{x}: %{z}<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="column", constrain="domain", showgrid=False)
    figure.update_yaxes(
        title_text="row", autorange="reversed", scaleanchor="x", constrain="domain", showgrid=False
    )
    height, width = pixels.shape
    return styled(figure, f"The array, {height} x {width}", 400)


def explained_variance_figure(
    table: pd.DataFrame, marks: tuple[tuple[int, float], ...] = ()
) -> go.Figure:
    """How much of the pictures' variance the first components keep, with marks at some.

    The table has ``components`` (1, 2, ...) and ``kept`` (0 to 1).
    """
    figure = go.Figure()
    figure.add_scatter(
        x=table["components"],
        y=table["kept"] * 100,
        mode="lines",
        name="kept",
        line={"color": SERIES[0], "width": 2},
        hovertemplate="%{x} components keep %{y:.1f}%<extra></extra>",
    )
    figure.add_scatter(
        x=[count for count, _ in marks],
        y=[kept * 100 for _, kept in marks],
        mode="markers+text",
        name="marks",
        text=[f"{count}: {kept:.0%}" for count, kept in marks],
        # By turns below and above, so that marks side by side stay legible.
        textposition=[
            "top center" if index % 2 else "bottom center" for index in range(len(marks))
        ],
        marker={"color": SERIES[1], "size": 10},
        hoverinfo="skip",
        cliponaxis=False,
    )
    figure.update_xaxes(title_text="principal components", rangemode="tozero")
    figure.update_yaxes(title_text="variance kept (%)", range=[0, 108])
    return styled(figure, "Variance kept by the first components", 380).update_layout(
        showlegend=False
    )


def embedding_figure(table: pd.DataFrame) -> go.Figure:
    """A map of faces, one colour per class; each point carries its number in the table.

    Args:
        table: Columns ``x``, ``y``, ``label``, ``read as``, ``row``.
    """
    figure = go.Figure()
    numbered = table.assign(number=np.arange(len(table)))
    for label in in_order(set(numbered["label"])):
        rows = numbered[numbered["label"] == label]
        figure.add_scattergl(
            x=rows["x"],
            y=rows["y"],
            name=label,
            mode="markers",
            marker={"color": COLOURS[label], "size": 7, "opacity": 0.8},
            customdata=rows[["number", "read as", "row"]],
            hovertemplate=f"labelled {label}, read as %{{customdata[1]}}<br>"
            "row %{customdata[2]:,}<extra></extra>",
        )
    # Directions of such a map have no meaning, so that its axes carry no numbers.
    figure.update_xaxes(showticklabels=False, zeroline=False, title_text="first direction")
    figure.update_yaxes(showticklabels=False, zeroline=False, title_text="second direction")
    return styled(figure, "Faces as the network places them", 560)
