"""A stream survives runs of its page that are cut short.

streamlit-webrtc ends a stream when runs of the script went by without drawing it: the viewer was on
another page. But a run that a press, or a second press, cuts short before it comes to the stream
counts as well, so that quick presses, or a busy machine, would end the stream that they belong to.

Written for streamlit-webrtc 0.79, whose private count it sets; ``tests/ui/webrtc/test_upstream.py``
fails when what it builds on changes.
"""

from __future__ import annotations

import streamlit as st
from streamlit_webrtc import component
from streamlit_webrtc.session_info import get_script_run_count

from fer.ui.shell import STREAM_LEFT


def keep_stream(key: str) -> None:
    """Let a stream go on unless its page was left; to be called right before it is drawn.

    Args:
        key: That of ``webrtc_streamer``.
    """
    left = st.session_state.pop(STREAM_LEFT, False)
    context: component.WebRtcStreamerContext | None = st.session_state.get(key)
    session = component.get_this_session_info()
    if left or context is None or session is None:
        return
    if context._last_rendered_run_count is not None:
        context._last_rendered_run_count = get_script_run_count(session) - 1
