"""The webcam page's "Teach it my face": snapshots, a fit, its figures, a file to keep."""

from __future__ import annotations

from html import escape

import streamlit as st

from fer.detection.base import DETECTORS
from fer.errors import FerError
from fer.labels import COLOURS
from fer.live.samples import SampleCollector
from fer.live.session import LiveSession
from fer.recognition.personal import (
    FEWEST,
    MOST,
    PersonalClassifier,
    PersonalModel,
    fit_personal,
)
from fer.recognition.personal_file import from_json, to_json
from fer.recognition.recognizer import EmotionRecognizer
from fer.ui.downloads import download
from fer.ui.label_sets import usual
from fer.ui.presses import pressed
from fer.ui.shell import errors_shown, recognizer
from fer.ui.text import fault, say

_SHOTS = 5

_STYLE = """
<style>
.fer-taught {display:flex; flex-wrap:wrap; gap:.35rem .5rem; font-size:.86rem;}
.fer-taught span {border:1px solid color-mix(in srgb, currentColor 18%, transparent);
  border-radius:1rem; padding:.05rem .6rem; font-variant-numeric:tabular-nums;}
.fer-taught i {display:inline-block; width:.65em; height:.65em; border-radius:50%;
  margin-right:.4em;}
.fer-versus {display:grid; grid-template-columns:auto 1fr 3rem; gap:.25rem .7rem;
  align-items:center; font-size:.9rem; max-width:30rem;}
.fer-versus div {height:.6rem; border-radius:.3rem; overflow:hidden;
  background:color-mix(in srgb, currentColor 10%, transparent);}
.fer-versus div span {display:block; height:100%; background:#3E7BD6;}
.fer-versus em {font-style:normal; text-align:right; font-variant-numeric:tabular-nums;}
</style>
"""


def chosen_engine() -> EmotionRecognizer:
    """The recogniser of the label set and the detector that this viewer chose."""
    chosen = st.session_state
    labels, detector = chosen.get("webcam_labels") or usual(), chosen.get("webcam_detector")
    # Without the usual one by name, which the other pages do not name either: one, not two.
    return recognizer(labels) if detector in (None, DETECTORS[0]) else recognizer(labels, detector)


def personal_engine(engine: EmotionRecognizer) -> EmotionRecognizer:
    """The recogniser of this viewer: with the personal model, where one is in use."""
    # Label sets may have the same labels: what a model refines is known by its head.
    personal, head = st.session_state.get("personal_model", (None, ""))
    used = st.session_state.get("personal_used", True)
    if personal is None or not used or head != engine.classifier.head:
        return engine
    made = st.session_state.get("personal_engine")
    # The same object as long as nothing changed: another one would restart the detector.
    if made is None or made[0] is not personal or made[1] is not engine:
        own = EmotionRecognizer(
            PersonalClassifier(engine.classifier, personal),
            engine.detector,
            threshold=engine.threshold,
        )
        made = st.session_state["personal_engine"] = (personal, engine, own)
    chosen: EmotionRecognizer = made[2]
    return chosen


def viewer_engine() -> EmotionRecognizer:
    """What reads this viewer's stream with the controls as they are."""
    return personal_engine(chosen_engine())


def _collector(session: LiveSession, engine: EmotionRecognizer) -> SampleCollector:
    """This viewer's snapshots; another label set starts anew."""
    if session.collector is None or session.collector.general.head != engine.classifier.head:
        session.collector = SampleCollector(engine.classifier)
    return session.collector


def _counts(collector: SampleCollector) -> str:
    parts = "".join(
        f'<span><i style="background:{COLOURS[name]}"></i>{escape(name)} {count}</span>'
        for name, count in collector.counts().items()
        if count
    )
    return f'{_STYLE}<div class="fer-taught">{parts}</div>'


def _versus(personal: PersonalModel) -> str:
    rows = "".join(
        f'<b>{name}</b><div><span style="width:{share:.1%}"></span></div><em>{share:.0%}</em>'
        for name, share in (
            ("General model", personal.general_accuracy),
            ("Your model", personal.own_accuracy),
        )
    )
    return f'{_STYLE}<div class="fer-versus">{rows}</div>'


