"""What people need of a model first: how often it is right, on whom it fails, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from fer.evaluation.evaluate import SEEN
from fer.evaluation.peers import peers
from fer.figures import recall_figure
from fer.labels import OWN, PERCEIVED
from fer.models.store import ModelFolder
from fer.ui.charts import show_figure, table_expander
from fer.ui.label_sets import NAMES
from fer.ui.text import plain

GLOSSARY = {
    "Accuracy": "of all faces, the share that is read as they are labelled.",
    "Recall": "of the faces with a label, the share that is read so: what is found.",
    "Precision": "of the faces that are read so, the share with that label: what holds.",
    "F1": "one number for both, high only where recall and precision are (their harmonic mean). "
    "*Macro* counts every emotion alike, *weighted* every face.",
    "Confidence": "how sure a reading is, 0 to 100%. Calibrated: of readings with 70%, about 70 of "
    "100 are right.",
    "Calibration error": "by how much that is untrue on average; 0.02 is two faces in a hundred.",
    "Unsure": "what is said where the confidence is too low for an answer.",
    "Confusion matrix": "a table of what each labelled emotion was read as; mistakes lie beside "
    "the diagonal.",
    "Label set": "whose words are used: what most people see (FER+ asked ten for every picture), "
    "the labels that FER-2013's search words gave, or FER+'s eight with contempt.",
    "Test pictures": "pictures that the model never learned from. *PublicTest* was used to choose "
    "between models, *PrivateTest* only to measure the chosen one.",
}
"""Ten words that this page uses."""


def glossary() -> None:
    """Draw it, folded."""
    with st.expander("Ten words explained", icon=":material/menu_book:"):
        for word in GLOSSARY:
            st.markdown(f"**{plain(word)}**: " + GLOSSARY[word])


def seen_table(reports: Mapping[str, Any]) -> pd.DataFrame:
    """How each label set, and each peer, reads what people see: of 100 faces, how many are found.

    Args:
        reports: Those of the test split.
    """
    rows: list[dict[str, str]] = []
    for name, key in SEEN.items():
        if key not in reports:
            continue
        report = reports[key]
        answered = report.get("answered", {})
        rows.append(
            {
                "read by": NAMES[name],
                "right": f"{report['accuracy']:.1%}",
                "mean of classes": f"{report['macro_recall'] * 100:.0f}",
                **{
                    label: f"{entry['recall'] * 100:.0f}"
                    for label, entry in report["per_class"].items()
                },
                "calibration error": f"{report['ece']:.3f}",
                "against votes": f"{report['votes']['error']:.3f}",
                "answered": f"{answered['coverage']:.0%}" if answered else "",
                "n": f"{report['n']:,}",
            }
        )
    for peer in peers(PERCEIVED):
        rows.append(
            {
                "read by": peer.name,
                "right": f"{peer.accuracy:.1%}",
                "mean of classes": f"{peer.macro_recall * 100:.0f}",
                "neutral": f"{peer.neutral * 100:.0f}",
                "n": f"{int(peer.n):,}",
            }
        )
    return pd.DataFrame(rows).fillna("")


def _whom(report: Mapping[str, Any], *, own: bool) -> None:
    """Which faces it finds, and what it takes the others for."""
    whose = "labelled" if own else "that people call"
    scores = pd.DataFrame(report["per_class"]).T
    scores = scores[scores["n"] > 0].sort_values("recall", ascending=False)
    labels, counts = list(report["labels"]), report["confusion"]
    parts = []
    for label in scores.index[:-4:-1]:
        row = counts[labels.index(label)]
        other = max((one for one in labels if one != label), key=lambda o: row[labels.index(o)])
        parts.append(
            f"of 100 faces {whose} {plain(label)} it finds "
            f"**{scores['recall'][label] * 100:.0f}**, and calls most of the others {plain(other)}"
        )
    show_figure(
        recall_figure(scores),
        "Weakest: " + "; ".join(parts) + ". Thin lines: how far chance alone may carry a figure, "
        "as there are few pictures of the rarer classes.",
        scores,
        "recalls",
        index=True,
    )
    st.markdown(
        "**Not measured:** how far this differs between ages, sexes and skin colours, because the "
        "test pictures say nothing of them. Expect more mistakes on faces unlike those of "
        + ("its training" if own else "web pictures of 2013")
        + ": in poor light, from the side, half hidden, of small children."
    )


def overview(folder: ModelFolder) -> None:
    """Draw the section."""
    metrics, own = folder.metrics(), folder.card.main == OWN
    tested = "PrivateTest" in metrics
    # Classes of one's own may have no test: the split that chose the weights is all there is.
    reports = metrics.get("PrivateTest", metrics.get("PublicTest", {}) if own else {})
    seen = PERCEIVED in reports
    report = reports.get(PERCEIVED if seen else folder.card.main)
    if report is None:
        st.info("How good this model is was not recorded with it.")
        return
    answered = report.get("answered")
    unsure = f"{(1 - answered['coverage']) * 100:.0f}" if answered else "not measured"
    columns = st.columns(3)
    columns[0].metric("Right, of 100 faces", f"{report['accuracy'] * 100:.0f}", border=True)
    if seen:
        shown = f"{report['per_class']['neutral']['recall'] * 100:.0f}"
        columns[1].metric("Neutral seen as neutral, of 100", shown, border=True)
    else:
        columns[1].metric("Classes of its own", f"{len(report['labels']):d}", border=True)
    columns[2].metric('Says "unsure", of 100', unsure, border=True)
    if seen:
        st.markdown(
            f"On {report['n']:,} test pictures that most of ten people call the same. Where people "
            "themselves disagree there is no right answer, and more readings will surprise you."
        )
    else:
        which = "test" if tested else "validation"
        chosen = "" if tested else " It was chosen by them too: expect less of others."
        st.markdown(f"On {report['n']:,} {which} pictures, by the labels of the data.{chosen}")
    _whom(report, own=own)
    if seen:
        table_expander(seen_table(reports), "read_by", title="Beside other label sets and programs")
