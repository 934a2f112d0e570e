"""The choice of a label set: what people see, and others, each label with how often it is found."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fer.labels import OWN, PERCEIVED
from fer.models.store import ModelFolder
from fer.ui.shell import shipped_model

NAMES = {
    PERCEIVED: "What people see",
    "fer2013": "FER-2013's labels",
    "ferplus": "With contempt as well",
    OWN: "Classes of its own",
}


def usual() -> str:
    """The label set that the pages read in unless another is chosen."""
    return _offered(shipped_model())[0]


def _offered(folder: ModelFolder) -> list[str]:
    return [name for name in NAMES if name in folder.card.labels]


def recall_line(folder: ModelFolder, labels: str) -> str:
    """How many of 100 faces that people call so are found, label by label."""
    recalls = folder.recalls(labels)
    if not recalls:
        return "How often each label is found was not recorded with this model."
    each = ", ".join(f"{name} {share * 100:.0f}" for name, share in recalls.items())
    who = "labelled so" if labels == OWN else "that people call so"
    return f"Finds, of 100 faces {who}: {each}."


def label_set_choice(key: str, **options: Any) -> str:
    """Radio buttons with the recalls below each name."""
    folder = shipped_model()
    offered = _offered(folder)
    chosen = st.radio(
        "Label set",
        offered,
        format_func=NAMES.__getitem__,
        captions=[recall_line(folder, name) for name in offered],
        key=key,
        **options,
    )
    return chosen or offered[0]
