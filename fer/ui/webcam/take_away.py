"""What a viewer takes away of a whole session: its report, its table; and how to clear it."""

from __future__ import annotations

import time
from functools import partial

import streamlit as st

from fer.detection.base import DETECTORS
from fer.live.session import LiveSession
from fer.models.accuracy import accuracy_lines
from fer.recognition.personal import PersonalClassifier
from fer.recognition.recognizer import EmotionRecognizer
from fer.ui.downloads import TABLE_FORMATS
from fer.ui.label_sets import NAMES
from fer.ui.presses import unpressed
from fer.ui.text import plain
from fer.ui.webcam.controls import DETECTOR_NAMES, kept_toggle
from fer.ui.webcam.personal import viewer_engine
from fer.ui.webcam.recording import file_button, offered
from fer.ui.webcam.timeline import clear_button


def session_files(session: LiveSession, playing: bool) -> None:
    """Hand out the report and the rows of all that was analysed, recorded or not."""
    log = session.record.log
    if not log.frames:
        unpressed("session_clear")
        return
    began = time.localtime(time.time() - (session.clock() - (log.start_s or 0.0)))
    stem = time.strftime("webcam-%Y%m%d-%H%M%S-session", began)
    with st.container(horizontal=True, vertical_alignment="center"):
        title = time.strftime("Webcam session, %Y-%m-%d %H:%M", began)
        finder = st.session_state.get("webcam_detector", DETECTORS[0])
        report = partial(_report, session, title, viewer_engine(), DETECTOR_NAMES[finder])
        icon, at_once = ":material/lab_profile:", not playing
        file_button("Report", stem + ".html", report, "log", at_once=at_once, icon=icon)
        with st.popover("Table", icon=":material/table:"):
            st.caption(
                f"{log.frames:,} pictures so far, a row for each face in each, with the events. "
                "The pictures are not in it."
            )
            if log.dropped:
                st.caption(f"The first {log.dropped:,} gave way to newer ones.")
            for suffix, name in TABLE_FORMATS.items():
                table = partial(session.record.table, suffix)
                label = f"Session as {plain(name)}"
                file_button(label, stem + suffix, table, "log", at_once=at_once)
        clear_button(session)
        session.record.keep_faces = kept_toggle(
            "Faces in the report",
            "webcam_faces",
            help="From now on the picture of the face is kept for the strongest reading of every "
            "emotion: in memory, until you turn this off, clear the session or leave. Ask first.",
        )
    if playing:
        offered("log")


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
