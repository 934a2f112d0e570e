"""The part of the dataset page on classes and splits."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fer.datasets import FaceDataset
from fer.datasets.audit import source_rows
from fer.datasets.splits import USUAL_SHARES, stratified_split
from fer.datasets.statistics import class_distribution, ferplus_distribution, imbalance_ratio
from fer.figures import class_distribution_figure, split_difference_figure
from fer.ui.charts import show_figure, table_expander
from fer.ui.downloads import download
from fer.ui.long_work import once_a_dataset
from fer.ui.sections import one_of
from fer.ui.shell import shipped_model
from fer.ui.text import text

_DIVIDED = "A new one, " + " / ".join(f"{share:.0%}".rstrip("%") for share in USUAL_SHARES)


def recorded_distribution(metrics: dict[str, Any]) -> pd.DataFrame:
    """The class distribution that was recorded when the model was published."""
    rows = [
        {"split": split, "label": label, "count": count, "share": count / max(1, entry["n"])}
        for split, entry in metrics["dataset"]["splits"].items()
        for label, count in entry["counts"].items()
    ]
    return pd.DataFrame(rows)


@once_a_dataset("Dividing ...")
def _divided(dataset: FaceDataset, seed: int) -> FaceDataset:
    return stratified_split(dataset, seed=seed)


def imbalance_table(table: pd.DataFrame) -> pd.DataFrame:
    """Per split: pictures, the largest and the smallest class, and their ratio."""
    rows = []
    for split, group in table.groupby("split", sort=False):
        counts = group.set_index("label")["count"]
        if counts.sum() == 0:
            continue
        rows.append(
            {
                "split": split,
                "pictures": int(counts.sum()),
                "largest class": counts.idxmax(),
                "smallest class": counts.idxmin(),
                "imbalance ratio": round(imbalance_ratio(counts.to_list()), 2),
            }
        )
    return pd.DataFrame(rows)


def _reading(table: pd.DataFrame) -> str:
    first = imbalance_table(table).iloc[0]
    return text(
        "In {split}, **{largest}** has {ratio:.1f} times as many pictures as **{smallest}**: a "
        "model that never says {smallest} loses little accuracy, so look at the recall of each "
        "class too.",
        split=first["split"],
        largest=first["largest class"],
        ratio=first["imbalance ratio"],
        smallest=first["smallest class"],
    )


def _bars(table: pd.DataFrame, name: str, *, shares: bool, key: str) -> None:
    figure = class_distribution_figure(table, shares=shares)
    figure.update_layout(title_text=f"Pictures per class and split, {escape(name)}")
    show_figure(figure, _reading(table), table, key)
    table_expander(imbalance_table(table), f"{key}_imbalance", title="Imbalance of each split")


def _splits_of(dataset: FaceDataset) -> FaceDataset:
    """The data set with the splits that the reader chose."""
    left, right = st.columns(2)
    chosen = one_of("Division", ["Its own", _DIVIDED], "dataset_splits", place=left)
    if chosen != _DIVIDED:
        return dataset
    seed = int(right.number_input("Seed of the division", 0, 10_000, 0, key="dataset_seed"))
    divided = _divided(dataset, seed)
    st.caption("Each class in the same shares; copies of a picture stay in one split.")
    listed = pd.DataFrame(
        {
            "row": source_rows(divided),
            "split": np.asarray(divided.split_names, object)[divided.splits],
        }
    )
    download("CSV of the division", listed.to_csv(index=False), "splits.csv", key="splits_csv")
    return divided


def _compare(table: pd.DataFrame) -> None:
    names = [
        str(split) for split, group in table.groupby("split", sort=False) if group["count"].sum()
    ]
    if len(names) < 2:
        return
    st.subheader("Two splits compared")
    left, right = st.columns(2)
    first = left.selectbox("Split", names, index=len(names) - 1, key="compare_first")
    second = right.selectbox("Against", names, index=0, key="compare_second")
    shares = table.pivot(index="label", columns="split", values="share")
    shares = shares.reindex(list(dict.fromkeys(table["label"])))
    difference = (shares[first] - shares[second]).abs()
    shown = shares[list(dict.fromkeys([first, second]))].reset_index()
    show_figure(
        split_difference_figure(table, first, second),
        text(
            "To make {first} like {second}, **{share:.1%}** of its pictures would have to change "
            "class; the largest difference is in **{most}**.",
            first=first,
            second=second,
            share=difference.sum() / 2,
            most=difference.idxmax(),
        ),
        shown,
        "split_difference",
    )


def _in_shares(place: Any = st) -> bool:
    return one_of("Bars show", ["Counts", "Shares"], "dataset_unit", place=place) == "Shares"


def distribution_part(dataset: FaceDataset | None) -> None:
    """Draw it."""
    if dataset is None:
        table = recorded_distribution(shipped_model().metrics())
        _bars(table, "FER-2013", shares=_in_shares(), key="distribution")
        return
    dataset = _splits_of(dataset)
    own = class_distribution(dataset)
    left, right = st.columns(2)
    views = ["FER-2013", "FER+", "Side by side"] if dataset.votes is not None else [dataset.source]
    view = one_of("Labels", views, "dataset_labels", place=left)
    shares = _in_shares(right)
    if view == "Side by side":
        left, right = st.columns(2, gap="medium")
        with left:
            _bars(own, "FER-2013", shares=shares, key="distribution")
        with right:
            _bars(ferplus_distribution(dataset), "FER+", shares=shares, key="distribution_ferplus")
        st.caption("FER+ counts the pictures whose voters have a clear majority for one emotion.")
        _compare(own)
        return
    table = ferplus_distribution(dataset) if view == "FER+" else own
    _bars(table, view, shares=shares, key="distribution")
    _compare(table)
