"""The photos page: pictures in, annotated pictures and a table out."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from fer.errors import FerError
from fer.export import SourceResult, to_csv, to_json, to_rows
from fer.media import FORMAT_NAMES, IMAGE_SUFFIXES, MAX_BYTES, decode_image, encode_png
from fer.overlay import draw_faces
from fer.preprocessing import Image, shrink_to_fit
from fer.ui import live_view
from fer.ui.shell import LABEL_SET_NAMES, begin, download, errors_shown, plain, recognizer

# Shown pictures are shrunk to this side; detection sees the original.
_SHOWN_SIDE = 1200
_MAX_CARDS = 12


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedPhoto:
    """One upload after analysis: its result, what to show, what was noticed on the way in."""

    result: SourceResult
    annotated_png: bytes | None = None
    notes: tuple[str, ...] = ()


def analyse(data: bytes, name: str, labels: str) -> AnalysedPhoto:
    """Decode and analyse one upload; a broken one gives a reason instead of faces."""
    try:
        picture = decode_image(data, name)
        faces = recognizer(labels, still=True).analyze(picture.image_bgr)
    except FerError as fault:
        return AnalysedPhoto(SourceResult(name, reason=str(fault)))
    shown: Image = shrink_to_fit(draw_faces(picture.image_bgr, faces), _SHOWN_SIDE)
    return AnalysedPhoto(SourceResult(name, faces), encode_png(shown), picture.notes)


def _uploads() -> list[tuple[str, str, bytes]]:
    """Identity, name and bytes of what was handed in."""
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
        return [(shot.file_id, "camera.jpg", shot.getvalue())] if shot else []
    files = st.file_uploader(
        "Drop pictures here",
        type=sorted(suffix.lstrip(".") for suffix in IMAGE_SUFFIXES),
        accept_multiple_files=True,
        key="photos_files",
        max_upload_size=MAX_BYTES // 2**20,
    )
    return [(file.file_id, file.name, file.getvalue()) for file in files or []]


def _analysed(labels: str) -> list[AnalysedPhoto]:
    """Analyse new uploads once; results of removed ones are forgotten."""
    known: dict[tuple[str, str], AnalysedPhoto] = st.session_state.get("photos_known", {})
    uploads = _uploads()
    kept: dict[tuple[str, str], AnalysedPhoto] = {}
    new = [upload for upload in uploads if (upload[0], labels) not in known]
    bar = st.progress(0.0, f"Analysing {len(new)} pictures") if len(new) > 1 else None
    for done, (file_id, name, data) in enumerate(new, start=1):
        known[file_id, labels] = analyse(data, name, labels)
        if bar is not None:
            bar.progress(done / len(new), f"{done} of {len(new)} pictures analysed")
    if bar is not None:
        bar.empty()
    for file_id, _name, _data in uploads:
        kept[file_id, labels] = known[file_id, labels]
    st.session_state["photos_known"] = kept
    return list(kept.values())


def _downloads(photos: list[AnalysedPhoto], labels: str) -> None:
    engine = recognizer(labels, still=True)
    card = engine.classifier.folder.card
    rows = to_rows(
        [photo.result for photo in photos],
        labels=engine.classifier.labels,
        model=card.name,
        version=card.version,
    )
    faces = sum(len(photo.result.faces) for photo in photos)
    broken = sum(photo.result.status == "error" for photo in photos)
    summary = f"**{faces}** {'face' if faces == 1 else 'faces'} in **{len(photos)}** "
    summary += "picture" if len(photos) == 1 else "pictures"
    if broken:
        summary += f"; **{broken}** could not be read"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(summary, width="stretch")
        download("CSV", to_csv(rows), "emotions.csv", key="photos_csv")
        download("JSON", to_json(rows), "emotions.json", key="photos_json", mime="application/json")


def _show(photo: AnalysedPhoto) -> None:
    result = photo.result
    with st.container(border=True):
        if photo.annotated_png is None:
            st.error(result.reason, icon=":material/broken_image:")
            return
        picture, table = st.columns([3, 2], gap="medium")
        with picture:
            st.image(photo.annotated_png, width="stretch", alt=f"Annotated picture {result.source}")
            st.caption("; ".join([plain(result.source), *photo.notes]))
        with table:
            if not result.faces:
                st.html(
                    live_view.STYLE
                    + live_view.placeholder("No face found. Frontal, well-lit faces work best.")
                )
                return
            cards = "".join(
                live_view.face_card(face, f"face {face.face_id + 1}")
                for face in result.faces[:_MAX_CARDS]
            )
            st.html(live_view.STYLE + cards)
            more = len(result.faces) - _MAX_CARDS
            if more > 0:
                st.caption(f"{more} more faces are in the table that you can download.")


def render() -> None:
    """Draw the page."""
    begin("Photos", "🖼️")
    st.title("Photos")
    with errors_shown():
        labels = st.segmented_control(
            "Label set",
            list(LABEL_SET_NAMES),
            format_func=LABEL_SET_NAMES.__getitem__,
            default="fer2013",
            key="photos_labels",
        )
        labels = labels or "fer2013"
        photos = _analysed(labels)
        if not photos:
            st.caption(
                f"{FORMAT_NAMES}, up to 64 MiB and 50 megapixels each. "
                "Pictures stay in this server's memory while the page is open, nowhere else."
            )
            return
        _downloads(photos, labels)
        for photo in photos:
            _show(photo)
