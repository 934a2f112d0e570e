"""What a viewer takes away of a whole session: its report, its table; and how to clear it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from fer.detection.base import DETECTORS
from fer.live.session import LiveSession
from fer.models.accuracy import accuracy_lines
from fer.recognition.personal import PersonalClassifier
from fer.recognition.recognizer import EmotionRecognizer
from fer.ui.downloads import TABLE_FORMATS
from fer.ui.label_sets import NAMES
from fer.ui.shell import pressed
from fer.ui.text import plain
from fer.ui.webcam.controls import DETECTOR_NAMES, kept_toggle
from fer.ui.webcam.personal import viewer_engine
from fer.ui.webcam.recording import offered
from fer.ui.webcam.timeline import clear_button

_FILE = "log_file"


def session_files(session: LiveSession, playing: bool) -> None:
    """Hand out the report and the rows of all that was analysed, recorded or not."""
    log = session.record.log
    if not log.frames:
        return
    began = time.localtime(time.time() - (session.clock() - (log.start_s or 0.0)))
    stem = time.strftime("webcam-%Y%m%d-%H%M%S-session", began)
    with st.container(horizontal=True, vertical_alignment="center"):
        title = time.strftime("Webcam session, %Y-%m-%d %H:%M", began)
        finder = st.session_state["webcam_kept"].get("webcam_detector", DETECTORS[0])
        report = partial(_report, session, title, viewer_engine(), DETECTOR_NAMES[finder])
        _file("Report", stem + ".html", report, "text/html", playing, icon=":material/lab_profile:")
        with st.popover("Table", icon=":material/table:"):
            st.caption(
                f"{log.frames:,} pictures so far, a row for each face in each, with the events. "
                "The pictures are not in it."
            )
            if log.dropped:
                st.caption(f"The first {log.dropped:,} gave way to newer ones.")
            for suffix, (label, mime) in TABLE_FORMATS.items():
                table = partial(session.record.table, suffix)
                _file(f"Session as {plain(label)}", stem + suffix, table, mime, playing)
        clear_button(session)
        session.record.keep_faces = kept_toggle(
            "Faces in the report",
            "webcam_faces",
            help="From now on the picture of the face is kept for the strongest reading of every "
            "emotion: in memory, until you turn this off, clear the session or leave. Ask first.",
        )
    if playing:
        offered(_FILE)


def _file(
    label: str, name: str, make: Callable[[], bytes], mime: str, playing: bool, icon: str = ""
) -> None:
    """A file with one click; while the page refreshes itself, made by one and saved by another.

    A file that is made on the click has no place on the page: a refresh may remove it before a
    busy browser has fetched it.
    """
    key = f"log_{name.rpartition('.')[2]}"
    if not playing:
        st.download_button(
            label,
            make,
            name,
            mime,
            icon=icon or ":material/download:",
            key=f"{key}_once",
            on_click="ignore",
        )
    elif pressed(label, key, icon=icon or None):
        st.session_state[_FILE] = (name, make())


def _report(session: LiveSession, title: str, engine: EmotionRecognizer, finder: str) -> bytes:
    """On a thread of its own, where a page's state is out of reach."""
    chosen, classifier = session.settings, engine.classifier
    threshold = engine.threshold if chosen.threshold is None else chosen.threshold
    settings = {
        "Read as": NAMES.get(classifier.head, classifier.head),
        "Taught to one person": "yes" if isinstance(classifier, PersonalClassifier) else "",
        "Faces found by": finder,
        "Smoothing": f"{chosen.smoothing_s:.2f} s",
        "“Unsure” below": f"{threshold:.0%}",
        "Returning people recognised": "yes" if chosen.identity else "no",
    }
    accuracy = accuracy_lines(classifier.folder, classifier.head)
    return session.record.report(title, settings, accuracy).encode()
