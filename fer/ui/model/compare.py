"""The part of the model page that sets the models beside the figures of others."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from fer.errors import FerError
from fer.evaluation.peers import peers
from fer.evaluation.readings import milliseconds_per_face
from fer.figures import OWN, frontier_figure, ranking_figure
from fer.labels import PERCEIVED
from fer.models.card import SEEN_PROTOCOL
from fer.models.store import ModelFolder
from fer.ui.charts import show_figure
from fer.ui.model_choice import classifier, model_names
from fer.ui.sections import one_of
from fer.ui.shell import opened
from fer.ui.text import plain

_PROTOCOL = {PERCEIVED: SEEN_PROTOCOL, "fer2013": "all", "ferplus": "majority"}
_NAMES = {PERCEIVED: "What people see", "fer2013": "FER-2013", "ferplus": "FER+, eight classes"}


@st.cache_data(show_spinner=False)
def _milliseconds(name: str, digest: str) -> float:
    """Measured on this machine, once per server and model."""
    return milliseconds_per_face(classifier(opened(name)).predict)


def own_rows(labels: str) -> list[dict[str, object]]:
    """The published models as rows of the comparison; a damaged one is left out."""
    rows: list[dict[str, object]] = []
    for name in model_names():
        try:
            card = opened(name).card
            where = {"head": labels, "protocol": _PROTOCOL[labels]}
            metric = card.metric("accuracy", **where)
            if metric is None:
                continue
            neutral = card.metric("recall_neutral", **where)
            recall = card.metric("macro_recall", **where)
            rows.append(
                {
                    "name": f"{card.name} {card.version}",
                    "accuracy": metric.value,
                    "macro_recall": recall.value if recall else None,
                    "neutral": neutral.value if neutral else None,
                    "n": metric.n,
                    "parameters": card.parameters,
                    "milliseconds": _milliseconds(name, card.sha256),
                    "trust": OWN,
                    "protocol": f"{metric.split}, {metric.protocol}, one pass",
                    "source": "its card; time measured on this machine",
                }
            )
        except FerError:
            continue
    return rows


def comparison_table(labels: str) -> pd.DataFrame:
    """This project's models and the peers, the most accurate first."""
    others = [
        {key: value for key, value in asdict(peer).items() if key != "labels"}
        for peer in peers(labels)
    ]
    table = pd.DataFrame([*own_rows(labels), *others])
    return table.sort_values("accuracy", ascending=False, ignore_index=True)


def comparison_part(folder: ModelFolder) -> None:
    """Draw it."""
    left, right = st.columns(2)
    called = _NAMES.__getitem__
    labels = one_of("Test", list(_NAMES), "peer_labels", place=left, format_func=called)
    view = one_of("Against", ["Time", "Size", "Everyone"], "peer_view", place=right)
    table = comparison_table(labels)
    if view == "Everyone":
        figure = ranking_figure(table)
        reading = (
            "Crosses cannot be compared: another split, an epoch chosen on the test, or reported "
            "leaks. Open circles were not measured here."
        )
    else:
        against = "parameters" if view == "Size" else "milliseconds"
        figure = frontier_figure(table, against)
        without = int(table[against].isna().sum())
        reading = (
            "Higher is more often right, further left is cheaper. "
            + (
                "Times of this project's models were measured on this machine just now, those of "
                "others as their source says. "
                if against == "milliseconds"
                else ""
            )
            + f"{without:,} models are left out here because their {plain(against)} are not known."
        )
    show_figure(figure, reading, table, f"peers_{labels}_{view}".lower())
