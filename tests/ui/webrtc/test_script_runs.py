"""Which runs end a stream: streamlit-webrtc's own bookkeeping, with runs of a session counted."""

from types import SimpleNamespace

import pytest
import streamlit as st
import streamlit_webrtc.component as component

from fer.ui.shell import STREAM_LEFT, STREAM_PAGE, begin
from fer.ui.webrtc import script_runs


class Stream:
    """Stands where the connection is; knows whether it was ended."""

    stopped = False

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def session(monkeypatch):
    """A session whose script runs are counted here, and whose state is a plain dictionary."""
    info = SimpleNamespace(script_run_count=1)
    monkeypatch.setattr(component, "get_this_session_info", lambda: info)
    monkeypatch.setattr(st, "session_state", {})
    return info


def _drawn_in(session: SimpleNamespace, run: int, *, keep: bool = True) -> bool:
    """Draw the stream in a run; returns whether it plays on."""
    session.script_run_count = run
    if keep:
        script_runs.keep_stream("webcam")
    context = component._get_or_create_context("webcam")
    if run == 1:
        # The context itself holds it weakly.
        st.session_state["stream"] = Stream()
        context._set_worker(st.session_state["stream"])
    return not st.session_state["stream"].stopped


def test_runs_that_were_cut_short_do_not_end_it(session) -> None:
    assert _drawn_in(session, 1)
    assert _drawn_in(session, 2)
    assert _drawn_in(session, 5)
    # Which is what would happen otherwise.
    assert not _drawn_in(session, 8, keep=False)


def test_another_page_ends_it(session) -> None:
    assert _drawn_in(session, 1)
    st.session_state[STREAM_LEFT] = True
    assert not _drawn_in(session, 3)


def test_after_another_page_the_next_stream_is_kept_again(session) -> None:
    st.session_state[STREAM_LEFT] = True
    assert _drawn_in(session, 1)
    assert _drawn_in(session, 4)


@pytest.mark.parametrize(("title", "left"), [(STREAM_PAGE, False), ("Photos", True)])
def test_every_page_tells_whether_it_is_the_streams(monkeypatch, title, left) -> None:
    monkeypatch.setattr(st, "session_state", {})
    # Drawing needs a server; what is noted comes before it.
    monkeypatch.setattr(st, "set_page_config", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        begin(title, "")
    assert bool(st.session_state.get(STREAM_LEFT)) is left
