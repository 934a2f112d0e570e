"""The audit on the dataset page: what is wrong with the data, to count, see and take away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fer.datasets.audit import KINDS, Audit, agreement, agreement_table, audit
from fer.datasets.base import FaceDataset
from fer.figures import agreement_figure
from fer.ui.charts import table_expander
from fer.ui.dataset.pictures import clickable_faces
from fer.ui.downloads import download
from fer.ui.long_work import once_a_dataset
from fer.ui.sections import one_of, places
from fer.ui.shell import is_dark
from fer.ui.text import say, text

_SHOWN = 64
# What a model should not be trained on: these rows teach it the test, or nothing.
_TO_DROP = ("leaked", "blank", "not a face")


_audited = once_a_dataset()(audit)


def findings_table(report: Audit) -> pd.DataFrame:
    """One row per finding: how many rows, in which split, and what it means."""
    return pd.DataFrame(
        [
            {
                "finding": finding.kind,
                "rows": len(finding.rows),
                **finding.by_split,
                # In full it stands over the pictures; here one line must hold it.
                "what it means": KINDS[finding.kind].split(":")[0],
            }
            for finding in report.findings
        ]
    )


def _pictures(report: Audit) -> None:
    found = {finding.kind: finding.rows for finding in report.findings if len(finding.rows)}
    if not found:
        st.success("Nothing was found: every picture is there once, under one label.")
        return
    kind = st.selectbox("Show pictures of", list(found), key="audit_kind")
    rows = found[kind]
    if kind in ("conflicting", "copied"):
        # Equal pictures side by side.
        flat = report.dataset.images[rows].reshape(len(rows), -1)
        rows = rows[np.lexsort(flat[:, ::97].T)]
    st.caption(f"{len(rows):,} pictures. {KINDS[kind]}.")
    shown = places(len(rows), _SHOWN, "audit_page")
    clickable_faces(report.dataset, rows[shown], key="audit_faces")


def _list(report: Audit) -> None:
    kinds = [finding.kind for finding in report.findings]
    chosen = st.multiselect(
        "Rows to drop from training",
        kinds,
        default=[kind for kind in _TO_DROP if kind in kinds],
        key="audit_drop",
    )
    table = report.table(chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        content = table.to_csv(index=False)
        download(f"CSV of {len(table):,} rows", content, "drop.csv", key="audit_csv")
        st.caption("Train without them: `fer train --drop drop.csv`")
    with st.expander("Table"):
        st.dataframe(table, hide_index=True, width="stretch")


def _agreement(dataset: FaceDataset) -> None:
    names = dataset.split_names
    split = one_of("Agreement in", names, "audit_split", default=names[-1])
    table = agreement_table(dataset, split)
    if not table.to_numpy().any():
        st.info(text("No picture of {split} has a clear FER+ majority.", split=split))
        return
    st.plotly_chart(
        agreement_figure(table, dark=is_dark()),
        key="audit_agreement",
        config={"displayModeBar": False},
    )
    shares = agreement(dataset, split)
    whole = shares.pop("all")
    best, worst = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
    say(
        "The two labellings agree on **{whole:.0%}** of these {n:,} pictures: most on {best} "
        "({most:.0%}), least on {worst} ({least:.0%}). A model cannot be right about both.",
        whole=whole,
        n=int(table.to_numpy().sum()),
        best=best,
        most=shares[best],
        worst=worst,
        least=shares[worst],
    )
    table_expander(table, "agreement", index=True)
    each = pd.DataFrame(
        {"FER-2013 label": list(shares), "same FER+ label": [f"{s:.1%}" for s in shares.values()]}
    )
    table_expander(each, "agreement_per_class", title="Agreement of each class")


def audit_part(dataset: FaceDataset | None) -> None:
    """Draw it."""
    if dataset is None:
        st.info("The audit looks at the pictures themselves: choose a data set above.")
        return
    with st.spinner("Comparing all pictures with one another ..."):
        report = _audited(dataset)
    st.markdown(
        f"**{report.distinct_images:,}** of {len(dataset):,} pictures are distinct. Every finding "
        "below can be counted, looked at and left out of training."
    )
    st.dataframe(
        findings_table(report),
        hide_index=True,
        width="stretch",
        column_config={"what it means": st.column_config.TextColumn(width="large")},
    )
    _pictures(report)
    _list(report)
    if dataset.votes is not None:
        st.subheader("FER-2013 against FER+")
        _agreement(dataset)
