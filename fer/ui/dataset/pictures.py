"""The part of the dataset page that shows pictures: samples, mean faces, light, pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from fer.datasets import FaceDataset
from fer.datasets.audit import source_rows
from fer.datasets.quality import MEASURES, mean_faces, quality, quality_table
from fer.datasets.statistics import sample_indices
from fer.errors import FerError
from fer.figures import pixel_figure, quality_figure
from fer.labels import COLOURS
from fer.models.store import ModelFolder
from fer.preprocessing import resize_square
from fer.ui.charts import show_figure
from fer.ui.dataset.augmentation_preview import augmentation_view
from fer.ui.face_grid import face_grid
from fer.ui.long_work import once_a_dataset
from fer.ui.picture_view import show_picture
from fer.ui.pictures import captioned_faces
from fer.ui.sections import one_of, places
from fer.ui.shell import shipped_model
from fer.ui.text import say

_FEW, _PAGE = 16, 96
_VIEWS = ("Samples", "Mean faces", "Light and focus", "Pixels", "Augmentations")

Floats = npt.NDArray[np.float32]


@once_a_dataset("Measuring ...")
def _quality(dataset: FaceDataset) -> dict[str, Floats]:
    return quality(dataset.images)


@once_a_dataset("Averaging ...", most=8)
def _means(dataset: FaceDataset, split: str) -> tuple[Floats, Floats]:
    part = dataset.split(split)
    return mean_faces(part.images, part.labels, len(dataset.label_names))


def model_or_none() -> ModelFolder | None:
    """The shipped model, or None when it is damaged: pictures can be looked at without."""
    try:
        return shipped_model()
    except FerError:
        return None


def clickable_faces(dataset: FaceDataset, rows: npt.NDArray[np.intp], *, key: str) -> None:
    """A grid of pictures; a click opens one of them large."""
    labels = [dataset.label_names[label] for label in dataset.labels[rows]]
    tiles = [
        (f"row {number:,}, labelled {label}", COLOURS[label])
        for number, label in zip(source_rows(dataset)[rows], labels, strict=True)
    ]
    picked = face_grid(dataset.images[rows], tiles, key=key)
    if picked is not None:
        show_picture(dataset, int(rows[picked]), model_or_none())


def _samples(dataset: FaceDataset, split: str) -> None:
    columns = st.columns(2)
    label = columns[0].selectbox("Class", ["all", *dataset.label_names], key="pictures_label")
    seed = columns[1].number_input(
        "Draw",
        0,
        10_000,
        0,
        key="pictures_seed",
        help="Another number, other pictures; the same number, the same pictures.",
    )
    each = _FEW if label == "all" else _PAGE
    names = dataset.label_names if label == "all" else (label,)
    there = dataset.split_mask(split)
    counts = {
        name: int((there & (dataset.labels == dataset.label_names.index(name))).sum())
        for name in names
    }
    shown = places(max(counts.values()), each, "pictures_page")
    for name in names:
        rows = sample_indices(dataset, split, name, shown.stop, int(seed))[shown.start :]
        say("**{name}**, {n:,} pictures", name=name, n=counts[name])
        if len(rows):
            clickable_faces(dataset, rows, key=f"faces_{name}")
        else:
            st.caption("none on this page" if counts[name] else "none in this split")
    st.caption(
        "48 x 48 pixel originals. Labels are the data set's own, errors included; click one."
    )


def _mean_faces(dataset: FaceDataset, split: str) -> None:
    means, deviations = _means(dataset, split)
    there = dataset.labels[dataset.split_mask(split)]
    present = np.unique(there)
    names = [dataset.label_names[label] for label in present]
    colours = [COLOURS[name] for name in names]
    st.markdown("**Mean face of each class**")
    st.html(captioned_faces(np.rint(means[present]).astype(np.uint8), names, colours))
    st.markdown(
        "What the pictures of a class have in common: the mouth of happy, the open eyes of "
        "surprise. Classes whose means look alike are hard to tell apart."
    )
    spread = deviations[present]
    scaled = np.rint(255 * spread / max(1e-6, float(spread.max()))).astype(np.uint8)
    st.markdown("**Deviation of each class**")
    st.html(captioned_faces(scaled, names, colours))
    st.markdown(
        "Bright where the pictures of a class differ most: the background and hair, and the parts "
        f"that move. White is a standard deviation of {spread.max():.0f} grey values, black is 0."
    )


def _light_and_focus(dataset: FaceDataset) -> None:
    left, right = st.columns(2)
    measure = one_of("Measure", list(MEASURES), "quality_measure", place=left)
    by = one_of("Lines", ["class", "split"], "quality_by", place=right)
    values = _quality(dataset)[measure]
    table = quality_table(dataset, values, by=by)
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    show_figure(
        quality_figure(table, measure, MEASURES[measure]),
        f"Nine of ten pictures lie between {low:.1f} and {high:.1f}, half of them above "
        f"{middle:.1f}. Lines that lie on one another mean that the model cannot cheat by it.",
        table,
        f"quality_{measure}",
    )
    extreme = np.argsort(values, kind="stable")
    for name, rows in (("lowest", extreme[:_FEW]), ("highest", extreme[::-1][:_FEW])):
        say("**{name} {measure}**", name=name, measure=measure)
        clickable_faces(dataset, rows, key=f"faces_{name}")


def _pixels(dataset: FaceDataset) -> None:
    numbers = source_rows(dataset)
    position = int(
        st.number_input(
            f"Number of the picture, up to {len(dataset):,}",
            1,
            len(dataset),
            1,
            key="pixels_row",
            width=220,
        )
    )
    image = np.asarray(dataset.images[position - 1])
    label = dataset.labels[position - 1]
    name = dataset.label_names[label]
    flat = image.ravel()
    say(
        "**1. The row.** In `fer2013.csv` a picture is a line of text: the number of its class "
        "({label} for {name}), then {n:,} numbers from 0 (black) to 255 (white).",
        label=label,
        name=name,
        n=flat.size,
    )
    st.code(" ".join(map(str, flat[:96])) + " ...", language=None, wrap_lines=True)
    st.markdown(
        "**2. The array.** Split at the spaces, turned into numbers and folded every "
        f"{image.shape[1]:d} of them: `np.array(text.split(), np.uint8).reshape(48, 48)`."
    )
    left, right = st.columns(2)
    with left:
        table = pd.DataFrame(image)
        show_figure(
            pixel_figure(image),
            f"Values from {image.min():d} to {image.max():d}, mean {image.mean():.0f}; point at a "
            "cell to read it.",
            table,
            "pixels",
            index=True,
        )
    with right:
        say(
            "**3. The picture.** Row {row:,}, labelled **{name}**.",
            row=numbers[position - 1],
            name=name,
        )
        st.image(resize_square(image, 336), alt=f"The picture, labelled {name}, enlarged")


def pictures_part(dataset: FaceDataset | None) -> None:
    """Draw it."""
    if dataset is None:
        st.info(
            "Sample pictures need the data set itself: choose one above. They are not part of "
            "this project, because FER-2013 was published for research only."
        )
        return
    left, right = st.columns([3, 1])
    view = one_of("Show", _VIEWS, "pictures_view", place=left)
    filled = [name for name in dataset.split_names if dataset.split_mask(name).any()]
    if view == "Augmentations":
        augmentation_view(dataset)
        return
    if view in ("Light and focus", "Pixels"):
        (_light_and_focus if view == "Light and focus" else _pixels)(dataset)
        return
    split = right.selectbox("Split", filled, key="pictures_split")
    (_mean_faces if view == "Mean faces" else _samples)(dataset, split)
