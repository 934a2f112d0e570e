"""What was read from many pictures together."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from fer.figures.style import styled
from fer.labels import COLOURS, UNSURE, UNSURE_COLOUR, in_order


def emotion_counts_figure(counts: Mapping[str, int]) -> go.Figure:
    """Faces per emotion as horizontal bars, "unsure" last.

    Args:
        counts: Label, or "unsure", -> faces.
    """
    order = in_order(counts)
    total = max(1, sum(counts.values()))
    figure = go.Figure(
        go.Bar(
            x=[counts[label] for label in order],
            y=order,
            orientation="h",
            marker={
                "color": [UNSURE_COLOUR if label == UNSURE else COLOURS[label] for label in order],
                "pattern": {"shape": ["/" if label == UNSURE else "" for label in order]},
            },
            text=[f"{counts[label]:,}" for label in order],
            customdata=[100 * counts[label] / total for label in order],
            hovertemplate="%{y}: %{x:,} faces, %{customdata:.0f}%<extra></extra>",
        )
    )
    styled(figure, "Faces per emotion", 120 + 30 * len(order))
    figure.update_xaxes(title_text="faces", showgrid=False, rangemode="tozero", tickformat=",d")
    if max(counts.values(), default=0) < 6:
        figure.update_xaxes(dtick=1)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return figure
