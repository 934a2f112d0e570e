"""The menu that makes a report of the table of a video."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import streamlit as st

from fer.export.events import Event, read_events, with_events
from fer.export.report import Thumbnails, report_html
from fer.export.schema import to_csv
from fer.models.accuracy import accuracy_lines
from fer.recognition.classifier import EmotionClassifier
from fer.ui.downloads import download
from fer.ui.label_sets import NAMES
from fer.ui.shell import errors_shown

_MOST_MIB = 5


def report_menu(
    table: Callable[[str], bytes],
    classifier: EmotionClassifier,
    *,
    title: str,
    stem: str,
    key: str,
    faces: Thumbnails,
) -> tuple[Event, ...]:
    """Draw it.

    Args:
        table: Suffix -> the file, as the downloads of the page have it: the report is made of it.
        classifier: What read the faces.
        title: Of the report.
        stem: File name without suffix.
        key: Beginning of the keys; unique on the page.
        faces: Gives the pictures of the strongest readings; they are in it only if ticked.

    Returns:
        The events that were handed in.
    """
    happened: tuple[Event, ...] = ()
    with st.popover("Report", icon=":material/lab_profile:"), errors_shown():
        st.caption("One file for whoever never saw this page; it opens in any browser and prints.")
        file = st.file_uploader(
            "Events, if you have some: a CSV of time, label, end, note",
            type="csv",
            key=f"{key}_events",
            max_upload_size=_MOST_MIB,
        )
        happened = read_events(file.getvalue(), file.name) if file is not None else ()
        shown = st.toggle(
            "Faces in the report",
            key=f"{key}_faces",
            help="Pictures of the strongest readings. Ask those who are in them first.",
        )
        page = partial(_report, table, classifier, title, happened, faces if shown else None)
        download("Save the report", page, f"{stem}-report.html", key=f"{key}_html")
        if happened:
            rows = partial(_with_events, table, happened)
            label = f"Save the table with {len(happened):,} events, CSV"
            download(label, rows, f"{stem}-events.csv", key=f"{key}_csv")
    return happened


def _rows(table: Callable[[str], bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in table(".jsonl").splitlines()]


def _report(
    table: Callable[[str], bytes],
    classifier: EmotionClassifier,
    title: str,
    events: tuple[Event, ...],
    faces: Thumbnails | None,
) -> bytes:
    page = report_html(
        _rows(table),
        title=title,
        events=events,
        thumbnails=faces,
        settings={"Read as": NAMES.get(classifier.head, classifier.head)},
        accuracy=accuracy_lines(classifier.folder, classifier.head),
    )
    return page.encode()


def _with_events(table: Callable[[str], bytes], events: tuple[Event, ...]) -> bytes:
    return to_csv(list(with_events(_rows(table), events))).encode()
