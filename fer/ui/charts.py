"""How every figure stands on a page: the figure, one line of reading, its table and a CSV."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer.ui.downloads import download

# Zoom, pan and a picture of the figure; no advertisement, no selection tools.
_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}


def show_figure(
    figure: go.Figure, reading: str, table: pd.DataFrame, key: str, *, index: bool = False
) -> None:
    """A figure, what it says in Markdown, and what it was drawn from; ``key`` names its CSV."""
    st.plotly_chart(figure, key=f"{key}_figure", config=_CONFIG)
    st.markdown(reading)
    table_expander(table, key, index=index)


@st.fragment
def table_expander(
    table: pd.DataFrame, key: str, *, index: bool = False, title: str = "Table"
) -> None:
    """A table and its CSV behind an expander; drawn once that is open: this spares the browser."""
    with st.expander(title, key=f"{key}_table", on_change="rerun") as opened:
        if not opened.open:
            return
        st.dataframe(table, hide_index=not index, width="stretch")
        download("CSV", table.to_csv(index=index), f"{key}.csv", key=f"{key}_csv")
