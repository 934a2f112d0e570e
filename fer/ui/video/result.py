"""What came of a video: the player with a line per person, the people, this moment, downloads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from fer.export.events import Event
from fer.export.people import is_hidden, person_of
from fer.export.strips import clock, nearest
from fer.export.tally import StrongestReading
from fer.export.thumbnails import thumbnail
from fer.pictures.reading import encode_png
from fer.preprocessing import shrink_to_fit
from fer.results import FaceEmotion
from fer.ui import live_view
from fer.ui.downloads import table_buttons
from fer.ui.model_choice import explainer
from fer.ui.player import Lane, player, served
from fer.ui.report_menu import report_menu
from fer.ui.shell import errors_shown
from fer.ui.text import fault, in_words, plain
from fer.ui.video.people import people_of, show_people
from fer.video.peaks import Peak, peaks_of
from fer.video.state import VideoOutcome
from fer.video.video_task import VideoTask

_SHOWN_SIDE = 960
_MAX_CARDS = 2
_MAX_PEAKS = 12
# What a browser plays or downloads lies in the server's memory, whole.
_MOST_BYTES = 256 * 2**20

_STYLE = """
<style>
.fer-person {margin:.1rem 0 .2rem;} .fer-person small {opacity:.75;}
.fer-person .fer-head {margin-bottom:.15rem;} .fer-person .fer-head b {font-size:1rem;
  font-weight:550;}
</style>
"""


def show_result(run: VideoTask, clear: Callable[[], None]) -> None:
    """Draw what came of a run.

    Args:
        run: That has ended.
        clear: Throws it away.
    """
    outcome = run.outcome
    events: tuple[Event, ...] = ()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Video", width="content")
        st.subheader(plain(run.name), width="stretch")
        if outcome is not None:
            _downloads(run)
            events = report_menu(
                run.table,
                run.classifier,
                title=run.name,
                stem=Path(run.name).stem or "video",
                key="video_report",
                faces=partial(_face, run),
            )
        st.button("Clear", icon=":material/close:", key="video_clear", on_click=clear)
    if run.error:
        fault(run.error)
    elif outcome is None:
        _stopped(run)
    elif not outcome.finished:
        _stopped(run, outcome.end_s)
    if outcome is None:
        return
    for line in filter(None, (outcome.reason, outcome.note)):
        st.warning(plain(in_words(line)), icon=":material/info:")
    if not run.time_line.face_ids():
        st.html(live_view.STYLE + live_view.placeholder("No face was found in this video."))
    video = _small(run.annotated())
    st.fragment(_follow)(run, outcome, served(video, run.folder.name) if video else None, events)


def _stopped(run: VideoTask, end_s: float = 0.0) -> None:
    """Where it was stopped, and a button to go on."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if end_s:
            st.markdown(
                f":material/pause_circle: Stopped at **{clock(end_s)}**. What is done is below.",
                width="stretch",
            )
        else:
            st.markdown(
                ":material/pause_circle: Stopped before anything was read.", width="stretch"
            )
        icon = ":material/play_circle:"
        st.button("Go on", icon=icon, key="video_resume", on_click=run.start)


def _small(video: Path | None) -> Path | None:
    return video if video is not None and video.stat().st_size <= _MOST_BYTES else None


def _downloads(run: VideoTask) -> None:
    """Everything that can be taken away, behind one button."""
    stem = Path(run.name).stem or "video"
    annotated = run.annotated()
    with st.popover("Downloads", icon=":material/download:"):
        if _small(annotated) is not None and annotated is not None:
            st.download_button(
                "Video with marked faces",
                annotated.read_bytes,
                f"{stem}-annotated.mp4",
                "video/mp4",
                icon=":material/movie:",
                key="video_mp4",
                on_click="ignore",
            )
        elif annotated is not None:
            mib = annotated.stat().st_size / 2**20
            st.caption(
                f"The video with marked faces has {mib:,.0f} MiB, more than a page hands out. "
                f"While this page is open it lies on this machine at {plain(str(annotated))}."
            )
        table_buttons(run.table, f"{stem}-emotions", key="video_table")


def _face(run: VideoTask, peak: StrongestReading) -> bytes | None:
    """The face of a strongest reading, for a report."""
    frame = run.frame_at(peak.time_s or 0.0)
    return thumbnail(frame, peak.box) if frame is not None else None


