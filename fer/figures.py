"""Plotly figures from plain tables; no Streamlit, no data access."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from fer.labels import ALL, COLOURS

_TRAINING, _VALIDATION = "#0E7C66", "#F0702D"
_MARGIN = {"l": 10, "r": 10, "t": 56, "b": 10}


def _styled(figure: go.Figure, title: str, height: int) -> go.Figure:
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
        grey = {"color": "#8A94A0", "opacity": opacity}
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
    return _styled(figure, "Pictures per class and split", 400)


def curves_figure(history: pd.DataFrame, quantity: str) -> go.Figure:
    """Training curves of one quantity over epochs.

    Args:
        history: One row per epoch: ``epoch``, ``size``, and the columns of the quantity.
        quantity: ``"loss"`` or ``"accuracy"``.
    """
    figure = go.Figure()
    columns = {
        "loss": [
            ("loss", "total, training", _TRAINING),
            ("fer2013_loss", "FER-2013 head, training", "#6E9F2F"),
            ("ferplus_loss", "FER+ head, training", "#8E5BD6"),
            ("val_loss", "FER-2013 head, validation", _VALIDATION),
        ],
        "accuracy": [
            ("accuracy", "training, augmented", _TRAINING),
            ("val_accuracy", "validation (PublicTest)", _VALIDATION),
            ("val_ferplus_accuracy", "validation, FER+ majority", "#8E5BD6"),
        ],
    }[quantity]
    scale = 100 if quantity == "accuracy" else 1
    unit = "%" if quantity == "accuracy" else ""
    for column, name, colour in columns:
        if column in history:
            figure.add_scatter(
                x=history["epoch"],
                y=history[column] * scale,
                name=name,
                mode="lines",
                line={"color": colour, "width": 2},
                hovertemplate="epoch %{x}: %{y:.3g}" + unit + "<extra>" + name + "</extra>",
            )
    for epoch, size in _size_steps(history):
        figure.add_vline(x=epoch, line={"dash": "dot", "width": 1, "color": "#8A94A0"})
        figure.add_annotation(
            x=epoch,
            y=1,
            yref="paper",
            text=f"{size} px",
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
            font={"size": 11},
        )
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(title_text="cross-entropy (nats)" if scale == 1 else "accuracy (%)")
    title = "Loss over training" if scale == 1 else "Accuracy over training"
    return _styled(figure, title, 380)


def _size_steps(history: pd.DataFrame) -> list[tuple[int, int]]:
    """The first epoch, and every one whose picture size differs from that of the one before."""
    if "size" not in history or history["size"].nunique() < 2:
        return []
    first = history[history["size"] != history["size"].shift()]
    return list(zip(first["epoch"].astype(int), first["size"].astype(int), strict=True))


def _heat_map(
    counts: npt.NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    by_row: bool,
    hover: str,
    dark: bool,
) -> go.Figure:
    """Counts or shares of each row; ``hover`` names a cell, with ``%{y}`` and ``%{x}``."""
    # Opaque, so that Plotly knows the colour behind the numbers and writes them legibly.
    ground = "#1B2427" if dark else "#F3F6F3"
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(100 * counts, totals, out=np.zeros_like(counts), where=totals > 0)
    figure = go.Figure(
        go.Heatmap(
            z=shares if by_row else counts,
            x=list(columns),
            y=list(rows),
            colorscale=[[0, ground], [1, "#0E7C66"]],
            texttemplate="%{z:.0f}",
            customdata=np.stack([counts, shares], axis=-1),
            hovertemplate=hover + "<br>%{customdata[0]:,} pictures, "
            "%{customdata[1]:.1f}% of %{y}<extra></extra>",
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def confusion_figure(
    counts: Sequence[Sequence[int]],
    labels: Sequence[str],
    *,
    by_row: bool = True,
    dark: bool = False,
) -> go.Figure:
    """A confusion matrix as a heat map.

    Args:
        counts: ``counts[true][predicted]``.
        labels: Class names in that order.
        by_row: Draw the share of each true class instead of counts.
        dark: Draw it for a dark page.
    """
    figure = _heat_map(
        np.asarray(counts, np.float64),
        labels,
        labels,
        by_row=by_row,
        hover="labelled %{y}, read as %{x}",
        dark=dark,
    )
    figure.update_xaxes(title_text="read as")
    figure.update_yaxes(title_text="labelled")
    unit = "% of each row" if by_row else "pictures"
    return _styled(figure, f"Confusion matrix ({unit})", 460)


def agreement_figure(table: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Two labellings of the same pictures as a heat map of row shares.

    Args:
        table: Counts, one labelling's classes as index, the other's as columns, axes named.
        dark: Draw it for a dark page.
    """
    figure = _heat_map(
        table.to_numpy(np.float64),
        list(table.index),
        list(table.columns),
        by_row=True,
        hover=f"{table.index.name} %{{y}}, {table.columns.name} %{{x}}",
        dark=dark,
    )
    figure.update_xaxes(title_text=str(table.columns.name))
    figure.update_yaxes(title_text=str(table.index.name))
    return _styled(figure, f"{table.index.name} labels by {table.columns.name} label (%)", 440)
