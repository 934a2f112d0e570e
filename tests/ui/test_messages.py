import pytest
from streamlit.proto.ClientState_pb2 import ClientState

from fer.ui.messages import Turn, leave_out_presses


@pytest.mark.parametrize("refresh", [True, False])
def test_a_part_that_refreshes_itself_tells_of_no_press(refresh: bool) -> None:
    state = ClientState(is_auto_rerun=refresh)
    widgets = state.widget_states.widgets
    widgets.add(id="button", trigger_value=True)
    widgets.add(id="toggle", bool_value=True)
    widgets.add(id="keys", json_trigger_value="[1]")
    leave_out_presses(state)
    assert [one.id for one in widgets] == (["toggle"] if refresh else ["button", "toggle", "keys"])


def told(page: str, *widgets: str) -> ClientState:
    state = ClientState(page_script_hash=page)
    for one in widgets:
        state.widget_states.widgets.add(id=one, bool_value=True)
    return state


def test_a_page_that_was_left_does_not_bring_its_viewer_back() -> None:
    turn = Turn()
    assert not turn.is_left(told(""), 0.0)
    assert not turn.is_left(told("webcam"), 1.0)
    assert not turn.is_left(told("webcam", "camera"), 2.0)
    assert not turn.is_left(told("photos"), 3.0)
    assert turn.is_left(told("webcam", "camera"), 3.01)
    assert not turn.is_left(told("photos", "files"), 3.5)
    assert turn.is_left(told("webcam", "camera"), 3.6)
    # Who goes back says so.
    assert not turn.is_left(told("webcam"), 4.0)
    assert not turn.is_left(told("webcam", "camera"), 4.1)


def test_a_page_that_is_still_shown_long_after_is_believed() -> None:
    turn = Turn("home", "webcam", 0.0)
    assert not turn.is_left(told("photos"), 10.0)
    assert not turn.is_left(told("webcam", "camera"), 16.0)