def _follow(
    run: VideoTask, outcome: VideoOutcome, address: str | None, events: tuple[Event, ...]
) -> None:
    """The player, and what stands beside it: drawn again when the player rests elsewhere."""
    if run.closed:
        # Its viewer was away for too long; the whole page says so.
        st.rerun()
    st.html(live_view.STYLE + _STYLE)
    wide, beside = st.columns([5, 3], gap="large")
    still = wide.container()
    with wide:
        lanes, peaks = _lanes(run)
        now_s = player(
            address,
            lanes,
            peaks,
            labels=run.time_line.labels,
            threshold=run.threshold,
            step_s=run.time_line.step_s,
            length_s=outcome.end_s,
            start_s=run.first_face_s,
            key=f"video_player_{run.folder.name}",
            events=events,
        )
    if address is None:
        with still, errors_shown():
            _picture(run, now_s, why=False)
    with beside:
        st.caption(
            f"{nearest(outcome.end_s)} long, {outcome.frames:,} pictures, {outcome.analysed:,} read"
        )
        show_people(run, now_s)
        with errors_shown():
            _moment(run, now_s)


def _lanes(run: VideoTask) -> tuple[list[Lane], list[tuple[str, Peak]]]:
    """The lines of those who are shown, and where their emotions peak, in the order of time."""
    lanes: list[Lane] = []
    # With how many greater ones of the same person and emotion there are: each has its greatest.
    peaks: list[tuple[int, str, Peak]] = []
    line, summary = run.time_line, {face.face_id: face for face in run.summary()}
    for person, ids in people_of(run).items():
        if is_hidden(person, run.people):
            continue
        times, rows = line.of_faces(ids)
        name, first = run.name_of(person), round(times[0] / line.step_s - 0.5)
        shares = summary[person].shares() if person in summary else {}
        says = ", ".join(f"{label} {share:.0%}" for label, share in shares.items())
        lanes.append(Lane(ids, name, f"{name}: {says}", first, rows))
        if (own := run.neutrals.get(person)) is not None:
            words = f"{name} compared with the own neutral face"
            lanes.append(Lane((), "from neutral", words, first, own.read(rows)))
        greater: Counter[str] = Counter()
        for peak in peaks_of(times, rows, line.labels):
            peaks.append((greater[peak.label], name, peak))
            greater[peak.label] += 1
    peaks.sort(key=lambda one: (one[0], -one[2].share))
    chosen = [(name, peak) for _greater, name, peak in peaks[:_MAX_PEAKS]]
    return lanes, sorted(chosen, key=lambda one: one[1].time_s)


def _moment(run: VideoTask, now_s: float) -> None:
    """Who shows what at the time at which the player stands."""
    result = run.result_at(now_s)
    faces = [
        face for face in (result.faces if result else ()) if not is_hidden(face.face_id, run.people)
    ]
    if not faces:
        return
    st.markdown(f"**At {clock(now_s)}**")
    st.html(live_view.STYLE + "".join(_card(run, face) for face in faces[:_MAX_CARDS]))
    exact = explainer(run.classifier.folder, run.classifier.head)
    if exact is not None and st.toggle(
        "Show where the network looked",
        key="video_why",
        help="Warm: what speaks for each face's most probable emotion",
    ):
        _picture(run, now_s, why=True)


def _card(run: VideoTask, face: FaceEmotion) -> str:
    own = run.neutrals.get(person_of(face.face_id, run.people))
    return live_view.face_card(
        face,
        run.name_of(face.face_id),
        live_view.neutral_line(own.read_face(face, run.threshold)) if own else "",
        chip=live_view.identity_chip(face.face_id),
    )


def _picture(run: VideoTask, now_s: float, *, why: bool) -> None:
    """The picture of a time, with its faces marked, or with what the network looked at."""
    exact = explainer(run.classifier.folder, run.classifier.head) if why else None
    shown = run.picture_at(now_s, exact)
    if shown is not None:
        png = encode_png(shrink_to_fit(shown[0], _SHOWN_SIDE))
        st.image(png, width="stretch", alt=f"The video at {now_s:.2f} seconds")
