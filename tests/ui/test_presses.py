import pytest
from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from fer.ui.presses import pressed

    if st.session_state.pop("cut short", False):
        st.rerun()  # what another live part of the page may do at any time
    if pressed("Go", "go", disabled=st.session_state.get("off", False)):
        st.session_state["gone"] = st.session_state.get("gone", 0) + 1


def test_a_press_counts_once_also_when_its_run_is_cut_short() -> None:
    at = AppTest.from_function(_page, default_timeout=60).run()
    at.button("go").click().run()
    at.run()
    assert at.session_state["gone"] == 1
    at.session_state["cut short"] = True
    at.button("go").click().run()
    at.run()
    assert at.session_state["gone"] == 2


def test_a_press_of_what_is_switched_off_by_then_is_dropped() -> None:
    at = AppTest.from_function(_page, default_timeout=60).run()
    at.session_state["off"] = True
    at.button("go").click().run()
    at.session_state["off"] = False
    at.run()
    assert "gone" not in at.session_state


def _coming_and_going() -> None:
    import streamlit as st

    from fer.ui.presses import entered, pressed, unpressed

    entered(st.session_state.get("where", "here"))
    if not st.session_state.get("there", True):
        unpressed("go")
    elif pressed("Go", "go"):
        st.session_state["gone"] = st.session_state.get("gone", 0) + 1


@pytest.mark.parametrize("state", [{"there": False}, {"where": "elsewhere"}])
def test_the_second_press_of_two_does_not_count_when_the_button_is_back(
    state: dict[str, object],
) -> None:
    at = AppTest.from_function(_coming_and_going, default_timeout=60).run()
    # What the callback of the second press leaves, which is told when the button is gone already.
    at.session_state["go_pressed"] = True
    for name, value in state.items():
        at.session_state[name] = value
    at.run()
    at.session_state["there"] = True
    at.run()
    assert "gone" not in at.session_state
