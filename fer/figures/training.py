"""Figures of training runs: loss, accuracy and learning rate over epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from fer.figures.style import FOURTH, GREY, SERIES, THIRD, TRAINING, VALIDATION, styled

_COLUMNS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "loss": (
        ("val_loss", "FER-2013 head, validation", VALIDATION),
        ("loss", "total, training", TRAINING),
        ("fer2013_loss", "FER-2013 head, training", FOURTH),
        ("ferplus_loss", "FER+ head, training", THIRD),
    ),
    "accuracy": (
        ("val_accuracy", "validation (PublicTest)", VALIDATION),
        ("accuracy", "training, augmented", TRAINING),
        ("val_ferplus_accuracy", "validation, FER+ majority", THIRD),
    ),
    "learning_rate": (("learning_rate", "learning rate", TRAINING),),
}
_TITLES = {
    "loss": ("Loss over training", "cross-entropy (nats)", 1, ""),
    "accuracy": ("Accuracy over training", "accuracy (%)", 100, "%"),
    "learning_rate": ("Learning rate over training", "learning rate (at an epoch's end)", 1, ""),
}
_DASHES = ("solid", "dot", "dash", "dashdot")


def smoothed(values: pd.Series[float], epochs: int) -> pd.Series[float]:
    """Mean over a centred window of this many epochs, shorter at the ends; gaps stay gaps."""
    if epochs <= 1:
        return values
    mean = values.rolling(epochs, center=True, min_periods=1).mean()
    return mean.where(values.notna())


def curves_figure(
    histories: Mapping[str, pd.DataFrame], quantity: str, *, smoothing: int = 1
) -> go.Figure:
    """Training curves of one quantity over epochs, of one run or of several.

    Args:
        histories: Name of a run -> one row per epoch: ``epoch``, ``size`` and the columns of the
            quantity; columns that are missing or empty are not drawn.
        quantity: ``"loss"``, ``"accuracy"`` or ``"learning_rate"``.
        smoothing: Epochs that a point is the mean of.
    """
    figure = go.Figure()
    title, axis, scale, unit = _TITLES[quantity]
    several = len(histories) > 1
    for number, (run, history) in enumerate(histories.items()):
        drawn = [c for c in _COLUMNS[quantity] if c[0] in history and history[c[0]].notna().any()]
        for index, (column, meaning, colour) in enumerate(drawn):
            # One run: a colour per quantity. Several: a colour per run, a dash per quantity.
            line: dict[str, Any] = {"color": colour, "width": 2}
            if several:
                line = {
                    "color": SERIES[number % len(SERIES)],
                    "width": 2,
                    "dash": _DASHES[index % len(_DASHES)],
                }
            name = f"{run}: {meaning}" if several else meaning
            figure.add_scatter(
                x=history["epoch"],
                y=smoothed(history[column], smoothing) * scale,
                name=name,
                mode="lines",
                line=line,
                hovertemplate="epoch %{x}: %{y:.3g}" + unit + "<extra>" + name + "</extra>",
            )
    if not several:
        for history in histories.values():
            _mark_sizes(figure, history)
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(title_text=axis)
    styled(figure, title, 420)
    return figure.update_layout(margin_t=80) if figure.layout.annotations else figure


def _mark_sizes(figure: go.Figure, history: pd.DataFrame) -> None:
    """A dotted line and a word wherever the size of the training pictures changes."""
    for epoch, size in _size_steps(history):
        figure.add_vline(x=epoch, line={"dash": "dot", "width": 1, "color": GREY})
        figure.add_annotation(
            x=epoch,
            y=1,
            yref="paper",
            text=f"{size} px",
            showarrow=False,
            # Upright, so that neighbours do not lie on one another on a phone.
            textangle=-90,
            xanchor="center",
            yanchor="bottom",
            font={"size": 11},
        )


def _size_steps(history: pd.DataFrame) -> list[tuple[int, int]]:
    """The first epoch, and every one whose picture size differs from that of the one before."""
    if "size" not in history or history["size"].nunique() < 2:
        return []
    first = history[history["size"] != history["size"].shift()]
    return list(zip(first["epoch"].astype(int), first["size"].astype(int), strict=True))
