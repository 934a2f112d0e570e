"""The model page: what a model is, how it learned, how good it is and how it errs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fer.evaluation.evaluate import SEEN, in_words
from fer.evaluation.peers import peers
from fer.figures import curves_figure
from fer.labels import OWN, PERCEIVED
from fer.models.card import SEEN_PROTOCOL, Abstention, Metric, PerceivedRecord
from fer.models.store import ModelFolder
from fer.ui.charts import show_figure, table_expander
from fer.ui.label_sets import NAMES
from fer.ui.model.compare import comparison_tab
from fer.ui.model.errors import confidence_tab, confusion_tab, robustness_tab
from fer.ui.model.evaluation import evaluate_tab, mistakes_tab
from fer.ui.model.literature import literature_tab
from fer.ui.model_choice import model_names, run_history, run_names
from fer.ui.shell import begin, download, errors_shown, opened
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


def seen_table(reports: Mapping[str, Any]) -> pd.DataFrame:
    """How each label set, and each peer, reads what people see: of 100 faces, how many are found.

    Args:
        reports: Those of the test split.
    """
    rows: list[dict[str, object]] = []
    for name, key in SEEN.items():
        if key not in reports:
            continue
        report = reports[key]
        answered = report.get("answered", {})
        rows.append(
            {
                "read by": NAMES[name],
                "right": f"{report['accuracy']:.1%}",
                "mean of classes": round(report["macro_recall"] * 100),
                **{
                    label: round(entry["recall"] * 100)
                    for label, entry in report["per_class"].items()
                },
                "calibration error": round(report["ece"], 3),
                "against votes": round(report["votes"]["error"], 3),
                "answered": f"{answered['coverage']:.0%}" if answered else "",
                "n": report["n"],
            }
        )
    for peer in peers(PERCEIVED):
        rows.append(
            {
                "read by": peer.name,
                "right": f"{peer.accuracy:.1%}",
                "mean of classes": round(peer.macro_recall * 100),
                "neutral": round(peer.neutral * 100),
                "n": int(peer.n),
            }
        )
    return pd.DataFrame(rows)


def _card_tab(folder: ModelFolder) -> None:
    card = folder.card
    seen = card.metric("accuracy", head=PERCEIVED, protocol=SEEN_PROTOCOL)
    test = card.metric("accuracy")
    columns = st.columns(5)
    own = card.main == OWN
    if own:
        columns[0].metric("Classes of its own", len(card.labels[OWN]), border=True)
    else:
        columns[0].metric(
            "What people see",
            f"{seen.value:.1%}" if seen else "not measured",
            border=True,
            help=f"What most of ten people see, seven classes, PrivateTest, n = {seen.n:,}"
            if seen
            else None,
        )
    columns[1].metric(
        "Test of its own classes" if own else "FER-2013 test",
        f"{test.value:.1%}" if test else "not measured",
        border=True,
        help="The data's own labels, PrivateTest, all rows, one forward pass",
    )
    columns[2].metric("Parameters", f"{card.parameters / 1e6:.2f} M", border=True)
    columns[3].metric("Multiply-adds a face", f"{card.multiply_adds / 1e6:.0f} M", border=True)
    size = f"{card.file_bytes / 1e6:.1f} MB, {plain(card.precision)}"
    columns[4].metric("File", size, border=True)
    before = (
        f" after {card.training_minutes_before:,.0f} of the networks before it"
        if card.training_minutes_before
        else ""
    )
    reports = folder.metrics().get("PrivateTest", {})
    if PERCEIVED in reports:
        say("{words}", words=in_words(reports[PERCEIVED]))
        st.dataframe(seen_table(reports), hide_index=True, width="stretch")
    st.markdown(
        f"**{plain(card.name)} {plain(card.version)}**, architecture {plain(card.architecture)}, "
        f"{card.epochs:,} epochs in {card.training_minutes:.0f} minutes{before}, seed "
        f"{card.seed:d}, published {plain(card.created[:10])}. {plain(card.data)}"
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
    download("card.json", content, "card.json", key="model_card", mime="application/json")


def _best(history: pd.DataFrame) -> str:
    if "val_accuracy" not in history or not history["val_accuracy"].notna().any():
        return "This run recorded no validation accuracy."
    best = int(np.nanargmax(history["val_accuracy"].to_numpy(np.float64)))
    accuracy, epoch = history["val_accuracy"].iloc[best], history["epoch"].iloc[best]
    return f"Best on validation: {accuracy:.1%} in epoch {epoch:.0f}."


def _training_tab(folder: ModelFolder) -> None:
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


def render() -> None:
    """Draw the page."""
    begin("Model", "🧠")
    st.title("Model")
    with errors_shown():
        names = model_names()
        chosen = names[0]
        if len(names) > 1:
            chosen = st.selectbox("Model", names, key="model_name")
        folder = opened(chosen)
        drawn: dict[str, Callable[[ModelFolder], Any]] = {
            "Card": _card_tab,
            "Training": _training_tab,
            "Confusion": confusion_tab,
            "Confidence": confidence_tab,
            "Robustness": robustness_tab,
            "Against others": comparison_tab,
            "Literature": literature_tab,
            "Mistakes": mistakes_tab,
            "Evaluate": evaluate_tab,
        }
        # Only the open tab is computed.
        tabs = st.tabs(list(drawn), key="model_tab", on_change="rerun")
        for tab, draw in zip(tabs, drawn.values(), strict=True):
            if tab.open:
                with tab, errors_shown():
                    draw(folder)
