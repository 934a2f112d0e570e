"""The video page's "use this face, at this moment, as neutral"."""

from __future__ import annotations

import weakref

import numpy as np
import streamlit as st

from fer.figures import timeline_figure
from fer.recognition.baseline import NeutralBaseline, row_of
from fer.results import FaceEmotion
from fer.ui import live_view
from fer.video.video_task import VideoTask

# Seconds before and after the moment that count.
_AROUND_S = 0.5
# Run, face and baseline, in memory while the page lives; the run may go before.
_KEY = "video_neutral"


def _own(run: VideoTask, face_id: int) -> NeutralBaseline | None:
    """What was taken for this face's neutral, if it was of this run."""
    kept = st.session_state.get(_KEY)
    if kept is None or kept[0]() is not run or kept[1] != face_id:
        return None
    baseline: NeutralBaseline = kept[2]
    return baseline


def neutral_line(run: VideoTask, face: FaceEmotion) -> str:
    """What a card says below the general reading, if this face's neutral was shown."""
    own = _own(run, face.face_id)
    return live_view.neutral_line(own.read_face(face, run.threshold)) if own is not None else ""


def neutral_choice(run: VideoTask, face_id: int, now: float, end_s: float) -> None:
    """A button that takes a moment of a face for its neutral; then its time line from there.

    Args:
        run: Of this viewer.
        face_id: The face whose time line is shown.
        now: The chosen moment, in seconds.
        end_s: Length of the video.
    """
    general = run.classifier.folder.neutral_reading(run.classifier.head)
    if not general:
        return
    times, rows = run.time_line.of_face(face_id)
    near = np.abs(times - now) <= max(_AROUND_S, run.time_line.step_s / 2)
    near &= ~np.isnan(rows).any(axis=1)

    def take() -> None:
        baseline = NeutralBaseline.learn(
            run.time_line.labels, times[near], rows[near], row_of(general)
        )
        st.session_state[_KEY] = (weakref.ref(run), face_id, baseline)

    own = _own(run, face_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Use face {face_id:,} at this moment as neutral",
            icon=":material/sentiment_neutral:",
            key="video_neutral_take",
            on_click=take,
            disabled=not near.any(),
            help="Some faces look stern or sad at rest. Choose a moment in which this one shows "
            "nothing: then you also see how it looks compared with that. Kept in memory only.",
        )
        if own is not None:
            st.button(
                "Reset",
                icon=":material/undo:",
                key="video_neutral_reset",
                type="tertiary",
                on_click=st.session_state.pop,
                args=(_KEY, None),
            )
    if own is not None:
        st.plotly_chart(
            timeline_figure(
                times,
                own.read(rows),
                run.time_line.labels,
                title=f"Face {face_id} compared with its own neutral",
                end_s=end_s,
                now_s=now,
            ),
            key="video_neutral_figure",
            config={"displayModeBar": False},
        )
