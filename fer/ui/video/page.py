"""The video page: a file in; a time line, an annotated video and a table out."""

from __future__ import annotations

import os
import shutil
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from fer.errors import InputError
from fer.figures import timeline_figure
from fer.files import write_faults
from fer.media import encode_png
from fer.preprocessing import shrink_to_fit
from fer.ui import live_view, samples
from fer.ui.downloads import table_buttons
from fer.ui.label_sets import label_set_choice
from fer.ui.model_choice import explainer
from fer.ui.shell import PUT_AWAY, begin, errors_shown, leases, recognizer, viewer
from fer.ui.text import fault, plain
from fer.ui.typed_paths import may_type, typed_path
from fer.ui.video.neutral import neutral_choice, neutral_line
from fer.video import VIDEO_SUFFIXES, VideoOptions
from fer.video.video_task import VideoTask

REFRESH_S = 0.5
_SHOWN_SIDE = 960
_MAX_UPLOAD_MIB = 400
# A larger one would be held in memory to be shown.
_SHOWN_BYTES = 100 * 2**20
# What a browser downloads lies in memory as well, whole.
_TAKEN_BYTES = 256 * 2**20

# What the choice is called -> frames analysed per second of the video.
_RATES: dict[str, float | None] = {
    "every": None,
    "10 a second": 10.0,
    "5 a second": 5.0,
    "1 a second": 1.0,
}


def clock(seconds: float) -> str:
    """``1:05``, or ``1:02:05`` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _chosen() -> tuple[str, Path | BinaryIO] | None:
    """Name and content of the video that was handed in."""
    typing = may_type() and (
        st.segmented_control(
            "Where from",
            ["Upload", "Path on this machine"],
            default="Upload",
            key="video_source",
            label_visibility="collapsed",
        )
        == "Path on this machine"
    )
    if typing:
        text = st.text_input(
            "Path of a video file", key="video_path", placeholder="/home/me/film.mp4"
        ).strip()
        return (Path(text).name, Path(text)) if text else None
    file = st.file_uploader(
        "Drop a video here",
        type=sorted(suffix.lstrip(".") for suffix in VIDEO_SUFFIXES),
        key="video_file",
        max_upload_size=_MAX_UPLOAD_MIB,
    )
    return (file.name, file) if file is not None else None


def _options(*, disabled: bool) -> tuple[str, VideoOptions, bool]:
    """Label set, frames to analyse, whether to annotate."""
    with st.expander("Other label sets", icon=":material/label:"):
        labels = label_set_choice("video_labels", disabled=disabled)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        rate = st.segmented_control(
            "Frames that are read",
            list(_RATES),
            default="every",
            key="video_rate",
            help="Fewer frames are faster; faces keep their identity all the same.",
            disabled=disabled,
            width="content",
        )
        annotate = st.toggle(
            "Annotated video",
            value=True,
            key="video_annotate",
            disabled=disabled,
            width="content",
        )
        identity = st.toggle(
            "Recognise who comes back",
            value=True,
            key="video_identity",
            help="A person who leaves the picture and returns gets the old number, by how the face "
            "looks. The numbers for this are kept in memory only, never in a file, compared with "
            "nobody outside this video, and gone when it has been read.",
            disabled=disabled,
            width="content",
        )
    options = VideoOptions(rate=_RATES[rate or "every"], identity=identity)
    return labels, options, annotate


def _run() -> VideoTask | None:
    """This viewer's run; survives a page switch."""
    run: VideoTask | None = st.session_state.get("video_run")
    if run is not None and run.closed:
        st.session_state["video_run"] = run = None
        st.info(PUT_AWAY, icon=":material/delete:")
    return run


def _start(name: str, content: Path | BinaryIO, options: tuple[str, VideoOptions, bool]) -> None:
    """Throw the run before away and begin a new one."""
    old = _run()
    st.session_state["video_run"] = None
    if old is not None:
        old.close()
    labels, reading, annotate = options
    if isinstance(content, Path):
        content = typed_path(content)
        if not content.is_file():
            raise InputError(f"{name}: expected a video file, got a folder; give one of its files")
    engine = recognizer(labels)
    folder = VideoTask.new_folder()
    path = content if isinstance(content, Path) else folder / "upload"
    run = VideoTask(path, folder, engine, options=reading, annotate=annotate, name=name)
    leases().enter(viewer(), run)
    if not isinstance(content, Path):
        leases().check_room(viewer(), content.seek(0, os.SEEK_END), folder)
        content.seek(0)
        with write_faults(path), path.open("wb") as file:
            shutil.copyfileobj(content, file)
    run.start()
    st.session_state["video_run"] = run


def _watch(run: VideoTask) -> None:
    """The progress of a run, and a button to end it."""
    progress = run.progress
    share = progress.share if progress else 0.0
    text = f"Opening {plain(run.name)} ..."
    if progress:
        text = f"{share:.0%}, at {clock(progress.time_s)}, {progress.frames:,} frames"
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


def _scrub(run: VideoTask, end_s: float) -> None:
    """A slider over the video, the time line of one face, and the picture of the chosen time."""
    now = st.slider(
        "Time in seconds",
        0.0,
        max(0.1, round(end_s, 2)),
        round(run.first_face_s, 2),
        0.01,
        key="video_time",
    )
    # The picture first: where columns are stacked, it is seen while the slider is moved.
    picture, chart = st.columns([2, 3], gap="large")
    with picture, errors_shown():
        _picture(run, now)
    with chart:
        _chart(run, now, end_s)


