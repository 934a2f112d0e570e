"""Choosing a data set on a page: by path or by upload, read once and shared by all sessions."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import streamlit as st

from fer.datasets import FaceDataset, find_data, find_ferplus, open_dataset
from fer.datasets.archive import HandedIn, open_handed_in
from fer.datasets.label_map import OWN_NAMES
from fer.errors import FerError
from fer.ui.long_work import progress_bar
from fer.ui.shell import errors_shown
from fer.ui.text import fault, text
from fer.ui.typed_paths import may_type, typed_path

_MAX_UPLOAD_MIB = 400
_SKIP = "Leave out rows and files that cannot be read"


@st.cache_resource(show_spinner=False, max_entries=4)
def _open(
    path: str, ferplus: str | None, skip: bool, own: bool, stamp: tuple[float, ...]
) -> FaceDataset:
    """A data set shared by all sessions; read again when a file or folder changes."""
    words = OWN_NAMES if own else None
    with progress_bar(text("Reading {name} for the first time ...", name=Path(path).name)) as show:
        return open_dataset(path, ferplus=ferplus, labels=words, skip_bad=skip, progress=show)


@st.cache_resource(show_spinner=False, max_entries=2)
def _open_uploads(digest: str, skip: bool, _files: list[Any]) -> FaceDataset:
    """An uploaded data set; sessions that hand in the same files share it."""
    handed_in = [HandedIn(file.name, file) for file in _files]
    names = ", ".join(file.name for file in _files)
    with progress_bar(text("Reading {name} for the first time ...", name=names)) as show:
        return open_handed_in(handed_in, skip_bad=skip, progress=show)


def _digest(files: list[Any]) -> str:
    """What makes two uploads the same: names and bytes of their files.

    The names too: a data set carries its file's, which is nobody else's business.
    """
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(file.name.encode("utf-8", "surrogatepass") + b"\0")
        file.seek(0)
        digest.update(hashlib.file_digest(file, "blake2b").digest())
        file.seek(0)
    return digest.hexdigest()


def _uploader(key: str) -> list[Any]:
    files = st.file_uploader(
        "Or drop a fer2013.csv(.gz), with or without fer2013new.csv, or a zip of class folders",
        type=["csv", "gz", "zip"],
        accept_multiple_files=True,
        key=f"{key}_upload",
        max_upload_size=_MAX_UPLOAD_MIB,
    )
    return list(files)


def _uploaded(key: str, files: list[Any], skip: bool) -> FaceDataset:
    identity = tuple(file.file_id for file in files)
    known = st.session_state.get(f"{key}_digest")
    if known is None or known[0] != identity:
        known = (identity, _digest(files))
        st.session_state[f"{key}_digest"] = known
    return _open_uploads(known[1], skip, files)


def _stamp(path: Path) -> tuple[float, ...]:
    """Times of a file, or of a folder and the two levels below it: a new picture changes them."""
    if path.is_file():
        return (path.stat().st_mtime,)
    folders = [path, *(p for p in path.glob("*") if p.is_dir())]
    folders += [p for p in path.glob("*/*") if p.is_dir()]
    return tuple(sorted(folder.stat().st_mtime for folder in folders))


def _named(
    typed: str, votes: str, skip: bool, found: Path | None, own_classes: bool
) -> FaceDataset:
    """The data set at a path: that which the server itself found, or a viewer's."""
    own = found is not None and typed == str(found)
    if own_classes and not own:
        tree = typed_path(typed)
        return _open(str(tree), None, skip, True, _stamp(tree))
    path = found if own else find_data(typed_path(typed))
    assert path is not None  # an explicit path that holds none raises
    ferplus = find_ferplus(typed_path(votes) if votes else None, path)
    if not own:
        # What lies there may be a link to elsewhere.
        path = typed_path(path)
        ferplus = typed_path(ferplus) if ferplus else None
    stamp = _stamp(path) + (_stamp(ferplus) if ferplus else ())
    return _open(str(path), str(ferplus) if ferplus else None, skip, False, stamp)


def _paths(key: str, found: Path | None) -> tuple[str, str]:
    """The path of the data and of the votes, where this viewer may type any."""
    if not may_type():
        return str(found or ""), ""
    if found is None:
        st.markdown(
            "Give the path of `fer2013.csv`, `fer2013.csv.gz` or a folder with one folder per "
            "class; it is read on this machine and stays there."
        )
    left, right = st.columns(2)
    typed = left.text_input(
        "Path of a file or folder",
        value=str(found or ""),
        key=f"{key}_path",
        placeholder="fer2013.csv.gz",
    )
    votes = right.text_input(
        "FER+ votes (found by themselves beside the file)",
        key=f"{key}_votes",
        placeholder="fer2013new.csv",
    )
    return typed.strip(), votes.strip()


def choose_data(
    key: str,
    *,
    look: bool = True,
    label: str = "Choose the data",
    own: bool = False,
    folded: bool = False,
) -> FaceDataset | None:
    """Widgets for a data set; None when none was chosen yet.

    What cannot be read is a sentence on the page, and what was shown before stays. With ``look`` it
    starts with what lies in the usual places; ``own`` takes class folders as they are called;
    ``folded`` is for a page that has something to show without data.
    """
    found = None
    if look:
        with errors_shown():
            found = find_data()
    with st.expander(label, expanded=found is None and not folded, icon=":material/folder_open:"):
        typed, votes = _paths(key, found)
        files = _uploader(key)
        skip = st.checkbox(_SKIP, key=f"{key}_skip")
    # Outside the expander, or else a closed one would hide the progress and the sentence.
    try:
        dataset = None
        if files:
            dataset = _uploaded(key, files, skip)
        elif typed:
            dataset = _named(typed, votes, skip, found, own)
        # Only now: a fault above leaves the last good one in place.
        st.session_state[f"{key}_shown"] = dataset
    except FerError as refused:
        # The command's option is a box here.
        fault(str(refused).replace("with --skip-bad", f'with "{_SKIP}" above'))
    shown: FaceDataset | None = st.session_state.get(f"{key}_shown")
    return shown
