"""The photos page: pictures in, annotated pictures and a table out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from fer.media import FORMAT_NAMES, IMAGE_SUFFIXES, MAX_BYTES
from fer.media.annotated_zip import zip_bytes, zip_parts
from fer.media.archives import ARCHIVE_SUFFIXES
from fer.media.photo_task import Photo, PhotoTask, Upload
from fer.ui import affect_view, live_view, samples
from fer.ui.downloads import table_buttons
from fer.ui.label_sets import label_set_choice
from fer.ui.model_choice import explainer
from fer.ui.photos.gallery import show_photos
from fer.ui.shell import begin, errors_shown, leases, recognizer, shipped_model, viewer
from fer.ui.text import fault, plain

REFRESH_S = 0.5
_MAX_UPLOAD_MIB = 400


def _uploads() -> list[Upload]:
    """What was handed in."""
    source = st.segmented_control(
        "Where from",
        ["Files", "Camera"],
        default="Files",
        key="photos_source",
        label_visibility="collapsed",
    )
    if source == "Camera":
        # Rendered on demand only: the widget asks for the camera as soon as it is on the page.
        shot = st.camera_input("Take a picture", key="photos_camera")
        return [Upload(shot.file_id, "camera.jpg", shot.getvalue())] if shot else []
    files = st.file_uploader(
        "Drop pictures here, or ZIPs of pictures",
        type=sorted(suffix.lstrip(".") for suffix in IMAGE_SUFFIXES | ARCHIVE_SUFFIXES),
        accept_multiple_files=True,
        key="photos_files",
        max_upload_size=_MAX_UPLOAD_MIB,
    )
    if files:
        st.session_state.pop(samples.SHOW_PICTURES, None)
    elif st.session_state.get(samples.SHOW_PICTURES):
        if st.button("Put the samples away", icon=":material/close:", key="photos_no_samples"):
            del st.session_state[samples.SHOW_PICTURES]
            st.rerun()
        return [Upload(path.name, path.name, path.read_bytes()) for path in samples.PICTURES]
    elif samples.pictures_button("photos_samples"):
        st.session_state[samples.SHOW_PICTURES] = True
        st.rerun()
    return [Upload(file.file_id, file.name, file.getvalue()) for file in files]


def _batch(labels: str) -> PhotoTask:
    """This viewer's batch; another label set begins a new one."""
    known: tuple[str, PhotoTask] | None = st.session_state.get("photos_batch")
    if known is not None and known[0] == labels and not known[1].closed:
        return known[1]
    engine = recognizer(labels)
    if known is not None:
        known[1].close()
    batch = PhotoTask(engine)
    leases().enter(viewer(), batch)
    st.session_state["photos_batch"] = (labels, batch)
    return batch


def _watch(batch: PhotoTask) -> None:
    """The progress of a batch, and a button to end it."""
    progress = batch.progress
    text = f"{progress.done:,} of {progress.total:,} pictures"
    if progress.remaining_s is not None:
        text += f", about {plain(live_view.duration(progress.remaining_s))} left"
    bar, button = st.columns([6, 1], vertical_alignment="bottom")
    bar.progress(min(1.0, progress.done / max(1, progress.total)), text)
    button.button(
        "Cancel",
        icon=":material/stop_circle:",
        key="photos_cancel",
        on_click=batch.cancel,
        width="stretch",
    )
    if not batch.active:
        st.rerun()


def _summary(photos: Sequence[Photo]) -> str:
    faces = sum(len(photo.result.faces) for photo in photos)
    broken = sum(photo.result.status == "error" for photo in photos)
    repeated = sum("same bytes as" in photo.result.note for photo in photos)
    text = f"**{faces:,}** {'face' if faces == 1 else 'faces'} in **{len(photos):,}** "
    text += "picture" if len(photos) == 1 else "pictures"
    if broken:
        text += f"; **{broken:,}** could not be read"
    if repeated:
        text += f"; **{repeated:,}** {'is' if repeated == 1 else 'are'} there twice"
    return text


def _downloads(batch: PhotoTask, photos: Sequence[Photo]) -> None:
    st.markdown(_summary(photos))
    with st.container(horizontal=True):
        parts = zip_parts(batch.annotated())
        for number, part in enumerate(parts, start=1):
            whole = len(parts) == 1
            st.download_button(
                "Annotated pictures"
                if whole
                else f"Annotated pictures, {number:,} of {len(parts):,}",
                partial(zip_bytes, part),
                "annotated.zip" if whole else f"annotated-{number}.zip",
                "application/zip",
                icon=":material/photo_library:",
                key=f"photos_zip{number}",
                # A run of the page lets the part before go.
                on_click="ignore" if whole else "rerun",
            )
        table_buttons(batch.table, "emotions", key="photos_table")


def _stopped(batch: PhotoTask) -> None:
    """What is left after a cancel, and a button to go on."""
    progress = batch.progress
    left = progress.total - progress.done
    if not left:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/pause_circle: Stopped; **{left:,}** are left. What is done is below.",
            width="stretch",
        )
        if st.button("Go on", icon=":material/play_circle:", key="photos_resume"):
            batch.start()
            st.rerun()


def render() -> None:
    """Draw the page."""
    begin("Photos", "🖼️")
    st.title("Photos")
    with errors_shown():
        uploads = _uploads()
        with st.expander("Other label sets", icon=":material/label:"):
            labels = label_set_choice("photos_labels")
        if not uploads:
            if (known := st.session_state.pop("photos_batch", None)) is not None:
                known[1].close()
            st.caption(
                f"{FORMAT_NAMES}, up to {MAX_BYTES // 2**20:,} MiB and 120 megapixels each, alone "
                "or in ZIPs. Pictures stay in this machine's memory and in a temporary folder "
                "while the page is open, nowhere else."
            )
            return
        batch = _batch(labels)
        batch.keep(uploads)
        if batch.active:
            st.fragment(_watch, run_every=REFRESH_S)(batch)
            return
        if batch.error:
            fault(batch.error)
        _stopped(batch)
        photos = batch.photos()
        if photos:
            _downloads(batch, photos)
            circle = affect_view.label_and_help(shipped_model().card)
            if circle is not None:
                st.toggle(circle[0], key="photos_affect", help=circle[1])
            show_photos(photos, explainer(shipped_model(), labels))
