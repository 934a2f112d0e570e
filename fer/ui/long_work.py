"""What takes a while on a page: shown by a bar, and done once for all who look at the same data.

No part of a page refreshes itself meanwhile, so that the viewer's lease is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import streamlit as st

from fer.datasets import FaceDataset
from fer.ui.shell import leases, viewer

Arguments = ParamSpec("Arguments")
Made = TypeVar("Made")
OfDataset = Callable[Concatenate[FaceDataset, Arguments], Made]


def once_a_dataset(
    spinner: str | bool = False, most: int = 4
) -> Callable[[OfDataset[Arguments, Made]], OfDataset[Arguments, Made]]:
    """Let all sessions share what a function makes of a data set; keeps the ``most`` newest."""

    def decorate(make: OfDataset[Arguments, Made]) -> OfDataset[Arguments, Made]:
        @st.cache_resource(show_spinner=spinner, max_entries=most, hash_funcs={FaceDataset: id})
        @wraps(make)
        def kept(*args: Any, **more: Any) -> tuple[object, Made]:
            # The data set stays alive, so that no other one can take over its identity.
            return args[0], make(*args, **more)

        @wraps(make)
        def made(dataset: FaceDataset, /, *args: Arguments.args, **more: Arguments.kwargs) -> Made:
            with leases().held(viewer()):
                found: Made = kept(dataset, *args, **more)[1]
            return found

        return made

    return decorate


@contextmanager
def progress_bar(text: str) -> Iterator[Callable[[float], object]]:
    """A bar while something is done; gives what takes its share, 0 to 1."""
    bar = st.progress(0.0, text)
    try:
        with leases().held(viewer()):
            yield lambda share: bar.progress(share, text)
    finally:
        bar.empty()
