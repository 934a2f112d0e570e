"""The model page: how good a model is, where it fails, how it was made."""

from __future__ import annotations

from functools import partial

import streamlit as st

from fer.ui.model.compare import comparison_part
from fer.ui.model.errors import confidence_part, confusion_part, robustness_part
from fer.ui.model.evaluation import evaluate_part, mistakes_part
from fer.ui.model.literature import literature_part
from fer.ui.model.making import card_view, training_view
from fer.ui.model.overview import glossary, overview
from fer.ui.model_choice import model_names
from fer.ui.sections import sections
from fer.ui.shell import begin, errors_shown, opened

_SECTIONS = {
    "How good": {
        "In short": overview,
        "Confidence": confidence_part,
        "Against others": comparison_part,
    },
    "Where it fails": {
        "Mix-ups": confusion_part,
        "Poor pictures": robustness_part,
        "Worst mistakes": mistakes_part,
    },
    "How it was made": {
        "Card": card_view,
        "Training": training_view,
        "Published systems": literature_part,
    },
    "Your faces": {"Evaluate": evaluate_part},
}


def render() -> None:
    """Draw the page."""
    begin("Model", "🧠")
    st.title("Model")
    with errors_shown():
        names = model_names()
        chosen = names[0]
        if len(names) > 1:
            chosen = st.selectbox(
                "Which model", names, key="model_name", width=240, persist_state="session"
            )
        folder = opened(chosen)

        def views(section: str) -> None:
            drawn = {name: partial(draw, folder) for name, draw in _SECTIONS[section].items()}
            sections(drawn, f"model_view_{section}", "Part")

        sections({name: partial(views, name) for name in _SECTIONS}, "model_section", "Section")
    glossary()
