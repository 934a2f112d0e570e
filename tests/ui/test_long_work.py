"""What takes a while on a page, as scripts without a browser."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer.datasets import FaceDataset
from fer.leases import LEASE_S, Leases
from fer.task import Task


def with_a_bar() -> None:
    import streamlit as st

    from fer.ui.long_work import progress_bar

    with progress_bar("Reading ..."):
        st.session_state["work"]()


def without_a_bar() -> None:
    import streamlit as st

    from fer.ui.long_work import once_a_dataset

    once_a_dataset("Comparing ...")(lambda dataset: st.session_state["work"]())(
        st.session_state["dataset"]
    )


@pytest.mark.parametrize("script", [with_a_bar, without_a_bar])
def test_what_a_viewer_has_begun_stays_while_the_page_is_busy(
    script: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    leases = Leases(clock=lambda: now_s)
    monkeypatch.setattr("fer.ui.long_work.leases", lambda: leases)
    (tmp_path / "photos").mkdir()
    begun = Task(tmp_path / "photos")
    leases.enter("a viewer", begun)
    kept = []

    def work() -> None:
        nonlocal now_s
        now_s += LEASE_S + 1
        leases.step()
        kept.append(not begun.closed)

    at = AppTest.from_function(script, default_timeout=60)
    none = np.zeros(1, np.int8)
    at.session_state["dataset"] = FaceDataset(np.zeros((1, 48, 48), np.uint8), none, none)
    at.session_state["viewer"], at.session_state["work"] = "a viewer", work
    assert not at.run().exception and kept == [True]
    now_s += LEASE_S + 1
    leases.step()
    assert begun.closed
