"""Published models on a page: opened once a server, chosen by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from fer.errors import ModelError
from fer.explanation.activation import ClassActivation
from fer.explanation.keras_explainer import KerasExplainer, Method
from fer.models.store import (
    HISTORY,
    KERAS_FILE,
    LITERATURE,
    ModelFolder,
    chosen_model,
    list_models,
    models_dir,
    read_card,
)
from fer.preprocessing import Image
from fer.recognition.classifier import EmotionClassifier
from fer.ui.shell import model_stamp, opened


@st.cache_resource(show_spinner=False, max_entries=16)
def _classifier(name: str, head: str | None, stamp: tuple[str, int]) -> EmotionClassifier:
    return EmotionClassifier.load(name, labels=head)


def classifier(folder: ModelFolder, head: str | None = None) -> EmotionClassifier:
    """A published model ready to read faces; shared by all sessions."""
    return _classifier(folder.card.name, head, model_stamp(folder.card.name))


@st.cache_resource(show_spinner=False, max_entries=16)
def _explainer(name: str, head: str | None, stamp: tuple[str, int]) -> ClassActivation | None:
    try:
        return ClassActivation(EmotionClassifier.load(name, labels=head))
    except ModelError:
        return None


def explainer(folder: ModelFolder, head: str | None = None) -> ClassActivation | None:
    """What draws a model's heat maps, or None where the network has no exact ones."""
    return _explainer(folder.card.name, head, model_stamp(folder.card.name))


@st.cache_resource(show_spinner=False)
def _keras_explainer() -> KerasExplainer:
    """The process that alone imports TensorFlow; one a server, ended when it idles."""
    return KerasExplainer()


def keras_file(folder: ModelFolder) -> Path | None:
    """The network that a model can be trained on from, where its folder has one."""
    path = folder.path / KERAS_FILE
    return path if path.is_file() else None


@st.cache_data(show_spinner="Asking the network in a process of its own ...", max_entries=64)
def gradient_map(
    path: str, stamp: float, head: str, image: Image, target: int, method: Method
) -> npt.NDArray[np.float32]:
    """What one face's score for a class depends on; see ``fer.explanation.keras_explainer``.

    The stamp is the file's modification time, so that another one is asked anew.

    Raises:
        ModelError: If the network cannot be explained so.
    """
    targets = np.asarray([target])
    maps = _keras_explainer().maps(path, image[None], targets, head=head, method=method)
    return np.asarray(maps[0], np.float32)


def model_names() -> list[str]:
    """Names of the model folders, the one that the dashboard reads with first."""
    first = chosen_model()
    names = [card.name for card in list_models()]
    return sorted(names, key=lambda name: (name != first, name)) or [first]


def run_names() -> list[str]:
    """Names of everything whose training was recorded: models, and networks of the literature."""
    recorded = sorted((models_dir() / LITERATURE).glob(f"*/{HISTORY}"))
    return list(dict.fromkeys([*model_names(), *(history.parent.name for history in recorded)]))


def run_history(name: str) -> list[dict[str, float]]:
    """The epochs of a run of ``run_names``.

    Raises:
        ModelError: If it is damaged.
    """
    if name in model_names():
        return opened(name).history()
    # The literature's networks have no weights in the repository: there is nothing to verify.
    folder = models_dir() / LITERATURE / name
    return ModelFolder(folder, read_card(folder)).history()
