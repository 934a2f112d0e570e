"""The part of the dataset page on structure: principal components and the network's map."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from fer.datasets import FaceDataset
from fer.datasets.audit import source_rows
from fer.datasets.structure import Components, plane, principal_components
from fer.evaluation.readings import Readings, read_faces
from fer.figures import embedding_figure, explained_variance_figure
from fer.models.store import ModelFolder
from fer.ui.charts import show_figure
from fer.ui.dataset.pictures import model_or_none
from fer.ui.face_hover import face_hover
from fer.ui.long_work import once_a_dataset, progress_bar
from fer.ui.model_choice import classifier
from fer.ui.pictures import captioned_faces
from fer.ui.sections import one_of
from fer.ui.text import text

# Enough for shares that are right to a percent; all pictures would take a minute.
_PCA_FACES = 8000
_MAP_FACES = 1000
_KEPT = 250

Rows = npt.NDArray[np.intp]


def _drawn(dataset: FaceDataset, split: str, count: int) -> Rows:
    """Rows of a split drawn at random, always the same, in ascending order."""
    rows = np.flatnonzero(dataset.split_mask(split))
    drawn = np.random.default_rng(0).permutation(rows)[:count]
    return np.sort(drawn)


@once_a_dataset("Computing the components ...")
def _components(dataset: FaceDataset, split: str) -> Components:
    return principal_components(dataset.images[_drawn(dataset, split, _PCA_FACES)])


@once_a_dataset()
def _embedded(
    dataset: FaceDataset, split: str, digest: str, _folder: ModelFolder
) -> tuple[Rows, Readings]:
    rows = _drawn(dataset, split, _MAP_FACES)
    with progress_bar(f"Reading {len(rows):,} faces ...") as show:
        return rows, read_faces(classifier(_folder), dataset.images[rows], progress=show)


@once_a_dataset("Placing the faces ...", most=8)
def _placed(
    dataset: FaceDataset,
    split: str,
    digest: str,
    method: Literal["PCA", "t-SNE"],
    _embeddings: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    return plane(_embeddings, method)


def _variance(found: Components, split: str) -> None:
    counts = np.arange(1, len(found.explained) + 1)
    table = pd.DataFrame({"components": counts, "kept": np.cumsum(found.explained)})
    needed = [(share, found.needed_for(share)) for share in (0.90, 0.95)]
    marks = [count for _, count in needed if count is not None]
    if len(counts) > _KEPT:
        marks.append(_KEPT)
    parts = [
        f"**{count:,}** components keep {share:.0%}"
        if count
        else f"no {len(counts):,} keep {share:.0%}"
        for share, count in needed
    ]
    if len(counts) >= _KEPT:
        parts.append(f"**{_KEPT:,}** keep {found.kept_by(_KEPT):.1%}")
    pixels = found.mean.size
    show_figure(
        explained_variance_figure(
            table, tuple((count, found.kept_by(count)) for count in sorted(set(marks)))
        ),
        text("Of the variance of {n:,} pictures of {split}, ", n=found.n, split=split)
        + ", ".join(parts)
        + f": faces of {pixels:,} pixels have far fewer independent directions than pixels.",
        table,
        "explained_variance",
    )


def _named(count: int) -> str:
    return f"{count} component{'' if count == 1 else 's'}"


def _reconstruction(dataset: FaceDataset, found: Components, split: str) -> None:
    st.subheader("A face from few numbers")
    rows = np.flatnonzero(dataset.split_mask(split))
    left, right = st.columns([1, 3])
    number = int(left.number_input("Face", 1, len(rows), 1, key="structure_face"))
    most = len(found.explained)
    if most > 1:
        count = right.slider("Components", 1, most, min(50, most), key="structure_components")
    else:
        count = 1
    row = rows[number - 1]
    image = np.asarray(dataset.images[row])
    again = found.reconstruct(image, count)
    missing = np.abs(image.astype(int) - again)
    steps = sorted({1, *(s for s in (5, 20, 100) if s < most), most} - {count})
    names = ["original", _named(count), "difference", *map(_named, steps)]
    pictures = [image, again, missing.astype(np.uint8)]
    pictures += [found.reconstruct(image, step) for step in steps]
    st.html(captioned_faces(np.stack(pictures), names))
    st.markdown(
        f"Row {source_rows(dataset)[row]:,}: with {count:,} numbers instead of {image.size:,}, a "
        f"pixel is {missing.mean():.1f} grey values off on average."
    )


def _map(dataset: FaceDataset, split: str) -> None:
    st.subheader("The network's own map")
    folder = model_or_none()
    if folder is None:
        st.info("The map needs a model that can be opened.")
        return
    words = "PCA keeps distances and is instant; t-SNE keeps neighbours and takes some seconds."
    chosen = one_of("Placed by", ["PCA", "t-SNE"], "structure_method", help=words)
    method: Literal["PCA", "t-SNE"] = "t-SNE" if chosen == "t-SNE" else "PCA"
    digest = folder.card.sha256
    rows, readings = _embedded(dataset, split, digest, folder)
    placed = _placed(dataset, split, digest, method, readings.embeddings)
    names = np.asarray(folder.card.labels[folder.card.main], object)
    table = pd.DataFrame(
        {
            "x": placed[:, 0],
            "y": placed[:, 1],
            "label": np.asarray(dataset.label_names, object)[dataset.labels[rows]],
            "read as": names[readings.heads[folder.card.main].argmax(axis=1)],
            "row": source_rows(dataset)[rows],
        }
    )
    right = float((table["label"] == table["read as"]).mean())
    face_hover(dataset.images[rows], figure="embedding_figure", key="embedding_hover")
    show_figure(
        embedding_figure(table),
        text(
            "{n:,} faces of {split} where **{model}** places them just before its last layer; it "
            "reads {right:.0%} of them as they are labelled. Faces that lie among another colour "
            "are hard, or labelled wrongly.",
            n=len(table),
            split=split,
            model=folder.card.name,
            right=right,
        ),
        table,
        "embedding",
    )


def structure_part(dataset: FaceDataset | None) -> None:
    """Draw it."""
    if dataset is None:
        st.info("Structure is computed from the pictures themselves: choose a data set above.")
        return
    filled = [name for name in dataset.split_names if dataset.split_mask(name).any()]
    split = st.selectbox("Split", filled, key="structure_split", width=240)
    found = _components(dataset, split)
    _variance(found, split)
    _reconstruction(dataset, found, split)
    _map(dataset, split)
