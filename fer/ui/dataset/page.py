"""The dataset page: what the model learned from, in four sections."""

from __future__ import annotations

from functools import partial

import streamlit as st

from fer.datasets import FaceDataset
from fer.ui.data_choice import choose_data
from fer.ui.dataset.audit import audit_part
from fer.ui.dataset.distribution import distribution_part
from fer.ui.dataset.pictures import pictures_part
from fer.ui.dataset.structure import structure_part
from fer.ui.sections import sections
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
    st.markdown(
        "The model learned from FER-2013: small grey pictures of faces from a web search of 2013, "
        "with labels that are often wrong. What it is shown too seldom, or wrongly, it reads badly."
    )
    dataset = choose_data("dataset", folded=True)
    with errors_shown():
        _headline(dataset)
        drawn = {
            "What is in it": distribution_part,
            "Pictures": pictures_part,
            "What is wrong with it": audit_part,
            "Structure": structure_part,
        }
        parts = {name: partial(draw, dataset) for name, draw in drawn.items()}
        sections(parts, "dataset_section", "Section")
