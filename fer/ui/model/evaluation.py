"""Parts of the model page that need pictures: its worst mistakes, and an evaluation made here."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fer.datasets import FaceDataset
from fer.datasets.audit import source_rows
from fer.datasets.splits import as_recorded
from fer.evaluation.readings import Readings, evaluate_model, read_faces, worst_mistakes
from fer.labels import COLOURS, OWN
from fer.models.store import ModelFolder
from fer.ui.charts import table_expander
from fer.ui.data_choice import choose_data
from fer.ui.downloads import download
from fer.ui.face_grid import face_grid
from fer.ui.long_work import once_a_dataset, progress_bar
from fer.ui.model.errors import REPORTS, confusion_view
from fer.ui.model_choice import classifier
from fer.ui.picture_view import show_picture
from fer.ui.presses import pressed
from fer.ui.sections import places
from fer.ui.text import caption, plain, text

_PAGE = 64


@once_a_dataset()
def _readings(
    dataset: FaceDataset, split: str, name: str, digest: str, _folder: ModelFolder
) -> tuple[FaceDataset, Readings]:
    """The rows of a split and what a model says about them."""
    part = dataset.split(split)
    with progress_bar(f"Reading {len(part):,} faces ...") as show:
        return part, read_faces(classifier(_folder), part.images, progress=show)


@once_a_dataset()
def _as_trained(dataset: FaceDataset, digest: str, _folder: ModelFolder) -> FaceDataset:
    """The rows in the split that the model was trained with, where it was trained on them."""
    return as_recorded(dataset, _folder.metrics().get("dataset", {}))


def filled_splits(dataset: FaceDataset) -> list[str]:
    """Splits with at least one row, the last (the test) first."""
    names = [name for name in dataset.split_names if dataset.split_mask(name).any()]
    return names[::-1]


def mistakes_part(folder: ModelFolder) -> None:
    """Draw it: confident errors, as pictures."""
    own = OWN in folder.card.labels
    dataset = choose_data("mistakes", look=not own, label="The data", own=own)
    if dataset is None:
        st.info("Mistakes are pictures: choose the data set above to see them.")
        return
    dataset = _as_trained(dataset, folder.card.sha256, folder)
    splits = filled_splits(dataset)
    left, middle, right = st.columns(3)
    split = left.selectbox("Split", splits, key="mistakes_split")
    card = folder.card
    part, readings = _readings(dataset, split, card.name, card.sha256, folder)
    names = folder.card.labels[folder.card.main]
    probabilities = readings.heads[folder.card.main]
    rows, read_as = worst_mistakes(part, probabilities, names)
    labelled = np.asarray(part.label_names, object)[part.labels[rows]]
    said = np.asarray(names, object)[read_as]
    true = middle.selectbox("Labelled", ["any", *part.label_names], key="mistakes_true")
    read = right.selectbox("Read as", ["any", *names], key="mistakes_read")
    keep = np.ones(len(rows), bool)
    if true != "any":
        keep &= labelled == true
    if read != "any":
        keep &= said == read
    rows, labelled, said = rows[keep], labelled[keep], said[keep]
    confidence = probabilities[rows].max(axis=1)
    st.markdown(
        f"**{len(rows):,}** of {len(part):,} faces of {plain(split)} are read otherwise than they "
        "are labelled; the most confident come first, the edge shows what the model says. Many of "
        "these labels are wrong: click a face to judge, and to see where the model looked."
    )
    if not len(rows):
        return
    shown = places(len(rows), _PAGE, "mistakes_page")
    tiles = [
        (f"labelled {a}, read as {b}, {c:.0%}", COLOURS[b])
        for a, b, c in zip(labelled[shown], said[shown], confidence[shown], strict=True)
    ]
    picked = face_grid(part.images[rows[shown]], tiles, key="mistakes_grid")
    table = pd.DataFrame(
        {
            "row": source_rows(part)[rows],
            "labelled": labelled,
            "read as": said,
            "confidence": confidence.round(4),
        }
    )
    table_expander(table, "mistakes")
    if picked is not None:
        show_picture(part, int(rows[shown][picked]), folder)


def _result(report: dict[str, Any]) -> None:
    protocols = [name for name in REPORTS if name in report]
    name = protocols[0]
    if len(protocols) > 1:
        name = st.selectbox(
            "Labels", protocols, format_func=REPORTS.__getitem__, key="evaluate_protocol"
        )
    chosen = report[name]
    columns = st.columns(4)
    columns[0].metric("Accuracy", f"{chosen['accuracy']:.1%}", border=True)
    columns[1].metric("Weighted F1", f"{chosen['weighted_f1']:.3f}", border=True)
    columns[2].metric("Macro F1", f"{chosen['macro_f1']:.3f}", border=True)
    columns[3].metric("Faces", f"{chosen['n']:,}", border=True)
    if report["left_out"]:
        st.caption(f"{report['left_out']:,} faces of classes that the model lacks are left out.")
    confusion_view(chosen, str(report["split"]), "evaluate")
    download(
        "JSON, as fer evaluate --json",
        json.dumps(report, indent=2),
        "evaluation.json",
        key="evaluate_json",
    )


def evaluate_part(folder: ModelFolder) -> None:
    """Draw it: the same as ``fer evaluate``, on data of the reader's own."""
    st.markdown(
        "Measure this model on labelled faces of your own: a folder with one folder per class, a "
        "zip of it, or a FER-2013 CSV. The same as `fer evaluate`."
    )
    own = OWN in folder.card.labels
    dataset = choose_data("evaluate", look=False, label="The labelled faces", own=own)
    if dataset is not None:
        dataset = _as_trained(dataset, folder.card.sha256, folder)
        splits = filled_splits(dataset)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            split = st.selectbox("Split", splits, key="evaluate_split", width=240)
            start = pressed("Evaluate", "evaluate_start", type="primary")
        count = int(dataset.split_mask(split).sum())
        caption("{source}, {split}: {n:,} faces.", source=dataset.source, split=split, n=count)
        if start:
            with progress_bar("Evaluating ...") as show:
                report = evaluate_model(classifier(folder), dataset, split, progress=show)
            st.session_state["evaluate_report"] = report
    known = st.session_state.get("evaluate_report")
    if known is not None:
        names = {part: known[part] for part in ("model", "version", "source", "split")}
        st.subheader(text("{model} {version} on {source}, {split}", **names))
        _result(known)
