"""The probabilities of a face over a whole video."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from fer.figures.style import GREY, styled
from fer.labels import COLOURS


def timeline_figure(
    times_s: npt.NDArray[np.float64],
    probabilities: npt.NDArray[np.float64],
    labels: Sequence[str],
    *,
    title: str,
    end_s: float,
    now_s: float,
) -> go.Figure:
    """Stacked probabilities over time, with a mark at the chosen time.

    Args:
        times_s: ``(n,)``, seconds.
        probabilities: ``(n, k)``; NaN where the face was away, which leaves a gap.
        labels: The k classes.
        title: Of the figure.
        end_s: End of the video in seconds.
        now_s: The chosen time.
    """
    figure = go.Figure()
    for index, label in enumerate(labels):
        figure.add_scatter(
            x=times_s,
            # A stack takes NaN for the value before; a gap is where all of them are nothing.
            y=np.nan_to_num(probabilities[:, index]),
            name=label,
            mode="lines",
            stackgroup="all",
            line={"width": 0, "color": COLOURS[label], "shape": "hvh"},
            fillcolor=COLOURS[label],
            hovertemplate="%{x:.1f} s, " + label + " %{y:.0%}<extra></extra>",
        )
    figure.add_vline(x=now_s, line={"width": 2, "color": GREY})
    styled(figure, title, 360)
    figure.update_layout(legend={"y": -0.3})
    figure.update_xaxes(title_text="seconds", range=[0, max(end_s, 0.1)], showgrid=False)
    figure.update_yaxes(tickformat=".0%", range=[0, 1], showgrid=False)
    return figure
