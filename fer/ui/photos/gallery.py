"""The pictures of a batch: a gallery with filters, and one picture large with all of its faces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from fer.explanation.activation import ClassActivation
from fer.figures import emotion_counts_figure
from fer.labels import in_order
from fer.media.face_tiles import face_tiles
from fer.media.photo import Photo
from fer.media.photo_task import PhotoTask
from fer.overlay import OverlayStyle
from fer.results import FaceEmotion
from fer.ui import affect_view, live_view
from fer.ui.sections import places
from fer.ui.shell import errors_shown, shipped_model
from fer.ui.text import plain

PER_PAGE = 12
OPEN = "photos_open"
"""In the session: the number of the picture that is shown large."""
_LARGE_SIDE, _SMALL_SIDE = 1200, 480
# Two beside each other fit on a phone.
_TILE_SIDE = 140
_MAX_CARDS = 12

_ORDERS: dict[str, Callable[[Photo], float]] = {
    "as handed in": lambda photo: photo.number,
    "most confident": lambda photo: -max(_confidences(photo), default=-1.0),
    "least confident": lambda photo: min(_confidences(photo), default=2.0),
    "most faces": lambda photo: -len(photo.result.faces),
}

_STYLE = """
<style>
.fer-said {display:flex; flex-wrap:wrap; gap:.1rem .8rem; font-size:.86rem; min-height:1.4em;}
.fer-said i {display:inline-block; width:.7em; height:.7em; border-radius:.2em;
  margin-right:.35em;}
.st-key-photos_large img {max-height: 70vh; object-fit: contain;}
.st-key-photos_gallery img {aspect-ratio: 4 / 3; object-fit: contain;
  background: color-mix(in srgb, currentColor 6%, transparent);}
/* The whole tile opens the picture; its button is what a keyboard and a screen reader find. */
[class*="st-key-photo_tile"] {position: relative;}
[class*="st-key-photo_open"], [class*="st-key-photo_open"] * {position: static !important;}
[class*="st-key-photo_tile"] button::after {content: ""; position: absolute; inset: 0;
  z-index: 1;}
