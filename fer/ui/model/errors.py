"""Parts of the model page on how it errs: confusion, confidence, robustness."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from fer.evaluation.robustness import CLEAN, mean_loss
from fer.figures import (
    abstention_figure,
    confusion_figure,
    per_class_figure,
    reliability_figure,
    robustness_figure,
)
from fer.figures.errors import Normalised, level_name
from fer.labels import PERCEIVED
from fer.models.store import ModelFolder
from fer.ui.charts import show_figure, table_expander
from fer.ui.sections import one_of
from fer.ui.shell import is_dark
from fer.ui.text import plain

REPORTS = {
    "perceived": "What people see",
    "perceived_by_fer2013": "What people see, read by FER-2013's labels",
    "perceived_by_ferplus": "What people see, read by FER+'s head",
    "perceived_labels": "Labels of the data, read as people see",
    "fer2013": "FER-2013",
    "fer2013_without_copies": "FER-2013 without copies",
    "ferplus_majority": "FER+ majority",
    "ferplus_argmax": "FER+ largest vote",
    "ferplus_labels": "labels with contempt",
    "own": "Its own classes",
    "own_without_copies": "Its own classes without copies",
}
_SPLITS = ("PrivateTest", "PublicTest")
_SHARES: dict[str, Normalised | None] = {
    "By row": "row",
    "By column": "column",
    "Counts": None,
}


def _recorded(folder: ModelFolder, key: str) -> tuple[str, str, dict[str, Any]] | None:
    """The split, the name of the protocol and the report that the reader chose."""
    metrics = folder.metrics()
    splits = [split for split in _SPLITS if split in metrics]
    if not splits:
        st.info("This model was published without an evaluation; *Your faces* makes one.")
        return None
    left, right = st.columns(2)
    split = one_of("Split", splits, f"{key}_split", place=left)
    report = metrics[split]
    protocols = [name for name in REPORTS if name in report]
    protocol = right.selectbox(
        "Labels", protocols, format_func=REPORTS.__getitem__, key=f"{key}_protocol"
    )
    return split, protocol, report[protocol]


def confusion_table(report: dict[str, Any]) -> pd.DataFrame:
    """Counts with the labels as index and the readings as columns."""
    return pd.DataFrame(
        report["confusion"],
        index=pd.Index(report["labels"], name="labelled"),
        columns=pd.Index(report["labels"], name="read as"),
    )


def confusion_view(report: dict[str, Any], split: str, key: str) -> None:
    """Confusion matrix and scores per class of one report."""
    unit = one_of("Cells show", list(_SHARES), f"{key}_unit")
    labels, counts = report["labels"], report["confusion"]
    errors = [
        (counts[i][j], labels[i], labels[j])
        for i in range(len(labels))
        for j in range(len(labels))
        if i != j
    ]
    most, true, read = max(errors)
    low, high = report["accuracy_interval"]
    show_figure(
        confusion_figure(counts, labels, share=_SHARES[unit], dark=is_dark()),
        f"{plain(split)}, n = {report['n']:,}: accuracy **{report['accuracy']:.1%}** (95% interval "
        f"{low:.1%} to {high:.1%}), macro-F1 {report['macro_f1']:.3f}, weighted F1 "
        f"{report['weighted_f1']:.3f}. The most frequent error: **{plain(true)}** read as "
        f"**{plain(read)}**, {most:,} times.",
        confusion_table(report),
        f"{key}_matrix",
        index=True,
    )
    per_class_view(report, key)


def per_class_view(report: dict[str, Any], key: str) -> None:
    """Precision, recall and F1 of each class of one report."""
    scores = pd.DataFrame(report["per_class"]).T.rename_axis("label")
    present = scores[scores["n"] > 0]
    best, worst = present["f1"].idxmax(), present["f1"].idxmin()
    show_figure(
        per_class_figure(scores),
        f"Precision: of the faces read as a class, how many have that label. Recall: of the faces "
        f"with that label, how many are read so. F1 is highest for **{plain(best)}** "
        f"({present['f1'].max():.2f}) and lowest for **{plain(worst)}** "
        f"({present['f1'].min():.2f}).",
        scores,
        f"{key}_per_class",
        index=True,
    )


def confusion_part(folder: ModelFolder) -> None:
    """Draw it."""
    chosen = _recorded(folder, "confusion")
    if chosen is not None:
        split, _protocol, report = chosen
        confusion_view(report, split, "confusion")


def _against_votes(report: dict[str, Any]) -> str:
    if "votes" not in report:
        return ""
    votes = report["votes"]
    return (
        f" Against the votes themselves (n = {votes['n']:,}), class by class, it is "
        f"**{votes['error']:.3f}**: a class that gets 30% had that much more or less of the votes."
    )


def confidence_part(folder: ModelFolder) -> None:
    """Draw it: is the confidence true, and what does it give to answer less?"""
    chosen = _recorded(folder, "confidence")
    if chosen is None:
        return
    split, protocol, report = chosen
    bins = pd.DataFrame(report["reliability"])
    before = report.get("ece_uncalibrated")
    show_figure(
        reliability_figure(bins),
        f"{plain(split)}, n = {report['n']:,}: bars on the line mean that a confidence of 70% "
        "is right 70 times in 100. The mean distance, the expected calibration error, is "
        f"**{report['ece']:.3f}**"
        + (f" ({before:.3f} without calibration)." if before is not None else ".")
        + _against_votes(report)
        + " Faint bars hold few pictures.",
        bins,
        "reliability",
    )
    curve = pd.DataFrame(report["abstention"])
    head = protocol.removeprefix("perceived_by_").split("_")[0]
    point = folder.card.abstain.get(head)
    operating, reading = None, ""
    if point is not None:
        near = curve.iloc[int((curve["threshold"] - point.threshold).abs().to_numpy().argmin())]
        if pd.notna(near["accuracy"]):
            name = f"confidence {near['threshold']:.2f}"
            operating = (float(near["coverage"]), float(near["accuracy"]), name)
            reading = (
                f" Near the model's threshold of {point.threshold:.2f}, chosen on "
                f"{plain(point.split)}, it answers **{near['coverage']:.0%}** of these faces "
                f"and is right on **{near['accuracy']:.0%}**."
            )
    show_figure(
        abstention_figure(curve, operating),
        "Further left, only confident faces are answered: fewer answers, more of them right."
        + reading,
        curve,
        "abstention",
    )


def _strain_reading(rows: pd.DataFrame, clean: float) -> str:
    """The lowest point of one condition, in a sentence."""
    worst = rows.sort_values("accuracy").iloc[0]
    lost = (clean - worst["accuracy"]) * 100
    level = level_name(worst["level"], worst["unit"])
    where = f"at {level}" if any(map(str.isdigit, level)) else f"with {level} {worst['condition']}"
    return (
        f"Lowest: **{worst['accuracy']:.0%}** {plain(where)}, "
        f"{abs(lost):.0f} points {'below' if lost >= 0 else 'above'} the unchanged pictures."
    )


def robustness_part(folder: ModelFolder) -> None:
    """Draw it: one curve per way in which a picture gets worse."""
    metrics = folder.metrics()
    if not metrics.get("robustness"):
        st.info(
            "No robustness was recorded with this model. Models published with this version carry "
            "the accuracy under blur, tilt, light, compression and covered parts."
        )
        return
    table = pd.DataFrame(metrics["robustness"])
    unchanged = table[table["condition"] == CLEAN]
    strained = table[table["condition"] != CLEAN]
    if unchanged.empty or strained.empty:
        st.info("The robustness recorded with this model is incomplete; publish it again.")
        return
    clean = float(unchanged["accuracy"].iloc[0])
    st.markdown(
        f"Accuracy on the same {int(unchanged['n'].iloc[0]):,} faces of PublicTest"
        + (", by what most people see" if unchanged.iloc[0].get("labels") == PERCEIVED else "")
        + ", made worse in one way at a time. Unchanged, the dashed line, it is "
        f"**{clean:.1%}**; over all ways it loses "
        f"**{mean_loss(metrics['robustness']) * 100:.1f}** points on average."
    )
    columns = st.columns(2, gap="medium")
    for number, (condition, group) in enumerate(strained.groupby("condition", sort=False)):
        with columns[number % 2]:
            show_figure(
                robustness_figure(group, clean=clean),
                _strain_reading(group, clean),
                group,
                f"robustness_{condition}".replace(" ", "_"),
            )
    table_expander(table, "robustness", title="All of them in one table")
