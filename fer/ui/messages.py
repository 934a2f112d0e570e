"""What a browser tells the server in a moment in which it does not mean it.

Written for Streamlit 1.67, whose way of taking a message ``take_what_is_meant`` wraps.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession

_PRESSES = {"trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value"}
# A browser that has not been shown another page by then has lost its connection.
_TURN_S = 5.0


@dataclass
class Turn:
    """The last turn of a session from page to page, by their hashes.

    Attributes:
        left: The page that was left.
        page: The page that was asked for.
        at_s: When, in seconds of a clock that only goes on.
    """

    left: str = ""
    page: str = ""
    at_s: float = 0.0

    def is_left(self, state: ClientState, now_s: float) -> bool:
        """Whether this is told by a page that its viewer has left; notes a turn.

        Until the next page comes the browser still has the last one, whose parts may tell of
        themselves; taken at its word, that brings the viewer back to where they were. Who
        turns to a page tells of no part of it.
        """
        asked = state.page_script_hash
        if asked == self.page:
            return False
        if asked == self.left and state.widget_states.widgets and now_s < self.at_s + _TURN_S:
            return True
        self.left, self.page, self.at_s = self.page, asked, now_s
        return False


def leave_out_presses(state: ClientState) -> None:
    """Take the presses out of what a part of the page says that refreshes itself.

    A browser tells of a press a moment after it. A part whose time to refresh comes in that moment,
    which is likely on a busy machine, tells of the same press, so that it would count twice.

    Args:
        state: From the browser; changed in place.
    """
    if not state.is_auto_rerun:
        return
    widgets = state.widget_states.widgets
    kept = [one for one in widgets if one.WhichOneof("value") not in _PRESSES]
    if len(kept) < len(widgets):
        del widgets[:]
        widgets.extend(kept)


def take_what_is_meant() -> None:
    """Make every session of this server take a press once, and nothing of a page that was left."""
    handle = AppSession.handle_backmsg
    turns: WeakKeyDictionary[AppSession, Turn] = WeakKeyDictionary()

    def handle_meant(session: AppSession, msg: BackMsg) -> None:
        if msg.WhichOneof("type") == "rerun_script":
            if turns.setdefault(session, Turn()).is_left(msg.rerun_script, time.monotonic()):
                return
            leave_out_presses(msg.rerun_script)
        handle(session, msg)

    AppSession.handle_backmsg = handle_meant  # type: ignore[method-assign, assignment]