[class*="st-key-photo_tile"] [data-testid="stElementToolbar"] {display: none;}
[class*="st-key-photo_tile"] button p {overflow-wrap: anywhere; text-align: left;}
[class*="st-key-photo_tile"]:hover {border-color: var(--st-primary-color, #0E7C66);}
@media (max-width: 640px) {
  /* Two beside each other, whatever row of three they are in. */
  .st-key-photos_gallery {display: grid; grid-template-columns: 1fr 1fr; gap: .6rem;}
  .st-key-photos_gallery > *, .st-key-photos_gallery > * > [data-testid="stHorizontalBlock"] {
    display: contents;}
  .st-key-photos_gallery [data-testid="stColumn"] {min-width: 0; width: auto;}
}
</style>
"""


def _confidences(photo: Photo) -> list[float]:
    return [face.confidence for face in photo.result.faces]


def _filtered(photos: Sequence[Photo]) -> list[Photo]:
    """What the filters leave, in the chosen order."""
    seen = {live_view.emotion_name(face) for photo in photos for face in photo.result.faces}
    with st.popover("Filter and order", icon=":material/filter_list:"):
        wanted = st.pills(
            "Show only",
            in_order(seen),
            selection_mode="multi",
            key="photos_emotions",
            help="Pictures with at least one such face.",
            persist_state="session",
        )
        least = st.slider(
            "At least so sure",
            0,
            100,
            0,
            5,
            format="%d%%",
            key="photos_confidence",
            persist_state="session",
        )
        order = st.selectbox("Order", list(_ORDERS), key="photos_order", persist_state="session")

    def fits(face: FaceEmotion) -> bool:
        named = not wanted or live_view.emotion_name(face) in wanted
        return named and face.confidence >= least / 100

    every = not wanted and not least
    shown = (photo for photo in photos if every or any(map(fits, photo.result.faces)))
    return sorted(shown, key=_ORDERS[order])


def _said(photo: Photo) -> str:
    """The faces of a picture as one line."""
    faces = photo.result.faces
    if not faces:
        return '<div class="fer-said"><span>no face found</span></div>'
    parts = "".join(
        f'<span><i style="background:{live_view.paint(live_view.emotion_name(face))}"></i>'
        f"{escape(face.reading)}</span>"
        for face in faces[:3]
    )
    more = f"<span>and {len(faces) - 3} more</span>" if len(faces) > 3 else ""
    return f'<div class="fer-said">{parts}{more}</div>'


def _open(number: int | None) -> None:
    st.session_state[OPEN] = number


def _take_out(task: PhotoTask, number: int) -> None:
    task.forget(number)
    if st.session_state.get(OPEN) == number:
        _open(None)


def _gallery(photos: Sequence[Photo]) -> None:
    """Small pictures in pages."""
    shown = _filtered(photos)
    if not shown:
        st.html(live_view.STYLE + live_view.placeholder("No picture has such a face."))
        return
    if len(shown) < len(photos):
        st.caption(f"{len(shown):,} of {len(photos):,} pictures")
    page = shown[places(len(shown), PER_PAGE, "photos_page")]
    with st.container(key="photos_gallery"):
        for begin in range(0, len(page), 3):
            row = page[begin : begin + 3]
            for column, photo in zip(st.columns(3), row, strict=False):
                tile = f"photo_tile{photo.number}"
                with column, st.container(border=True, gap="xsmall", key=tile):
                    st.image(photo.thumbnail(_SMALL_SIDE), width="stretch", alt="")
                    st.html(_said(photo))
                    st.button(
                        plain(photo.result.source),
                        key=f"photo_open{photo.number}",
                        type="tertiary",
                        on_click=_open,
                        args=(photo.number,),
                    )
                    if photo.result.note:
                        st.caption(plain(photo.result.note))


def _cards(photo: Photo, explainer: ClassActivation | None) -> None:
    """Each face cut out, with its heat map and what was read in it."""
    faces = photo.result.faces[:_MAX_CARDS]
    crops = photo.reading.crops[: len(faces)]
    maps = explainer.explain_crops(crops, faces) if explainer is not None else ()
    for number, tile in enumerate(face_tiles(photo.pixels(), faces, maps), start=1):
        with st.container(horizontal=True, gap="small"):
            st.image(tile.crop, width=_TILE_SIDE, alt=f"Face {number}")
            if tile.heat:
                label = tile.face.top_label
                alt = f"What speaks for {label}, face {number}"
                st.image(tile.heat, width=_TILE_SIDE, alt=alt)
        st.html(live_view.STYLE + live_view.face_card(tile.face, f"face {number}"))
    if maps:
        st.caption("Warm: what speaks for this emotion rather than for the others.")
    if (more := len(photo.result.faces) - len(faces)) > 0:
        st.caption(f"{more:,} more faces are in the table that you can download.")


def _steps(photo: Photo, photos: Sequence[Photo], task: PhotoTask) -> None:
    """Back to the gallery, on to the next picture, or away with this one."""
    place = photos.index(photo)
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(photos) > 1:
            st.button(
                "All pictures",
                icon=":material/grid_view:",
                key="photos_all",
                on_click=_open,
                args=(None,),
            )
        for name, icon, other in (
            ("Previous", ":material/chevron_left:", place - 1),
            ("Next", ":material/chevron_right:", place + 1),
        ):
            if len(photos) > 1:
                there = 0 <= other < len(photos)
                st.button(
                    name,
                    icon=icon,
                    key=f"photos_{name.lower()}",
                    on_click=_open,
                    args=(photos[other].number if there else None,),
                    disabled=not there,
                )
        st.button(
            "Take out",
            icon=":material/delete:",
            key="photos_out",
            type="tertiary",
            on_click=_take_out,
            args=(task, photo.number),
        )


def _large(
    photo: Photo, photos: Sequence[Photo], task: PhotoTask, explainer: ClassActivation | None
) -> None:
    """A picture over the whole page, with every face beside it."""
    _steps(photo, photos, task)
    picture, cards = st.columns([3, 2], gap="medium")
    with picture:
        place = st.container(key="photos_large")
        faces = photo.result.faces[:_MAX_CARDS]
        st.caption(plain("; ".join(filter(None, [photo.result.source, photo.result.note]))))
        with st.container(horizontal=True):
            points = st.toggle("Points", key="photos_points", persist_state="session")
            warm = explainer is not None and st.toggle(
                "Where it looked", key="photos_warm", persist_state="session"
            )
            circle = affect_view.label_and_help(shipped_model().card)
            affect = circle is not None and st.toggle(
                circle[0], key="photos_affect", help=circle[1], persist_state="session"
            )
        style = OverlayStyle(points=points)
        large = photo.drawn(_LARGE_SIDE, style, explainer if warm else None)
        place.image(large, width="stretch", alt=f"Annotated picture {photo.result.source}")
        if affect:
            names = {face.face_id: f"face {face.face_id + 1}" for face in faces}
            st.html(affect_view.circumplex(faces, names))
    with cards:
        if faces:
            _cards(photo, explainer)
        else:
            st.html(
                live_view.STYLE
                + live_view.placeholder("No face found. Frontal, well-lit faces work best.")
            )


def show_photos(
    task: PhotoTask, photos: Sequence[Photo], explainer: ClassActivation | None
) -> None:
    """Draw everything that is done: as a gallery, or the picture that is open."""
    read = [photo for photo in photos if photo.picture is not None]
    if not read:
        return
    st.html(_STYLE)
    progress = task.progress
    alone = len(read) == 1 and progress.done == progress.total
    number = read[0].number if alone else st.session_state.get(OPEN)
    with errors_shown():
        for photo in read:
            if photo.number == number:
                _large(photo, read, task, explainer)
                return
        _gallery(read)
        counts = Counter(live_view.emotion_name(f) for photo in read for f in photo.result.faces)
        if counts:
            st.plotly_chart(
                emotion_counts_figure(counts), key="photos_chart", config={"displayModeBar": False}
            )
