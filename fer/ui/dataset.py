"""The dataset page: class distribution, sample pictures, audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from fer.datasets import FaceDataset
from fer.datasets.statistics import (
    class_distribution,
    ferplus_distribution,
    imbalance_ratio,
    sample_indices,
)
from fer.figures import class_distribution_figure
from fer.ui.audit import audit_tab
from fer.ui.data_choice import choose_data
from fer.ui.pictures import picture_rows
from fer.ui.shell import begin, download, errors_shown, shipped_model


def recorded_distribution(metrics: dict[str, Any]) -> pd.DataFrame:
    """The class distribution that was recorded when the model was published."""
    rows = [
        {"split": split, "label": label, "count": count, "share": count / max(1, entry["n"])}
        for split, entry in metrics["dataset"]["splits"].items()
        for label, count in entry["counts"].items()
    ]
    return pd.DataFrame(rows)


def _distribution_tab(dataset: FaceDataset | None) -> None:
    if dataset is None:
        table = recorded_distribution(shipped_model().metrics())
    else:
        voted = dataset.votes is not None and "FER+" == st.segmented_control(
            "Labels", ["FER-2013", "FER+"], default="FER-2013", key="dataset_labels"
        )
        table = ferplus_distribution(dataset) if voted else class_distribution(dataset)
    shown = st.segmented_control(
        "Bars show", ["Counts", "Shares"], default="Counts", key="dataset_unit"
    )
    st.plotly_chart(
        class_distribution_figure(table, shares=shown == "Shares"),
        key="distribution_chart",
        config={"displayModeBar": False},
    )
    training = table[table["split"] == table["split"].iloc[0]]
    counts = training["count"].to_numpy()
    largest = training.loc[training["count"].idxmax(), "label"]
    smallest = training.loc[training["count"].idxmin(), "label"]
    st.markdown(
        f"In {training['split'].iloc[0]}, **{largest}** has {imbalance_ratio(counts):.1f} times as "
        f"many pictures as **{smallest}**: a model that never says {smallest} loses little "
        "accuracy, so look at the recall of each class too."
    )
    with st.expander("Table"):
        wide = table.pivot(index="label", columns="split", values="count")
        wide = wide[list(dict.fromkeys(table["split"]))]
        st.dataframe(wide, width="stretch")
        download("CSV", table.to_csv(index=False), "class_distribution.csv", key="distribution_csv")


def _pictures_tab(dataset: FaceDataset | None) -> None:
    if dataset is None:
        st.info(
            "Sample pictures need the data set itself: choose one above. They are not part of "
            "this project, because FER-2013 was published for research only."
        )
        return
    left, right = st.columns(2)
    split = left.selectbox("Split", dataset.split_names, key="pictures_split")
    seed = right.number_input(
        "Seed",
        0,
        10_000,
        0,
        key="pictures_seed",
        help="Another number, other pictures; the same number, the same pictures.",
    )
    for label in dataset.label_names:
        rows = sample_indices(dataset, split, label, count=12, seed=int(seed))
        st.markdown(f"**{label}**")
        if len(rows) == 0:
            st.caption("no picture in this split")
            continue
        st.image(
            picture_rows(dataset.images[rows], 12),
            width="stretch",
            alt=f"Sample pictures labelled {label}",
        )
    st.caption("48 x 48 pixel originals, enlarged. Labels are the data set's own, errors included.")


def render() -> None:
    """Draw the page."""
    begin("Dataset", "📊")
    st.title("Dataset")
    dataset = choose_data("dataset")
    with errors_shown():
        if dataset is None:
            record = shipped_model().metrics()["dataset"]
            st.info(
                f"No data set is open. These are the figures recorded with the shipped model, "
                f"from {record['source']} ({record['rows']:,} rows).",
                icon=":material/history:",
            )
        else:
            notes = "".join(f" {note}." for note in dataset.notes)
            skipped = f", {dataset.skipped} bad rows left out" if dataset.skipped else ""
            st.caption(f"{dataset.source}: {len(dataset):,} pictures{skipped}.{notes}")
        drawn: dict[str, Callable[[], None]] = {
            "Distribution": lambda: _distribution_tab(dataset),
            "Pictures": lambda: _pictures_tab(dataset),
            "Audit": lambda: audit_tab(dataset),
        }
        # Only the open tab is computed; the audit alone takes seconds.
        tabs = st.tabs(list(drawn), key="dataset_tab", on_change="rerun")
        for tab, draw in zip(tabs, drawn.values(), strict=True):
            if tab.open:
                with tab, errors_shown():
                    draw()
