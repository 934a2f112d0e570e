"""A face of the data set through every augmentation, one row each."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fer.datasets import FaceDataset
from fer.training.augmentations import AUGMENTATIONS, HIGHEST_STRENGTH, apply_named
from fer.ui.pictures import captioned_faces
from fer.ui.text import say

_VIEWS = 6


def augmentation_view(dataset: FaceDataset) -> None:
    """Draw what a network may be shown instead of one picture."""
    columns = st.columns([1, 1, 2])
    position = int(
        columns[0].number_input(
            f"Number of the picture, up to {len(dataset):,}", 1, len(dataset), 1, key="augment_row"
        )
    )
    seed = int(
        columns[1].number_input(
            "Draw",
            0,
            10_000,
            0,
            key="augment_seed",
            help="Another number, other random changes.",
        )
    )
    strength = columns[2].slider(
        "Strength", 0.0, HIGHEST_STRENGTH, 1.0, 0.25, key="augment_strength"
    )
    chosen = st.pills(
        "Augmentations",
        list(AUGMENTATIONS),
        selection_mode="multi",
        default=list(AUGMENTATIONS),
        key="augment_names",
    )
    image = np.asarray(dataset.images[position - 1])
    st.html(captioned_faces(image[None], ["the picture itself"]))
    for name in chosen:
        meaning = AUGMENTATIONS[name].text
        say("**{name}**: {meaning}.", name=name, meaning=meaning[:1].lower() + meaning[1:])
        views = [
            apply_named(image, [name], np.random.default_rng((seed, view)), strength=strength)
            for view in range(_VIEWS)
        ]
        st.html(captioned_faces(np.stack(views), [f"{name} {view + 1}" for view in range(_VIEWS)]))
    if len(chosen) > 1:
        st.markdown("**All of these at once**")
        mixed = [
            apply_named(image, chosen, np.random.default_rng((seed, view)), strength=strength)
            for view in range(_VIEWS)
        ]
        st.html(captioned_faces(np.stack(mixed), [f"mixed {view + 1}" for view in range(_VIEWS)]))
    st.caption("Random changes that keep the label: the network never sees the same picture twice.")
