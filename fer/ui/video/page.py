"""The video page: a video in; a player with a line per person, a table and downloads out."""

from __future__ import annotations

from io import BytesIO

import streamlit as st

from fer.export.strips import clock
from fer.ui import live_view, samples
from fer.ui.presses import pressed
from fer.ui.shell import PUT_AWAY, begin, errors_shown
from fer.ui.text import plain
from fer.ui.video.form import choices, chosen_video, new_run
from fer.ui.video.result import show_result
from fer.video.video_task import VideoTask

REFRESH_S = 0.5


def _run() -> VideoTask | None:
    """This viewer's run; survives a page switch."""
    run: VideoTask | None = st.session_state.get("video_run")
    if run is not None and run.closed:
        st.session_state["video_run"] = run = None
        st.info(PUT_AWAY, icon=":material/delete:")
    return run


def _clear() -> None:
    """Throw the run away, with its files."""
    run: VideoTask | None = st.session_state.get("video_run")
    st.session_state["video_run"] = None
    if run is not None:
        run.close()


def _ask(*, busy: bool) -> None:
    """The form; begins a run."""
    chosen = chosen_video()
    with st.container(horizontal=True):
        begun = pressed(
            "Analyse",
            "video_start",
            icon=":material/play_arrow:",
            type="primary",
            disabled=chosen is None or busy,
        )
        sample = samples.clip_button("video_sample")
        how = choices()
    if sample and busy:
        _say_busy()
    elif st.session_state.pop(samples.READ_CLIP, False) or sample:
        chosen, begun = ("sample clip.mp4", BytesIO(samples.CLIP.read_bytes())), True
    if begun and chosen is not None:
        # What is shown stays if there is a fault in what comes next.
        run = new_run(*chosen, how)
        _clear()
        st.session_state["video_run"] = run
        st.rerun()


def _say_busy() -> None:
    st.info(
        "A video is being read: cancel it, or wait for it, before the sample clip.",
        icon=":material/info:",
    )


def _watch(run: VideoTask) -> None:
    """The progress of a run, and a button to end it."""
    progress = run.progress
    share = progress.share if progress else 0.0
    text = f"Opening {plain(run.name)} ..."
    if progress:
        text = f"{share:.0%}, at {clock(progress.time_s)}, {progress.frames:,} pictures"
        if progress.remaining_s is not None:
            text += f", about {plain(live_view.duration(progress.remaining_s))} left"
        if share >= 1.0:
            text = "Putting it together ..."
    st.progress(min(1.0, share), text)
    st.button("Cancel", icon=":material/stop_circle:", key="video_cancel", on_click=run.cancel)
    summary = run.summary()
    if summary:
        st.html(live_view.STYLE + live_view.summary_table(summary, max_faces=3))
    if not run.active:
        st.rerun()


def render() -> None:
    """Draw the page."""
    begin("Video", "🎬")
    with errors_shown():
        run = _run()
        if run is None:
            st.title("Video")
            st.markdown("Who shows what, and when: every face is followed through the video.")
            _ask(busy=False)
            st.caption(
                "The file and what is made of it lie in a temporary folder of this machine while "
                "the page is open, nowhere else."
            )
            return
        if run.active:
            st.title("Video")
            st.markdown(f"Reading **{plain(run.name)}**")
            if st.session_state.pop(samples.READ_CLIP, False):
                _say_busy()
            st.fragment(_watch, run_every=REFRESH_S)(run)
        else:
            show_result(run, _clear)
        # Below a result too: without its parts the server forgets the upload and the settings.
        with st.expander(
            "Another video, or other settings",
            icon=":material/movie:",
            expanded=not run.active and run.outcome is None,
        ):
            _ask(busy=run.active)
