"""The dataset page: what the model learned from, in four tabs."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from fer.datasets import FaceDataset
from fer.ui.data_choice import choose_data
from fer.ui.dataset.audit import audit_tab
from fer.ui.dataset.distribution import distribution_tab
from fer.ui.dataset.pictures import pictures_tab
from fer.ui.dataset.structure import structure_tab
from fer.ui.shell import begin, errors_shown, shipped_model
from fer.ui.text import caption, text


def _headline(dataset: FaceDataset | None) -> None:
    """One line on what is shown."""
    if dataset is None:
        record = shipped_model().metrics()["dataset"]
        st.info(
            text(
                "No data set is open. These are the figures recorded with the shipped model, "
                "from {source} ({rows:,} rows).",
                source=record["source"],
                rows=record["rows"],
            ),
            icon=":material/history:",
        )
        return
    notes = "".join(f" {note}." for note in dataset.notes)
    skipped = f", {dataset.skipped} bad rows left out" if dataset.skipped else ""
    votes = ", with FER+ votes" if dataset.votes is not None else ""
    caption(
        "{source}: {n:,} pictures{votes}{skipped}.{notes}",
        source=dataset.source,
        n=len(dataset),
        votes=votes,
        skipped=skipped,
        notes=notes,
    )


def render() -> None:
    """Draw the page."""
    begin("Dataset", "📊")
    st.title("Dataset")
    dataset = choose_data("dataset")
    with errors_shown():
        _headline(dataset)
        drawn: dict[str, Callable[[], None]] = {
            "Distribution": lambda: distribution_tab(dataset),
            "Pictures": lambda: pictures_tab(dataset),
            "Audit": lambda: audit_tab(dataset),
            "Structure": lambda: structure_tab(dataset),
        }
        # Only the open tab is computed; the audit alone takes seconds.
        tabs = st.tabs(list(drawn), key="dataset_tab", on_change="rerun")
        for tab, draw in zip(tabs, drawn.values(), strict=True):
            if tab.open:
                with tab, errors_shown():
                    draw()
