"""The photos page: pictures in; a gallery, annotated pictures and a table out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from fer.media.annotated_zip import zip_bytes, zip_parts
from fer.media.archives import ARCHIVE_SUFFIXES
from fer.media.photo import Photo, Upload
from fer.media.photo_task import PhotoTask
from fer.pictures.content import FORMAT_NAMES, IMAGE_SUFFIXES
from fer.pictures.reading import MAX_BYTES
from fer.ui import live_view, samples
from fer.ui.downloads import download, table_buttons
from fer.ui.label_sets import label_set_choice, usual
from fer.ui.model_choice import explainer
from fer.ui.photos.gallery import OPEN, show_photos
from fer.ui.sections import one_of
from fer.ui.shell import (
    PUT_AWAY,
    begin,
    errors_shown,
    leases,
    recognizer,
    shipped_model,
    viewer,
)
from fer.ui.text import fault, in_words, plain

REFRESH_S = 1.0
_MAX_UPLOAD_MIB = 400
_TASK = "photos_batch"
_DROPPED = "photos_dropped"
"""How often something was handed in: each time the place to drop it is a new, empty one."""


def _uploads() -> list[Upload]:
    """What is handed in just now."""
    number = st.session_state.setdefault(_DROPPED, 0)
    if one_of("Where from", ["Files", "Camera"], "photos_source", hidden=True) == "Camera":
        # Rendered on demand only: the widget asks for the camera as soon as it is on the page.
        shot = st.camera_input("Take a picture", key=f"photos_camera{number}")
        return [Upload(shot.file_id, "camera.jpg", shot.getvalue())] if shot else []
    files = st.file_uploader(
        "Drop pictures here, or ZIPs of pictures",
        type=sorted(suffix.lstrip(".") for suffix in IMAGE_SUFFIXES | ARCHIVE_SUFFIXES),
        accept_multiple_files=True,
        key=f"photos_files{number}",
        max_upload_size=_MAX_UPLOAD_MIB,
    )
    if samples.pictures_button("photos_samples"):
        st.session_state[samples.SHOW_PICTURES] = True
    return [Upload(file.file_id, file.name, file.getvalue()) for file in files]


def _task(labels: str) -> PhotoTask | None:
    """This viewer's pictures, read in a label set; they survive a page switch."""
    task: PhotoTask | None = st.session_state.get(_TASK)
    if task is not None and task.closed:
        _forget()
        st.info(PUT_AWAY, icon=":material/delete:")
        return None
    if task is not None and task.recognizer.classifier.head != labels:
        task.read_as(recognizer(labels))
    return task


def _take(uploads: list[Upload], labels: str) -> None:
    """Begin with what was handed in, and show the page anew; go on where nothing was."""
    if st.session_state.pop(samples.SHOW_PICTURES, False):
        uploads = [Upload(path.name, path.name, path.read_bytes()) for path in samples.PICTURES]
    task: PhotoTask | None = st.session_state.get(_TASK)
    if task is None and uploads:
        task = PhotoTask(recognizer(labels))
        leases().enter(viewer(), task)
        st.session_state[_TASK] = task
    if task is not None and task.add(uploads):
        st.session_state[_DROPPED] += 1
        st.rerun()


def _clear(task: PhotoTask) -> None:
    task.close()
    _forget()


def _forget() -> None:
    """Neither the pictures nor which of them is shown large outlive the other."""
    for key in (_TASK, OPEN):
        st.session_state.pop(key, None)


def _summary(photos: Sequence[Photo]) -> str:
    faces = sum(len(photo.result.faces) for photo in photos)
    repeated = sum("same bytes as" in photo.result.note for photo in photos)
    text = f"**{faces:,}** {'face' if faces == 1 else 'faces'} in **{len(photos):,}** "
    text += "picture" if len(photos) == 1 else "pictures"
    if repeated:
        text += f"; **{repeated:,}** {'is' if repeated == 1 else 'are'} there twice"
    return text