def _adopt(personal: PersonalModel, head: str) -> None:
    st.session_state["personal_model"] = (personal, head)
    st.session_state["personal_used"] = True


def _learn(collector: SampleCollector) -> None:
    samples = collector.samples()
    if samples is not None:
        _adopt(fit_personal(samples, collector.general.labels), collector.general.head)


def _fitted(personal: PersonalModel, head: str, engine: EmotionRecognizer) -> None:
    names = ", ".join(
        f"{personal.labels[k]} ({n})" for k, n in zip(personal.taught, personal.counts, strict=True)
    )
    say("**Taught:** {names}", names=names)
    st.html(_versus(personal))
    st.caption(
        "Right answers on your snapshots; yours cross-validated: each was read by a model that "
        "had not seen it. Snapshots of one take resemble each other, so take two or more of each "
        "emotion for an honest figure."
    )
    st.toggle("Read faces with it", key="personal_used", persist_state="session")
    if head != engine.classifier.head:
        st.caption("It was taught with another label set, and rests until you choose that again.")
        return
    content = to_json(personal, engine.classifier.folder, head)
    download("Keep it as a file", content, "my-face.json", key="personal_file")


def _upload(engine: EmotionRecognizer) -> None:
    file = st.file_uploader("Load a kept model", type="json", key="personal_upload")
    if file is None:
        st.session_state.pop("personal_upload_id", None)
        st.session_state.pop("personal_upload_fault", None)
    elif st.session_state.get("personal_upload_id") != file.file_id:
        st.session_state["personal_upload_id"] = file.file_id
        st.session_state["personal_upload_fault"] = None
        try:
            personal, head = from_json(file.getvalue(), engine.classifier.folder)
            _adopt(personal, head)
            if head != engine.classifier.head:
                st.info("It was taught with another label set: choose that in the settings.")
        except FerError as wrong:
            st.session_state["personal_upload_fault"] = wrong
    # Said as long as the file is there: the next refresh may come at once.
    if (refused := st.session_state.get("personal_upload_fault")) is not None:
        fault(refused)


def taking(session: LiveSession) -> bool:
    """Whether snapshots are being taken, so that the panel has to follow."""
    return session.collector is not None and session.collector.missing() > 0


def teach(session: LiveSession, playing: bool, *, followed: bool) -> None:
    """Draw the expander; call it in a fragment of its own.

    Where that repeats itself, ``followed``, it asks for a run of the page when all is done.
    """
    engine = chosen_engine()
    collector = _collector(session, engine)
    with st.expander("Teach it my face", icon=":material/school:"), errors_shown():
        st.caption(
            f"Hold an expression, take {_SHOTS} snapshots, go on with the next; {FEWEST} to {MOST} "
            "of each, two emotions or more. Only the network's numbers are kept, no pictures, and "
            "only while this page lives: keep the file if you want it again."
        )
        if not playing:
            collector.stop()
        emotion = st.segmented_control(
            "Expression that you show", engine.classifier.labels, key="personal_emotion"
        )
        missing = collector.missing()
        full = emotion is not None and collector.counts()[emotion] >= MOST
        with st.container(horizontal=True, vertical_alignment="center"):
            if pressed(
                f"Taking, {missing:,} to go" if missing else f"Take {_SHOTS:,} snapshots",
                "personal_take",
                icon=":material/photo_camera:",
                disabled=not playing or emotion is None or full or missing > 0,
            ):
                collector.take(str(emotion), _SHOTS)
                st.rerun()
            if pressed("Learn", "personal_learn", icon=":material/model_training:"):
                _learn(collector)
                if collector.samples() is None:
                    st.info("Take some snapshots first.")
            if pressed("Forget", "personal_forget", icon=":material/delete:", type="tertiary"):
                session.collector = None
                st.session_state.pop("personal_model", None)
                st.rerun()
        if any(collector.counts().values()):
            st.html(_counts(collector))
        _upload(engine)
        if (taught := st.session_state.get("personal_model")) is not None:
            _fitted(taught[0], taught[1], engine)
    if followed and not taking(session):
        st.rerun()
    # Acts with the next frame, also when nothing else on the page is touched.
    session.configure(session.settings, personal_engine(engine))
