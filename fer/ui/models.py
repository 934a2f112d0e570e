"""Published models on a page: opened once a server, chosen by name."""

from __future__ import annotations

import streamlit as st

from fer.classifier import EmotionClassifier
from fer.errors import ModelError
from fer.explain import ClassActivation
from fer.model_store import DEFAULT_MODEL, ModelFolder, list_models, models_dir, open_model


@st.cache_resource(show_spinner=False, max_entries=32)
def _opened(name: str, directory: str, stamp: float) -> ModelFolder:
    return open_model(name)


def opened(name: str) -> ModelFolder:
    """A model folder, verified once and again when its card changes.

    Raises:
        ModelError: If it is missing, incomplete or damaged.
    """
    card = models_dir() / name / "card.json"
    stamp = card.stat().st_mtime if card.is_file() else 0.0
    return _opened(name, str(models_dir()), stamp)


@st.cache_resource(show_spinner=False, max_entries=16)
def _classifier(name: str, head: str, digest: str) -> EmotionClassifier:
    return EmotionClassifier.load(name, labels=head)


def classifier(folder: ModelFolder, head: str = "fer2013") -> EmotionClassifier:
    """A published model ready to read faces; shared by all sessions."""
    return _classifier(folder.card.name, head, folder.card.sha256)


@st.cache_resource(show_spinner=False, max_entries=16)
def _explainer(name: str, head: str, digest: str) -> ClassActivation | None:
    try:
        return ClassActivation(EmotionClassifier.load(name, labels=head))
    except ModelError:
        return None


def explainer(folder: ModelFolder, head: str = "fer2013") -> ClassActivation | None:
    """What draws a model's heat maps, or None where the network has no exact ones."""
    return _explainer(folder.card.name, head, folder.card.sha256)


def model_names() -> list[str]:
    """Names of the model folders, the shipped one first."""
    names = [card.name for card in list_models()]
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, name)) or [DEFAULT_MODEL]
