"""How a model was made: its card, and the curves of its training."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import streamlit as st

from fer.figures import curves_figure
from fer.labels import OWN
from fer.models.card import Abstention, Metric, PerceivedRecord
from fer.models.store import ModelFolder
from fer.ui.charts import show_figure, table_expander
from fer.ui.downloads import download
from fer.ui.model_choice import run_history, run_names
from fer.ui.text import caption, plain, say


def metrics_table(metrics: tuple[Metric, ...]) -> pd.DataFrame:
    """Every figure of a card, the test split first."""
    table = pd.DataFrame([metric.model_dump() for metric in metrics])
    columns = ["split", "head", "protocol", "name", "value", "low", "high", "n"]
    return table[columns].sort_values(["split", "head"], kind="stable")


def _abstains(point: Abstention) -> str:
    """When a head says "unsure", and what that gives."""
    right = "" if point.accuracy is None else f" is right on {point.accuracy:.0%} of those"
    if point.threshold == 0:
        return f"always answers; on {plain(point.split)} (n = {point.n:,}) it{right}."
    return (
        f"says *unsure* below a confidence of {point.threshold:.2f}; on {plain(point.split)} it "
        f"then answers {point.coverage:.0%} of {point.n:,} faces{' and' if right else ''}{right}."
    )


def _joined(joined: PerceivedRecord) -> str:
    """How what people see comes of both heads."""
    return (
        f"What people see: FER-2013's head with a share of {joined.share:.2f}, FER+'s with the "
        f"rest, the prior to the power {joined.prior_power:.2f} taken out, temperature "
        f"{joined.temperature:.2f}; chosen on {plain(joined.split)} by the votes of "
        f"{joined.n:,} faces as distributions (loss {joined.loss:.3f}, on faces held out "
        f"{joined.loss_held_out:.3f})."
    )


def card_view(folder: ModelFolder) -> None:
    """Draw the card: nothing in it is typed by hand."""
    card = folder.card
    test = card.metric("accuracy")
    columns = st.columns(4)
    columns[0].metric("Parameters", f"{card.parameters / 1e6:.2f} M", border=True)
    columns[1].metric("Multiply-adds a face", f"{card.multiply_adds / 1e6:.0f} M", border=True)
    columns[2].metric("File", f"{card.file_bytes / 1e6:.1f} MB", border=True)
    right = f"{test.value:.1%}" if test else "not measured"
    whose = "By its own labels" if card.main == OWN else "By FER-2013's labels"
    columns[3].metric(whose, right, border=True)
    before = (
        f" after {card.training_minutes_before:,.0f} of the networks before it"
        if card.training_minutes_before
        else ""
    )
    st.markdown(
        f"**{plain(card.name)} {plain(card.version)}**, architecture {plain(card.architecture)}, "
        f"{plain(card.precision)}, {card.epochs:,} epochs in {card.training_minutes:.0f} minutes"
        f"{before}, seed {card.seed:d}, published {plain(card.created[:10])}. {plain(card.data)}"
    )
    for head, point in card.abstain.items():
        names = len(card.labels[head])
        st.markdown(f"- Label set **{plain(head)}** ({names:,} classes): {_abstains(point)}")
    if card.perceived is not None:
        st.markdown(f"- {_joined(card.perceived)}")
    say("- Terms: {terms}", terms=card.licence)
    say("- SHA-256 of the weights, verified: {digest}", digest=card.sha256)
    table_expander(metrics_table(card.metrics), f"{card.name}_figures", title="Every figure")
    checks = folder.metrics().get("conversion")
    if checks:
        flat = pd.json_normalize(checks)
        table_expander(flat, f"{card.name}_conversion", title="The file against the float network")
    with st.expander("Recipe"):
        st.json(card.recipe, expanded=1)
    content = json.dumps(card.model_dump(mode="json"), indent=2)
    download("card.json", content, "card.json", key="model_card")


def _best(history: pd.DataFrame) -> str:
    if "val_accuracy" not in history or not history["val_accuracy"].notna().any():
        return "This run recorded no validation accuracy."
    best = int(np.nanargmax(history["val_accuracy"].to_numpy(np.float64)))
    accuracy, epoch = history["val_accuracy"].iloc[best], history["epoch"].iloc[best]
    return f"Best on validation: {accuracy:.1%} in epoch {epoch:.0f}."


def training_view(folder: ModelFolder) -> None:
    """Draw the curves, beside those of other runs."""
    name = folder.card.name
    left, right = st.columns(2)
    others = left.multiselect(
        "Compare with", [one for one in run_names() if one != name], key="model_runs"
    )
    epochs = right.slider(
        "Smoothing (epochs)",
        1,
        15,
        1,
        key="model_smoothing",
        help="Each point is the mean of so many epochs",
    )
    histories = {
        one: pd.DataFrame(run_history(one)).apply(pd.to_numeric) for one in (name, *others)
    }
    joined = pd.concat([table.assign(run=run) for run, table in histories.items()])
    validated = "val_loss" in histories[name] and histories[name]["val_loss"].notna().any()
    readings = {
        "accuracy": _best(histories[name])
        + " Training accuracy is measured on augmented pictures (turned, blurred, partly erased), "
        "so validation can lie above it.",
        "loss": "A training loss that falls while that of validation rises is learning by heart."
        if validated
        else "This run recorded the loss of training only; whether it learned by heart shows in "
        "the accuracy of validation above.",
        "learning_rate": "Each cycle starts high to leave what it knows, and ends near zero.",
    }
    for quantity, reading in readings.items():
        columns = [c for c in joined if quantity in c or c in ("run", "epoch", "size")]
        figure = curves_figure(histories, quantity, smoothing=epochs)
        if not figure.data:
            caption("This run recorded no {quantity}.", quantity=quantity.replace("_", " "))
            continue
        show_figure(figure, reading, joined[columns], f"{name}_{quantity}")
