"""One picture of a data set, large: its row, its labels and votes, what a model says and why."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import streamlit as st

from fer.datasets import FaceDataset
from fer.datasets.audit import source_rows
from fer.datasets.ferplus import VOTE_COLUMNS, majority_labels
from fer.datasets.protocol import image_digests
from fer.explanation.activation import blend_heat, heat
from fer.explanation.keras_explainer import METHODS, Method
from fer.figures.style import GREY
from fer.labels import COLOURS, FERPLUS, PERCEIVED, canonical
from fer.models.store import ModelFolder
from fer.preprocessing import resize_square, to_bgr
from fer.recognition.classifier import EmotionClassifier
from fer.ui import live_view
from fer.ui.model_choice import classifier, explainer, gradient_map, keras_file
from fer.ui.sections import one_of
from fer.ui.shell import errors_shown
from fer.ui.text import caption, plain, say

_SIDE = 336
_EXACT = "Exact"


def _vote_bars(votes: Iterable[int]) -> str:
    counts = dict(zip(VOTE_COLUMNS, map(int, votes), strict=True))
    total = max(1, sum(counts.values()))
    return "".join(
        live_view.bar(name, n / total, COLOURS.get(canonical(name) or "", GREY), str(n))
        for name, n in counts.items()
    )


def _model_says(image: np.ndarray, folder: ModelFolder) -> None:
    reader = classifier(folder)
    outputs = reader.predict_heads(np.asarray(image)[None])
    shares = dict(zip(reader.labels, map(float, outputs[reader.head][0]), strict=True))
    top = max(shares, key=shares.__getitem__)
    say(
        "**{model}** reads **{top}**, {share:.0%}",
        model=folder.card.name,
        top=top,
        share=shares[top],
    )
    st.html(live_view.STYLE + live_view.probability_bars(shares))
    _why(np.asarray(image), outputs["features"], reader, top)


def _why(
    image: np.ndarray,
    features: np.ndarray,
    reader: EmotionClassifier,
    top: str,
) -> None:
    """Where the network looked, by every method that this model allows."""
    folder, labels = reader.folder, reader.labels
    exact, network = explainer(folder), keras_file(folder)
    methods: list[str] = [_EXACT] if exact is not None else []
    methods += METHODS if network is not None else ()
    if not methods:
        return
    # Every picture begins with what this model reads in it, not with what was chosen before.
    (digest,) = image_digests(image[None])
    key = f"picture_why_{folder.path.name}_{digest.decode()}"
    label = st.selectbox("What speaks for", labels, index=labels.index(top), key=key)
    method = one_of("Map", methods, "picture_method")
    target = labels.index(label)
    if exact is not None and method == _EXACT:
        found = exact.evidence(features)[0, :, :, target]
        meaning = "Warm: what speaks for {label}, against the mean of all classes."
    elif network is not None:
        gradient: Method = "saliency" if method == "saliency" else "Grad-CAM"
        stamp = network.stat().st_mtime
        # The joined output is not in the network; the votes' head weighs most in it.
        head = "ferplus" if reader.head == PERCEIVED else reader.head
        place = folder.card.labels[head].index(label)
        found = gradient_map(str(network), stamp, head, image, place, gradient)
        meaning = (
            "Warm: pixels whose change moves the score of {label} most."
            if gradient == "saliency"
            else "Warm: where the last feature map raises the score of {label}, by its gradient."
        )
    large = to_bgr(resize_square(image, _SIDE))
    st.image(
        blend_heat(large, heat(found, _SIDE)),
        channels="BGR",
        width="stretch",
        alt=f"The picture with the places that speak for {label}",
    )
    caption(meaning, label=label)


@st.dialog("Picture", width="medium")
def show_picture(dataset: FaceDataset, index: int, folder: ModelFolder | None) -> None:
    """A dialog over the page: the picture at that place, and how the model, if any, reads it."""
    image = np.asarray(dataset.images[index])
    split = dataset.split_names[dataset.splits[index]]
    label = dataset.label_names[dataset.labels[index]]
    left, right = st.columns(2, gap="medium")
    with left:
        st.image(
            resize_square(image, _SIDE), width="stretch", alt=f"A face labelled {label}, enlarged"
        )
        st.markdown(
            f"Row **{source_rows(dataset)[index]:,}**, {plain(split)}, labelled "
            f"**{plain(label)}**. Grey values {image.min():d} to {image.max():d}, mean "
            f"{image.mean():.0f}."
        )
        if dataset.votes is not None:
            row = dataset.votes[index]
            majority = int(majority_labels(row[None])[0])
            said = FERPLUS[majority] if majority >= 0 else "no clear majority"
            say("FER+: **{said}**, votes of {n:,}:", said=said, n=int(row.sum()))
            st.html(live_view.STYLE + _vote_bars(row))
    if folder is not None:
        with right, errors_shown():
            _model_says(image, folder)
