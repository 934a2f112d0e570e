from collections.abc import Callable

import pytest

from fer.live.admission import Admission


class Crowd:
    """Viewers who send frames to a server that carries a number of them."""

    def __init__(self, carries: int) -> None:
        self.now = 50.0
        self.carries = carries
        self.admission = Admission(lambda: self.now)
        self.fps: dict[str, float] = {}
        self.places: dict[str, int] = {}

    def run(self, seconds: float, *viewers: str, camera_fps: float = 30.0) -> dict[str, int]:
        for _ in range(round(seconds * 10)):
            full = sum(self.places.get(viewer, 1) == 0 for viewer in viewers)
            given = camera_fps * min(1.0, self.carries / max(full, 1))
            for viewer in viewers:
                # A rate is a mean over seconds: it moves slowly.
                before = self.fps.get(viewer, given)
                self.fps[viewer] = before + 0.08 * (given - before)
                self.places[viewer] = self.admission.visit(viewer, self.fps[viewer])
            self.now += 0.1
        return {viewer: self.places[viewer] for viewer in viewers}


@pytest.fixture
def crowd() -> Callable[[int], Crowd]:
    return Crowd


def test_everyone_gets_the_full_rate_where_the_server_carries_them(crowd) -> None:
    assert crowd(9).run(60, "a", "b", "c", "d") == {"a": 0, "b": 0, "c": 0, "d": 0}


def test_the_one_too_many_waits_and_the_others_keep_their_rate(crowd) -> None:
    busy = crowd(2)
    busy.run(20, "a", "b")
    # Even one stream more takes a third of everybody's frames.
    busy.carries = 1.7
    assert busy.run(15, "a", "b", "c") == {"a": 0, "b": 0, "c": 1}
    assert busy.run(10, "a", "b", "c", "d") == {"a": 0, "b": 0, "c": 1, "d": 2}
    assert min(busy.fps["a"], busy.fps["b"]) > 20


def test_whoever_waits_moves_up_when_somebody_leaves(crowd) -> None:
    busy = crowd(1)
    busy.run(10, "a", "b", "c")
    assert busy.run(5, "a", "b", "c") == {"a": 0, "b": 1, "c": 2}
    busy.admission.leave("a")
    assert busy.run(15, "b", "c") == {"b": 0, "c": 1}
    # A closed tab says nothing; its frames stop.
    assert busy.run(15, "c") == {"c": 0}


def test_a_newcomer_who_leaves_during_the_trial_proves_nothing(crowd) -> None:
    busy = crowd(1)
    busy.run(10, "a")
    busy.run(1, "a", "b")
    busy.admission.leave("b")
    busy.carries = 2
    assert busy.run(20, "a", "c") == {"a": 0, "c": 0}


def test_a_camera_that_is_slow_by_itself_keeps_nobody_out(crowd) -> None:
    assert crowd(9).run(30, "a", "b", camera_fps=12.0) == {"a": 0, "b": 0}


def test_after_a_while_a_full_server_is_tried_again(crowd) -> None:
    busy = crowd(1)
    busy.run(20, "a", "b")
    busy.carries = 3
    assert busy.run(20, "a", "b") == {"a": 0, "b": 1}
    assert busy.run(90, "a", "b") == {"a": 0, "b": 0}


def test_when_the_machine_slows_down_later_the_last_who_came_waits(crowd) -> None:
    busy = crowd(3)
    assert busy.run(30, "a", "b", "c") == {"a": 0, "b": 0, "c": 0}
    assert busy.admission.viewers == 3
    busy.carries = 1.2
    assert busy.run(3, "a", "b", "c") == {"a": 0, "b": 0, "c": 0}
    busy.run(15, "a", "b", "c")
    assert busy.places["a"] == 0 and busy.places["c"] > 0
    busy.run(20, "a", "b", "c")
    assert busy.fps["a"] > 20 and busy.places == {"a": 0, "b": 1, "c": 2}
    assert busy.admission.viewers == 3


def test_a_rate_that_is_below_the_least_most_of_the_time_counts_as_below(crowd) -> None:
    busy = crowd(9)
    assert busy.run(40, "a", "b", "c") == {"a": 0, "b": 0, "c": 0}
    places = {}
    for tenth in range(100):
        fps = 20.5 if tenth % 5 == 0 else 17.5
        places = {viewer: busy.admission.visit(viewer, fps) for viewer in "abc"}
        busy.now += 0.1
    assert places == {"a": 0, "b": 0, "c": 1}


def test_a_rate_that_dips_below_the_least_now_and_then_is_fine(crowd) -> None:
    busy = crowd(9)
    busy.run(40, "a", "b", "c")
    for tenth in range(300):
        fps = 17.5 if tenth % 5 == 0 else 20.5
        assert not any(busy.admission.visit(viewer, fps) for viewer in "abc")
        busy.now += 0.1


def test_one_alone_never_waits_however_slow_the_machine(crowd) -> None:
    assert crowd(0.3).run(30, "a") == {"a": 0}


def test_nobody_unknown_waits(crowd) -> None:
    assert crowd(1).admission.position("nobody") == 0