def _chart(run: VideoTask, now: float, end_s: float) -> None:
    """The time line of one face."""
    faces = run.time_line.face_ids()
    if not faces:
        st.html(live_view.STYLE + live_view.placeholder("No face was found in this video."))
        return
    face = faces[0]
    if len(faces) > 1:
        face = st.segmented_control(
            "Face", faces, default=faces[0], key="video_face", required=True
        )
    st.plotly_chart(
        timeline_figure(
            *run.time_line.of_face(face),
            run.time_line.labels,
            title=f"Face {face} over time",
            end_s=end_s,
            now_s=now,
        ),
        key="video_figure",
        config={"displayModeBar": False},
    )
    neutral_choice(run, face, now, end_s)


def _picture(run: VideoTask, now: float) -> None:
    """The annotated picture of a time, with a card for each of its first faces."""
    exact = explainer(run.classifier.folder, run.classifier.head)
    why = exact is not None and st.session_state.get("video_why", False)
    shown = run.picture_at(now, exact if why else None)
    if shown is None:
        st.html(live_view.STYLE + live_view.placeholder("No picture at this time."))
        return
    image, result = shown
    png = encode_png(shrink_to_fit(image, _SHOWN_SIDE))
    st.image(png, width="stretch", alt=f"The video at {now:.2f} seconds")
    if exact is not None:
        st.toggle(
            "Show where the network looked",
            key="video_why",
            help="Warm: what speaks for each face's most probable emotion",
        )
    cards = "".join(
        live_view.face_card(
            one,
            f"face {one.face_id}",
            neutral_line(run, one),
            chip=live_view.identity_chip(one.face_id),
        )
        for one in (result.faces[:2] if result else ())
    )
    if cards:
        st.html(live_view.STYLE + cards)


def _downloads(run: VideoTask) -> None:
    stem = Path(run.name).stem or "video"
    annotated = run.annotated()
    small = annotated is not None and annotated.stat().st_size <= _TAKEN_BYTES
    with st.container(horizontal=True):
        if annotated is not None and small:
            st.download_button(
                "Annotated video",
                annotated.read_bytes,
                f"{stem}-annotated.mp4",
                "video/mp4",
                icon=":material/movie:",
                key="video_mp4",
                on_click="ignore",
            )
        table_buttons(run.table, f"{stem}-emotions", key="video_table")
    if annotated is not None and not small:
        mib = annotated.stat().st_size / 2**20
        st.caption(
            f"The annotated video has {mib:,.0f} MiB, more than a page hands out. While this page "
            f"is open it lies on this machine at {plain(str(annotated))}."
        )


def _finished(run: VideoTask) -> None:
    """What came of a run."""
    st.subheader(plain(run.name))
    if run.error:
        fault(run.error)
    outcome = run.outcome
    if outcome is None:
        return
    if not outcome.finished:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":material/pause_circle: Stopped at **{clock(outcome.end_s)}**. What is done is "
                "below.",
                width="stretch",
            )
            if st.button("Go on", icon=":material/play_circle:", key="video_resume"):
                run.start()
                st.rerun()
    for line in filter(None, (outcome.reason, outcome.note)):
        st.warning(plain(line), icon=":material/info:")
    summary = run.summary()
    st.html(
        live_view.STYLE
        + live_view.figures(
            {
                "Length": clock(outcome.end_s),
                "Frames": f"{outcome.frames:,}",
                "Read": f"{outcome.analysed:,}",
                "Faces": f"{run.faces}",
            }
        )
    )
    _downloads(run)
    st.subheader("Time line")
    st.fragment(_scrub)(run, outcome.end_s)
    if summary:
        st.subheader("Share of time")
        st.html(live_view.STYLE + live_view.summary_table(summary))
    annotated = run.annotated()
    if annotated is not None and annotated.stat().st_size <= _SHOWN_BYTES:
        st.subheader("Annotated video")
        st.video(str(annotated))


def render() -> None:
    """Draw the page."""
    begin("Video", "🎬")
    st.title("Video")
    with errors_shown():
        run = _run()
        busy = run is not None and run.active
        if busy and run is not None:
            # Without its widget the server forgets the upload; the run has a copy on disk.
            _options(disabled=True)
            st.markdown(f"Reading **{plain(run.name)}**")
            st.fragment(_watch, run_every=REFRESH_S)(run)
            return
        chosen = _chosen()
        options = _options(disabled=False)
        with st.container(horizontal=True):
            begun = st.button(
                "Analyse",
                icon=":material/play_arrow:",
                key="video_start",
                type="primary",
                disabled=chosen is None,
            )
            sample = samples.clip_button("video_sample")
        if st.session_state.pop(samples.READ_CLIP, False) or sample:
            chosen, begun = ("sample clip.mp4", BytesIO(samples.CLIP.read_bytes())), True
        if begun and chosen is not None:
            _start(*chosen, options)
            st.rerun()
        if run is not None:
            _finished(run)
        else:
            st.caption(
                "MP4, MOV, WebM, MKV or AVI. The file and what is made of it lie in a temporary "
                "folder of this machine while the page is open, nowhere else."
            )
