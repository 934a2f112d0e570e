"""The pictures of a batch on the page: filters, order, a gallery in pages, each face enlarged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

import streamlit as st

from fer.decoding import Session
from fer.explanation.activation import ClassActivation
from fer.figures import emotion_counts_figure
from fer.labels import in_order
from fer.media.decoded import decode
from fer.media.face_tiles import face_tiles
from fer.media.photo_task import Photo
from fer.results import FaceEmotion
from fer.ui import affect_view, live_view
from fer.ui.shell import errors_shown
from fer.ui.text import fault, plain

PER_PAGE = 12
_LARGE_SIDE, _SMALL_SIDE = 1200, 480
# Two beside each other fit on a phone.
_TILE_SIDE = 140
_MAX_CARDS = 12
# From so many pictures on they are a gallery; fewer are shown large.
_GALLERY_FROM = 3
_MAX_ERRORS = 6

_ORDERS = ("as handed in", "most confident", "least confident", "most faces")

_STYLE = """
<style>
.fer-said {display:flex; flex-wrap:wrap; gap:.1rem .8rem; font-size:.86rem; min-height:1.4em;}
.fer-said i {display:inline-block; width:.7em; height:.7em; border-radius:.2em;
  margin-right:.35em;}
.st-key-photos_large img {max-height: 55vh; object-fit: contain;}
.st-key-photos_gallery img {aspect-ratio: 4 / 3; object-fit: contain;
  background: color-mix(in srgb, currentColor 6%, transparent);}
