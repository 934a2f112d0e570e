"""What the video page asks before it reads: which video, and how."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from fer.errors import InputError
from fer.files import write_faults
from fer.ui.label_sets import label_set_choice
from fer.ui.shell import leases, recognizer, viewer
from fer.ui.typed_paths import may_type, typed_path
from fer.video import VIDEO_SUFFIXES, VideoOptions
from fer.video.video_task import VideoTask

_MAX_UPLOAD_MIB = 400

# What the choice is called -> pictures read per second of the video.
_RATES: dict[str, float | None] = {
    "all": None,
    "10 a second": 10.0,
    "5 a second": 5.0,
    "1 a second": 1.0,
}

Choices = tuple[str, VideoOptions, bool]
"""Label set, how the video is read, whether one with marked faces is made."""


def chosen_video() -> tuple[str, Path | BinaryIO] | None:
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


def choices() -> Choices:
    """How it is to be read, behind a button."""
    with st.popover("Settings", icon=":material/tune:"):
        rate = st.segmented_control(
            "Pictures that are read",
            list(_RATES),
            default="all",
            key="video_rate",
            help="Fewer are faster. A person keeps the same number all the same.",
            persist_state="session",
        )
        annotate = st.toggle(
            "Make a video to play, with the faces marked",
            value=True,
            key="video_annotate",
            help="Without it you get the lines and the table, sooner.",
            persist_state="session",
        )
        identity = st.toggle(
            "Recognise who comes back",
            value=True,
            key="video_identity",
            help="A person who leaves the picture and returns gets the old number, by how the face "
            "looks. The numbers for this are kept in memory only, never in a file, compared with "
            "nobody outside this video, and gone when it has been read.",
            persist_state="session",
        )
        labels = label_set_choice("video_labels", persist_state="session")
    return labels, VideoOptions(rate=_RATES[rate or "all"], identity=identity), annotate


def new_run(name: str, content: Path | BinaryIO, choices: Choices) -> VideoTask:
    """Begin to read a video.

    Raises:
        FerError: If it is no file, or there is no room for it.
    """
    labels, options, annotate = choices
    if isinstance(content, Path):
        content = typed_path(content)
        if not content.is_file():
            raise InputError(f"{name}: expected a video file, got a folder; give one of its files")
    engine = recognizer(labels)
    folder = VideoTask.new_folder()
    path = content if isinstance(content, Path) else folder / "upload"
    run = VideoTask(path, folder, engine, options=options, annotate=annotate, name=name)
    leases().enter(viewer(), run)
    if not isinstance(content, Path):
        leases().check_room(viewer(), content.seek(0, os.SEEK_END), folder)
        content.seek(0)
        with write_faults(path), path.open("wb") as file:
            shutil.copyfileobj(content, file)
    run.start()
    return run