def _progress(task: PhotoTask) -> None:
    """How far it is, and a button to end it or to go on."""
    progress = task.progress
    left = progress.total - progress.done
    if not left:
        return
    text = f"{progress.done:,} of {progress.total:,} pictures"
    if not task.active:
        text += ", stopped"
    elif progress.remaining_s is not None:
        text += f", about {plain(live_view.duration(progress.remaining_s))} left"
    bar, place = st.columns([5, 1], vertical_alignment="bottom")
    bar.progress(progress.done / progress.total, text)
    button = partial(place.button, width="stretch")
    if task.active:
        icon = ":material/stop_circle:"
        button("Stop", key="photos_stop", icon=icon, on_click=task.cancel)
    else:
        icon = ":material/play_circle:"
        button("Go on", key="photos_resume", icon=icon, on_click=task.start)


def _faults(task: PhotoTask, photos: Sequence[Photo]) -> None:
    """What went wrong, folded into one line."""
    if task.error:
        fault(task.error)
    broken = [photo.result for photo in photos if photo.result.reason]
    if not broken:
        return
    one = "1 picture was" if len(broken) == 1 else f"{len(broken):,} pictures were"
    nothing = all(photo.picture is None for photo in photos)
    with st.expander(
        f"{one} not read, or only in part", expanded=nothing, icon=":material/warning:"
    ):
        for result in broken[:100]:
            st.markdown(plain(in_words(result.reason)))
        if len(broken) > 100:
            st.caption("All of them are in the table that you can download.")


def _downloads(task: PhotoTask, photos: Sequence[Photo], *, active: bool) -> None:
    with st.popover("Download", icon=":material/download:", disabled=active):
        st.markdown("**Pictures with their faces drawn**")
        parts = zip_parts(photos)
        for number, part in enumerate(parts, start=1):
            whole = len(parts) == 1
            st.download_button(
                "ZIP" if whole else f"ZIP, {number:,} of {len(parts):,}",
                partial(zip_bytes, part),
                "annotated.zip" if whole else f"annotated-{number}.zip",
                "application/zip",
                icon=":material/photo_library:",
                key=f"photos_zip{number}",
                # A run of the page lets the part before go.
                on_click="ignore" if whole else "rerun",
            )
        st.markdown("**A report for anybody to read**")
        shown = st.checkbox(
            "With faces",
            key="photos_report_faces",
            help="The face of the strongest reading of every emotion becomes part of the file.",
        )
        report, icon = partial(task.report, shown), ":material/lab_profile:"
        download("Report", report, "report.html", key="photos_report", icon=icon)
        st.markdown("**A table of all faces**")
        with st.container(horizontal=True, gap="small"):
            table_buttons(task.table, "emotions", key="photos_table")


@st.fragment
def _shown(task: PhotoTask, *, growing: bool) -> None:
    """Everything that is done so far."""
    if task.closed or (task.active and not growing):
        # Put away, or it goes on: the whole page says so, or grows with it.
        st.rerun()
    photos = task.photos()
    st.markdown(_summary(photos))
    _progress(task)
    _faults(task, photos)
    show_photos(task, photos, explainer(shipped_model(), task.recognizer.classifier.head))


@st.fragment(run_every=REFRESH_S)
def _growing(task: PhotoTask) -> None:
    """The same while it grows."""
    _shown(task, growing=True)
    if not task.active:
        st.rerun()


def render() -> None:
    """Draw the page."""
    begin("Photos", "🖼️")
    st.title("Photos")
    with errors_shown():
        labels = st.session_state.get("photos_labels") or usual()
        task = _task(labels)
        if task is None:
            uploads = _uploads()
            st.caption(
                f"{FORMAT_NAMES}, up to {MAX_BYTES // 2**20:,} MiB and 120 megapixels each, alone "
                "or in ZIPs. Pictures stay on this server while the page is open, in its memory "
                "and a temporary folder, nowhere else."
            )
            _take(uploads, labels)
            return
        with st.container(horizontal=True, key="photos_bar"):
            with st.popover("Add", icon=":material/add_photo_alternate:"):
                uploads = _uploads()
            # Asked once: what ends meanwhile is told by the part that grows.
            active = task.active
            _downloads(task, task.photos(), active=active)
            with st.popover("Emotions", icon=":material/label:"):
                label_set_choice("photos_labels", persist_state="session")
            st.button(
                "Clear", icon=":material/delete:", key="photos_clear", on_click=_clear, args=(task,)
            )
        _take(uploads, labels)
        if active or task.active:
            _growing(task)
        else:
            _shown(task, growing=False)
