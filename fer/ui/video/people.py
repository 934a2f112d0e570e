"""The people of a video beside its player: shares of time, names, who is who, who is hidden."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from fer.export import strips
from fer.export.people import PersonEdit, grouped, is_hidden
from fer.export.timeline import MAX_FACES
from fer.recognition.baseline import NeutralBaseline, row_of
from fer.tracking.summary import FaceSummary
from fer.ui import live_view
from fer.video.video_task import VideoTask

_MAX_NAME = 40
# Seconds before and after a moment that count as it.
_AROUND_S = 0.5


def people_of(run: VideoTask) -> dict[int, tuple[int, ...]]:
    """Person -> identities, longest on show first; those beyond what a page shows are left out."""
    return grouped(run.time_line.face_ids(), run.people)


def show_people(run: VideoTask, now_s: float) -> None:
    """A row for each person, with what can be changed about them.

    Args:
        run: Of this viewer.
        now_s: The time at which the player stands.
    """
    summary = {face.face_id: face for face in run.summary()}
    groups = people_of(run)
    shown = [person for person in groups if not is_hidden(person, run.people)]
    if len(shown) > 1:
        st.html(live_view.STYLE + _line("Everybody", "", summary.get(0)))
    for person in sorted(groups, key=lambda person: is_hidden(person, run.people)):
        with st.container(horizontal=True, vertical_alignment="center"):
            chips = "".join(map(live_view.identity_chip, groups[person]))
            said = "hidden" if is_hidden(person, run.people) else ""
            line = _line(run.name_of(person), chips, summary.get(person), said)
            st.html(live_view.STYLE + line, width="stretch")
            with st.popover("Edit", key=_key(run, "edit", person), type="tertiary"):
                _edit(run, person, groups, now_s)
    if run.faces > MAX_FACES:
        st.caption(f"Of many people, the {MAX_FACES} seen longest. The table has all.")


def _line(name: str, chips: str, summary: FaceSummary | None, said: str = "") -> str:
    """A name, how long and how; as HTML."""
    shares = summary.shares() if summary else {}
    top = ", ".join(f"{escape(label)} {share:.0%}" for label, share in list(shares.items())[:3])
    total = live_view.duration(summary.total_s) if summary and summary.face_id else said
    return (
        f'<div class="fer-person{" fer-held" if said else ""}"><div class="fer-head">'
        f"<span>{chips}<b>{escape(name)}</b></span><i>{total}</i></div>"
        f"{strips.share_bar(shares)}<small>{top}</small></div>"
    )


def _key(run: VideoTask, what: str, person: int) -> str:
    return f"person_{what}_{person}_{run.folder.name}"


def _change(run: VideoTask, person: int, what: str, key: str) -> None:
    """Take over what a part of the page says now."""
    value = st.session_state[key]
    if what == "name":
        value = " ".join(value.split())[:_MAX_NAME]
    elif what == "same_as":
        value = value or None
    edit = run.people[person] = replace(run.people.get(person, PersonEdit()), **{what: value})
    if what == "same_as" and value and edit.name:
        other = run.people.get(value, PersonEdit())
        run.people[value] = replace(other, name=other.name or edit.name)
        st.session_state[_key(run, "name", value)] = run.people[value].name


def _edit(run: VideoTask, person: int, groups: dict[int, tuple[int, ...]], now_s: float) -> None:
    """Name, merge, hide, and the neutral face of one person."""
    edit = run.people.get(person, PersonEdit())

    def part(what: str) -> dict[str, Any]:
        key = _key(run, what, person)
        return {"key": key, "on_change": _change, "args": (run, person, what, key)}

    st.text_input("Name", edit.name, max_chars=_MAX_NAME, **part("name"))
    others = [other for other in groups if other != person]
    if others:
        st.selectbox(
            "The same person as",
            [0, *others],
            format_func=lambda other: run.name_of(other) if other else "nobody else",
            **part("same_as"),
        )
    for joined in groups[person][1:]:
        st.button(
            f"Number {joined:,} is somebody else",
            icon=":material/call_split:",
            key=_key(run, "split", joined),
            on_click=_split,
            args=(run, joined),
        )
    st.toggle(
        "Hide",
        edit.hidden,
        help="Leaves the person out of the lines, the shares and the table, not out of the video.",
        **part("hidden"),
    )
    _neutral(run, person, groups[person], now_s)


def _split(run: VideoTask, face_id: int) -> None:
    """An identity is a person of its own again, with everybody who was joined through it."""
    run.people[face_id] = replace(run.people[face_id], same_as=None)


def _neutral(run: VideoTask, person: int, ids: tuple[int, ...], now_s: float) -> None:
    """A button that takes a moment of a person for their neutral face."""
    general = run.classifier.folder.neutral_reading(run.classifier.head)
    if not general:
        return
    times, rows = run.time_line.of_faces(ids)
    near = np.abs(times - now_s) <= max(_AROUND_S, run.time_line.step_s / 2)
    near &= ~np.isnan(rows).any(axis=1)

    def take() -> None:
        run.neutrals[person] = NeutralBaseline.learn(
            run.time_line.labels, times[near], rows[near], row_of(general)
        )

    def forget() -> None:
        run.neutrals.pop(person, None)

    if person in run.neutrals:
        st.button(
            "Forget the neutral face",
            icon=":material/undo:",
            key=_key(run, "neutral_reset", person),
            on_click=forget,
        )
        return
    st.button(
        "This moment shows the neutral face",
        icon=":material/sentiment_neutral:",
        key=_key(run, "neutral", person),
        on_click=take,
        disabled=not near.any(),
        help="Some faces look stern or sad at rest. Stop the video where this one shows nothing: "
        "then you also see how it looks compared with that. Kept in memory only.",
    )
