"""The dataset page: class distribution, sample pictures, training curves, confusion matrix."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from fer.datasets import FaceDataset, find_data, find_ferplus, open_dataset
from fer.datasets.statistics import (
    class_distribution,
    ferplus_distribution,
    imbalance_ratio,
    sample_indices,
)
from fer.figures import class_distribution_figure, confusion_figure, curves_figure
from fer.ui.audit import audit_tab
from fer.ui.pictures import picture_rows
from fer.ui.shell import begin, download, errors_shown, is_dark, shipped_model

_MAX_UPLOAD_MIB = 400


@st.cache_resource(show_spinner=False, max_entries=4)
def _open(path: str, _stamp: float) -> FaceDataset:
    """A data set shared by all sessions; read again when the file changes."""
    bar = st.progress(0.0, "Reading the data set for the first time ...")

    def show(share: float) -> None:
        bar.progress(share, f"Reading {Path(path).name} ...")

    try:
        return open_dataset(path, ferplus=find_ferplus(None, Path(path)), progress=show)
    finally:
        bar.empty()


def _uploaded() -> FaceDataset | None:
    """A data set that was handed in; parsed from a temporary file that is removed at once."""
    file = st.file_uploader(
        "Or drop a fer2013.csv or fer2013.csv.gz",
        type=["csv", "gz"],
        key="dataset_upload",
        max_upload_size=_MAX_UPLOAD_MIB,
    )
    if file is None:
        st.session_state.pop("dataset_parsed", None)
        return None
    known = st.session_state.get("dataset_parsed")
    if known is None or known[0] != file.file_id:
        with st.spinner(f"Reading {file.name} ..."), tempfile.TemporaryDirectory() as scratch:
            # A fixed name: what the browser sent as one is not trusted with a path.
            path = Path(scratch) / "uploaded.csv"
            with path.open("wb") as copy:
                shutil.copyfileobj(file, copy)
            known = (file.file_id, open_dataset(path, use_cache=False))
        st.session_state["dataset_parsed"] = known
    dataset: FaceDataset = known[1]
    return dataset


def _chosen() -> FaceDataset | None:
    """The data set to show, or None to fall back to what was recorded with the model."""
    found = None
    with errors_shown():
        found = find_data()
    with st.expander("Choose the data", expanded=found is None, icon=":material/folder_open:"):
        if found is None:
            st.markdown(
                "No data set was found. Give the path of `fer2013.csv`, `fer2013.csv.gz` or a "
                "folder with one folder per class; it is read on this machine and not copied."
            )
        typed = st.text_input(
            "Path of a file or folder",
            value=str(found or ""),
            key="dataset_path",
            placeholder="fer2013.csv.gz",
        ).strip()
        uploaded = _uploaded()
    if uploaded is not None:
        return uploaded
    if not typed:
        return None
    path = find_data(typed)
    assert path is not None  # an explicit path that does not exist raises
    return _open(str(path), path.stat().st_mtime)


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


def _curves_tab() -> None:
    folder = shipped_model()
    history = pd.DataFrame(folder.history()).apply(pd.to_numeric)
    card = folder.card
    st.caption(
        f"The shipped model, {card.name} {card.version}: {card.epochs} epochs in "
        f"{card.training_minutes:.0f} minutes, seed {card.seed}."
    )
    for column, quantity in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        column.plotly_chart(
            curves_figure(history, quantity),
            key=f"curve_{quantity}",
            config={"displayModeBar": False},
        )
    st.markdown(
        "Training accuracy is measured on augmented pictures (turned, blurred, partly erased), "
        "so validation can lie above it. Dotted lines mark where the picture size changed."
    )
    with st.expander("Table"):
        st.dataframe(history, hide_index=True, width="stretch")
        download("CSV", history.to_csv(index=False), "history.csv", key="history_csv")


_REPORTS = {
    "FER-2013": "fer2013",
    "FER-2013 without copies": "fer2013_without_copies",
    "FER+ majority": "ferplus_majority",
}


def _confusion_tab() -> None:
    metrics = shipped_model().metrics()
    split = "PrivateTest" if "PrivateTest" in metrics else "PublicTest"
    left, right = st.columns(2)
    available = [name for name, key in _REPORTS.items() if key in metrics[split]]
    name = left.segmented_control("Labels", available, default=available[0], key="confusion_labels")
    unit = right.segmented_control(
        "Cells show", ["Shares", "Counts"], default="Shares", key="confusion_unit"
    )
    report = metrics[split][_REPORTS[name or available[0]]]
    st.plotly_chart(
        confusion_figure(
            report["confusion"], report["labels"], by_row=unit != "Counts", dark=is_dark()
        ),
        key="confusion_chart",
        config={"displayModeBar": False},
    )
    low, high = report["accuracy_interval"]
    st.markdown(
        f"{split}, n = {report['n']:,}: accuracy **{report['accuracy']:.1%}** (95% interval "
        f"{low:.1%} to {high:.1%}), macro-F1 {report['macro_f1']:.3f}. A row is what the picture "
        "is labelled, a column what the model reads."
    )
    with st.expander("Precision, recall and F1 of each class"):
        table = pd.DataFrame(report["per_class"]).T.rename_axis("label")
        st.dataframe(table.style.format(precision=3), width="stretch")
        download("CSV", table.to_csv(), "per_class.csv", key="per_class_csv")


def render() -> None:
    """Draw the page."""
    begin("Dataset", "📊")
    st.title("Dataset and training")
    dataset = None
    with errors_shown():
        dataset = _chosen()
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
            "Training curves": _curves_tab,
            "Confusion matrix": _confusion_tab,
        }
        # Only the open tab is computed; the audit alone takes seconds.
        tabs = st.tabs(list(drawn), key="dataset_tab", on_change="rerun")
        for tab, draw in zip(tabs, drawn.values(), strict=True):
            if tab.open:
                with tab, errors_shown():
                    draw()
