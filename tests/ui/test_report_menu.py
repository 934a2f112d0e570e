"""The menu that makes a report of a table, as a script."""

import csv
import io
import json

import pytest
from streamlit.testing.v1 import AppTest

from fer.export.events import Event
from fer.export.schema import SourceResult, to_rows
from fer.recognition.classifier import EmotionClassifier
from fer.results import Box, FaceEmotion
from fer.ui.report_menu import _report, _with_events


@pytest.fixture(scope="module")
def classifier() -> EmotionClassifier:
    return EmotionClassifier.load()


def table_of(classifier: EmotionClassifier) -> bytes:
    shares = {label: float(label == "happy") for label in classifier.labels}
    face = FaceEmotion(Box(1, 2, 30, 40), "happy", 1.0, shares, 0.9, 1)
    film = [SourceResult("film.mp4", (face,), time_s=i / 10) for i in range(20)]
    return b"\n".join(json.dumps(row).encode() for row in to_rows(film, classifier.reader))


def script() -> None:
    import streamlit as st

    from fer.ui.report_menu import report_menu

    report_menu(
        st.session_state["table"],
        st.session_state["classifier"],
        title="film.mp4",
        stem="film",
        key="it",
        faces=lambda peak: None,
    )


def test_events_are_read_named_in_the_table_and_refused_in_plain_sight(
    classifier: EmotionClassifier,
) -> None:
    at = AppTest.from_function(script, default_timeout=60)
    at.session_state["classifier"] = classifier
    at.session_state["table"] = lambda suffix: table_of(classifier)
    at.run()
    assert [button.label for button in at.get("download_button")] == ["Save the report"]
    events = at.file_uploader(key="it_events")
    events.upload("events.csv", b"time,label,end\n0.5,ball,1\n", "text/csv").run()
    assert [button.label for button in at.get("download_button")] == [
        "Save the report",
        "Save the table with 1 events, CSV",
    ]
    at.file_uploader(key="it_events").set_value([]).run()
    at.file_uploader(key="it_events").upload("events.csv", b"time,note\n1,x\n", "text/csv").run()
    assert not at.exception and "columns time, label" in at.error[0].value


def test_the_report_and_the_table_are_those_of_the_page(classifier: EmotionClassifier) -> None:
    happened = (Event(0.5, "ball", 1.0),)

    def table(suffix: str) -> bytes:
        return table_of(classifier)

    page = _report(table, classifier, "film.mp4", happened, None).decode()
    assert "What people see" in page and "happy 100% of 6" in page and "20 readings" in page
    assert "most of ten people agreed" in page
    rows = list(csv.DictReader(io.StringIO(_with_events(table, happened).decode())))
    assert [row["time_s"] for row in rows if row["events"] == "ball"] == [
        "0.5",
        "0.6",
        "0.7",
        "0.8",
        "0.9",
        "1.0",
    ]
