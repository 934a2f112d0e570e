"""What a viewer has begun ends with the viewer's lease, and stays within its space."""

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from fer.errors import InputError
from fer.leases import LEASE_S, Leases, Quota
from fer.task import Task
from tests.waiting import wait_until


class Clock:
    """Time that passes when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Waiting(Task):
    """Work that goes on until it is told to end."""

    def start(self) -> None:
        self._begin(_wait, self._stop)


def _wait(_work: weakref.ref[Waiting], stop: threading.Event) -> None:
    stop.wait(60)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_work(tmp_path: Path) -> Callable[[int], Waiting]:
    made: list[Waiting] = []

    def make(size: int = 10) -> Waiting:
        folder = tmp_path / f"work-{len(made)}"
        folder.mkdir()
        (folder / "upload").write_bytes(b"x" * size)
        made.append(Waiting(folder))
        made[-1].start()
        return made[-1]

    yield make
    for work in made:
        work.close()


def test_work_of_a_viewer_who_left_ends_with_its_files_within_three_minutes(
    clock: Clock, new_work: Callable[..., Waiting]
) -> None:
    leases = Leases(clock=clock)
    gone, still_there = new_work(), new_work()
    leases.enter("gone", gone)
    leases.enter("there", still_there)
    clock.now = LEASE_S / 2
    leases.renew("there")
    clock.now = min(LEASE_S + 10, 180.0)
    leases.step()
    assert gone.closed and not gone.active and not gone.folder.exists()
    assert still_there.active and still_there.folder.exists()


def test_a_viewer_who_waits_for_long_work_is_still_there_and_leaves_after_it(
    clock: Clock, new_work: Callable[..., Waiting]
) -> None:
    leases = Leases(clock=clock)
    work = new_work()
    leases.enter("a", work)
    with pytest.raises(ValueError, match="the work failed"), leases.held("a"):
        with leases.held("a"):
            clock.now += LEASE_S + 1
            leases.step()
        clock.now += LEASE_S + 1
        leases.step()
        assert work.active and work.folder.exists()
        raise ValueError("the work failed")
    clock.now += LEASE_S
    leases.step()
    assert work.active
    clock.now += 1
    leases.step()
    assert work.closed


class Stuck(Waiting):
    """Work that can neither be measured nor put away."""

    @property
    def folder(self) -> Path:
        raise OSError("the disk does not answer")

    def close(self) -> None:
        super().close()
        raise OSError("the disk does not answer")


def test_work_that_cannot_be_put_away_keeps_no_other_work_alive(
    clock: Clock,
    new_work: Callable[..., Waiting],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("fer.leases._STEP_S", 0.01)
    leases = Leases(clock=clock)
    folder = tmp_path / "stuck"
    folder.mkdir()
    stuck, after = Stuck(folder), new_work()
    leases.enter("stuck", stuck)
    leases.enter("after", after)
    wait_until(lambda: "leases were not looked after" in caplog.text)
    clock.now = LEASE_S + 1
    wait_until(lambda: after.closed)
    assert stuck.closed and "was not put away whole" in caplog.text


class Small:
    """Work without files."""

    folder = None
    active = False

    def close(self) -> None: ...

    def refuse(self, reason: str) -> None: ...


def test_viewers_may_begin_while_what_there_is_is_measured() -> None:
    leases, things = Leases(), [Small() for _ in range(3000)]
    ended, faults = threading.Event(), []

    def measure() -> None:
        while not ended.is_set():
            try:
                leases.step()
            except RuntimeError as fault:
                faults.append(fault)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=measure)
    thread.start()
    try:
        for thing in things:
            leases.enter("a", thing)
    finally:
        ended.set()
        thread.join()
        sys.setswitchinterval(before)
    assert not faults


def test_two_hundred_abandoned_jobs_leave_no_thread_and_no_file(
    clock: Clock, new_work: Callable[..., Waiting], tmp_path: Path
) -> None:
    leases = Leases(clock=clock)
    before = threading.active_count()
    for number in range(200):
        leases.enter(f"viewer {number}", new_work())
    assert threading.active_count() >= before + 200
    clock.now = LEASE_S + 1
    leases.step()
    # The reaper's own stays.
    assert threading.active_count() <= before + 1
    assert list(tmp_path.iterdir()) == []
    assert not leases._viewers


def test_the_lease_keeps_nothing_alive(clock: Clock, new_work: Callable[..., Waiting]) -> None:
    leases = Leases(clock=clock)
    folder = Path(new_work().folder.parent / "own")
    folder.mkdir()
    work = Waiting(folder)
    leases.enter("a", work)
    del work
    gc.collect()
    assert not folder.exists()


def test_closed_work_does_not_begin_again(clock: Clock, new_work: Callable[..., Waiting]) -> None:
    work = new_work()
    work.close()
    work.start()
    assert not work.active


def test_who_fills_more_than_a_viewer_may_is_told_and_others_go_on(
    clock: Clock, new_work: Callable[..., Waiting]
) -> None:
    leases = Leases(Quota(viewer_bytes=1000, all_bytes=5000), clock=clock)
    greedy, modest = new_work(1001), new_work(1000)
    leases.enter("greedy", greedy)
    leases.enter("modest", modest)
    leases.step()
    greedy.wait(60)
    assert "temporary files" in greedy.error and greedy.folder.exists()
    assert modest.active and not modest.error


def test_when_all_together_fill_too_much_the_largest_is_told(
    clock: Clock, new_work: Callable[..., Waiting]
) -> None:
    leases = Leases(Quota(viewer_bytes=1000, all_bytes=1500), clock=clock)
    small, large = new_work(700), new_work(900)
    leases.enter("small", small)
    leases.enter("large", large)
    leases.step()
    assert large.error and not small.error


@pytest.mark.parametrize(
    ("more", "free", "fits"),
    [(400, 10_000, True), (401, 10_000, False), (400, 1_399, False)],
)
def test_an_upload_is_taken_when_there_is_room_for_it(
    clock: Clock, new_work: Callable[..., Waiting], more: int, free: int, fits: bool
) -> None:
    quota = Quota(viewer_bytes=1000, all_bytes=5000, spare_bytes=1000)
    leases = Leases(quota, clock=clock, free_bytes=lambda _: free)
    work = new_work(600)
    leases.enter("a", work)
    if fits:
        leases.check_room("a", more, work.folder)
    else:
        with pytest.raises(InputError, match=r"temporary space: expected at most .* MiB more, got"):
            leases.check_room("a", more, work.folder)