</style>
"""


def _confidences(photo: Photo) -> list[float]:
    return [face.confidence for face in photo.result.faces]


def _filtered(photos: Sequence[Photo]) -> list[Photo]:
    """What the filters leave, in the chosen order."""
    seen = {live_view.emotion_name(face) for photo in photos for face in photo.result.faces}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        wanted = st.pills(
            "Show emotions",
            in_order(seen),
            selection_mode="multi",
            key="photos_emotions",
            width="content",
            help="Pictures with at least one such face; none chosen shows all.",
        )
        least = st.slider(
            "Confidence from", 0, 100, 0, 5, format="%d%%", key="photos_confidence", width=220
        )
        order = st.selectbox("Order", _ORDERS, key="photos_order", width=200)

    def fits(face: FaceEmotion) -> bool:
        named = not wanted or live_view.emotion_name(face) in wanted
        return named and face.confidence >= least / 100

    shown = list(photos)
    if wanted or least:
        shown = [photo for photo in shown if any(map(fits, photo.result.faces))]
    if order == "most confident":
        shown.sort(key=lambda photo: -max(_confidences(photo), default=-1.0))
    elif order == "least confident":
        shown.sort(key=lambda photo: min(_confidences(photo), default=2.0))
    elif order == "most faces":
        shown.sort(key=lambda photo: -len(photo.result.faces))
    return shown


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


def _caption(photo: Photo) -> str:
    return plain("; ".join(filter(None, [photo.result.source, photo.result.note])))


def _top_three(face: FaceEmotion) -> str:
    ranked = sorted(face.probabilities.items(), key=lambda item: -item[1])[:3]
    return live_view.probability_bars(dict(ranked))


def _faces(photo: Photo, explainer: ClassActivation | None) -> None:
    """Each face cut out, with its heat map and its most probable emotions."""
    with errors_shown():
        _digest, (picture,) = decode(photo.source, Session())
        if st.session_state.get("photos_affect"):
            names = {face.face_id: f"face {face.face_id + 1}" for face in photo.result.faces}
            st.html(affect_view.circumplex(photo.result.faces[:_MAX_CARDS], names))
        tiles = face_tiles(picture.image_bgr, photo.result.faces[:_MAX_CARDS], explainer)
        for number, tile in enumerate(tiles, start=1):
            seen, words = st.columns([1, 1], vertical_alignment="center")
            label = tile.face.top_label
            with seen, st.container(horizontal=True, gap="small"):
                st.image(tile.crop, width=_TILE_SIDE, alt=f"Face {number}")
                if tile.heat:
                    st.image(
                        tile.heat,
                        width=_TILE_SIDE,
                        alt=f"What speaks for {label}, face {number}",
                    )
            with words:
                st.html(
                    live_view.STYLE
                    + f'<div class="fer-card" style="{live_view.card_edge(tile.face)}">'
                    f'<div class="fer-head">{live_view.card_head(tile.face)}'
                    f"<i><u>face {number}</u></i></div>"
                    f"{_top_three(tile.face)}</div>"
                )
        if any(tile.heat for tile in tiles):
            st.caption("Warm: what speaks for the most probable emotion, against the mean of all.")
        _more(photo)


def _more(photo: Photo) -> None:
    more = len(photo.result.faces) - _MAX_CARDS
    if more > 0:
        st.caption(f"{more:,} more faces are in the table that you can download.")


@st.dialog("Faces", width="medium")
def _dialog(photo: Photo, explainer: ClassActivation | None) -> None:
    st.html(_STYLE)
    with st.container(key="photos_large"):
        st.image(
            photo.shown(_LARGE_SIDE), width="stretch", alt=f"Picture {photo.number}, annotated"
        )
    st.caption(_caption(photo))
    _faces(photo, explainer)


def _large(photo: Photo, explainer: ClassActivation | None) -> None:
    """A picture over the whole page, with a card for every face."""
    with st.container(border=True):
        picture, table = st.columns([3, 2], gap="medium")
        with picture:
            st.image(
                photo.shown(_LARGE_SIDE),
                width="stretch",
                alt=f"Annotated picture {photo.result.source}",
            )
            st.caption(_caption(photo))
        with table:
            if not photo.result.faces:
                st.html(
                    live_view.STYLE
                    + live_view.placeholder("No face found. Frontal, well-lit faces work best.")
                )
                return
            cards = "".join(
                live_view.face_card(face, f"face {face.face_id + 1}")
                for face in photo.result.faces[:_MAX_CARDS]
            )
            st.html(live_view.STYLE + cards)
            if st.session_state.get("photos_affect"):
                shown = photo.result.faces[:_MAX_CARDS]
                names = {face.face_id: f"face {face.face_id + 1}" for face in shown}
                st.html(affect_view.circumplex(shown, names))
            _more(photo)
            if st.button(
                "Where it looked", icon=":material/center_focus_strong:", key=f"why{photo.number}"
            ):
                _dialog(photo, explainer)


def _page(count: int) -> range:
    """Which pictures are on the chosen page."""
    pages = -(-count // PER_PAGE)
    number = 1
    if pages > 1:
        # A filter may leave fewer pages than the one that was open.
        kept = st.session_state.get("photos_page", 1)
        st.session_state["photos_page"] = min(max(1, kept), pages)
        number = int(
            st.number_input(f"Page, of {pages:,}", 1, pages, key="photos_page", width=160, step=1)
        )
    return range((number - 1) * PER_PAGE, min(count, number * PER_PAGE))


def _gallery(photos: Sequence[Photo], explainer: ClassActivation | None) -> None:
    st.html(_STYLE)
    shown = _filtered(photos)
    if not shown:
        st.html(live_view.STYLE + live_view.placeholder("No picture has such a face."))
        return
    places = _page(len(shown))
    if len(shown) < len(photos):
        st.caption(f"{len(shown):,} of {len(photos):,} pictures")
    with st.container(key="photos_gallery"):
        for begin in range(places.start, places.stop, 3):
            row = shown[begin : min(begin + 3, places.stop)]
            for column, photo in zip(st.columns(3), row, strict=False):
                with column, st.container(border=True, gap="xsmall"):
                    st.image(
                        photo.shown(_SMALL_SIDE),
                        width="stretch",
                        alt=f"Annotated picture {photo.result.source}",
                    )
                    st.html(_said(photo))
                    st.caption(_caption(photo))
                    if photo.result.faces and st.button(
                        "Faces", key=f"faces{photo.number}", type="tertiary", icon=":material/face:"
                    ):
                        _dialog(photo, explainer)


def _faults(photos: Sequence[Photo]) -> None:
    broken = [photo for photo in photos if photo.result.reason]
    if len(broken) <= _MAX_ERRORS:
        for photo in broken:
            fault(photo.result.reason)
        return
    with st.expander(f"{len(broken):,} pictures could not be read, or only in part"):
        st.dataframe(
            [{"picture": p.result.source, "reason": p.result.reason} for p in broken],
            hide_index=True,
            width="stretch",
        )


def show_photos(photos: Sequence[Photo], explainer: ClassActivation | None) -> None:
    """Draw everything that is done.

    Args:
        photos: Pictures of a batch.
        explainer: For heat maps; None where the model has none.
    """
    _faults(photos)
    read = [photo for photo in photos if photo.annotated is not None]
    if len(read) < _GALLERY_FROM:
        for photo in read:
            _large(photo, explainer)
        return
    counts = Counter(live_view.emotion_name(f) for photo in read for f in photo.result.faces)
    if counts:
        st.plotly_chart(
            emotion_counts_figure(counts), key="photos_chart", config={"displayModeBar": False}
        )
    st.fragment(_gallery)(read, explainer)
