import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from fer import Box, FaceEmotion
from fer.explanation.activation import ClassActivation
from fer.live.admission import Admission
from fer.live.session import LiveSession
from fer.live.settings import LiveSettings
from fer.recognition.recognizer import Reading
from tests.live.fakes import StreamFake
from tests.waiting import wait_until

FACE = FaceEmotion(Box(60, 50, 40, 40), "happy", 0.9, {"happy": 0.9, "sad": 0.1})
FRAME = np.full((120, 160, 3), 90, np.uint8)


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeRecognizer(StreamFake):
    """Finds one face in any frame; can be held up, and can fail on chosen calls."""

    threshold: float = 0.0
    fails: Callable[[int], Exception | None] = lambda call: None
    gate: threading.Event = field(default_factory=threading.Event)
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    seen: list[int] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.gate.set()

    def read(self, frame_bgr: np.ndarray) -> Reading:
        self.seen.append(len(self.seen))
        self.threads.add(threading.current_thread().name)
        self.started.release()
        assert self.gate.wait(30)
        fault = self.fails(len(self.seen))
        if fault is not None:
            raise fault
        return Reading((FACE,), np.zeros((1, 48, 48), np.uint8), np.zeros((1, 6, 6, 2), np.float32))


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fer-live"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions() -> Iterator[list[LiveSession]]:
    """Sessions put in here are stopped after the test, and nothing of them may remain."""
    opened: list[LiveSession] = []
    yield opened
    for session in opened:
        session.stop()
    assert workers() == []


@pytest.fixture
def start(
    sessions: list[LiveSession], clock: Clock
) -> Callable[..., tuple[LiveSession, FakeRecognizer]]:
    def open_session(
        recognizer: FakeRecognizer | None = None, **options: float
    ) -> tuple[LiveSession, FakeRecognizer]:
        recognizer = recognizer or FakeRecognizer()
        session = LiveSession(recognizer, clock=clock, **options)
        sessions.append(session)
        return session, recognizer

    return open_session


def feed(session: LiveSession, clock: Clock, frame: np.ndarray = FRAME) -> np.ndarray:
    """One frame, and the time until it is analysed."""
    before = session.snapshot()
    drawn = session.process(frame)
    wait_until(
        lambda: (
            (now := session.snapshot()).errors > before.errors
            or (now.result is not None and now.result.timestamp_s == clock.now)
        )
    )
    clock.now += 1 / 30
    return drawn


def test_before_the_first_frame_everything_is_zero(start) -> None:
    session, _ = start()
    snapshot = session.snapshot()
    assert snapshot.result is None
    assert (snapshot.received, snapshot.dropped, snapshot.errors) == (0, 0, 0)
    assert snapshot.idle_s == float("inf")
    assert workers() == []


def test_the_first_frame_comes_back_as_it_is_and_later_ones_with_the_last_known_faces(
    start, clock: Clock
) -> None:
    session, _ = start()
    assert np.array_equal(feed(session, clock), FRAME)
    drawn = feed(session, clock)
    assert not np.array_equal(drawn, FRAME)
    assert np.array_equal(FRAME, np.full_like(FRAME, 90))


def test_analysis_runs_on_the_sessions_own_thread(start, clock: Clock) -> None:
    session, recognizer = start()
    feed(session, clock)
    feed(session, clock)
    assert recognizer.threads == {"fer-live"}
    assert len(workers()) == 1


def test_a_slow_recogniser_gets_the_newest_frame_and_the_rest_is_dropped(
    start, clock: Clock
) -> None:
    session, recognizer = start()
    recognizer.gate.clear()
    session.process(FRAME)
    assert recognizer.started.acquire(timeout=30)
    for _ in range(9):
        clock.now += 0.1
        # Returns although the recogniser is stuck: the stream never waits.
        session.process(FRAME)
    recognizer.gate.set()
    wait_until(lambda: len(recognizer.seen) == 2 and session.snapshot().result is not None)
    wait_until(lambda: session.snapshot().result.timestamp_s == clock.now)
    snapshot = session.snapshot()
    read = [one.timestamp_s for _reader, one in session.record.log.results()]
    assert read == pytest.approx([0.0, 0.9])
    assert (snapshot.received, snapshot.dropped) == (10, 8)
    assert snapshot.latency_ms == pytest.approx(0, abs=1e-6)


def test_latency_does_not_grow_with_a_recogniser_of_a_tenth_of_a_second(
    start, clock: Clock
) -> None:
    session, recognizer = start()
    latencies = []
    for _ in range(20):
        recognizer.gate.clear()
        session.process(FRAME)
        assert recognizer.started.acquire(timeout=30)
        # Three frames of the camera arrive while one is analysed; the last of them waits.
        for _ in range(3):
            clock.now += 1 / 30
            session.process(FRAME)
        recognizer.gate.set()
        assert recognizer.started.acquire(timeout=30)
        wait_until(lambda: session.snapshot().result.timestamp_s == clock.now)
        latencies.append(session.snapshot().latency_ms)
        clock.now += 1 / 30
    assert max(latencies) < 200
    assert session.snapshot().dropped == 20 * 2


def test_a_recogniser_that_raises_is_counted_and_the_stream_goes_on(start, clock: Clock) -> None:
    odd_calls_fail = FakeRecognizer(
        fails=lambda call: ValueError("broken frame") if call % 2 else None
    )
    session, _ = start(odd_calls_fail)
    for _ in range(6):
        feed(session, clock)
    snapshot = session.snapshot()
    assert snapshot.errors == 3
    assert snapshot.last_error == "ValueError: broken frame"
    assert snapshot.result is not None
    assert len(workers()) == 1


def test_repeated_failures_are_logged_once_each(
    start, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    alternating = FakeRecognizer(fails=lambda call: ValueError("ab"[call % 2]))
    session, _ = start(alternating)
    with caplog.at_level(logging.WARNING, logger="fer.live.health"):
        for _ in range(10):
            feed(session, clock)
    assert session.snapshot().errors == 10
    assert len(caplog.records) == 2


def test_endless_new_failures_do_not_fill_the_log(start, caplog: pytest.LogCaptureFixture) -> None:
    session, _ = start()
    with caplog.at_level(logging.WARNING, logger="fer.live.health"):
        for number in range(1000):
            session.count_error(ValueError(f"failure {number}"))
    assert session.snapshot().errors == 1000
    assert 0 < len(caplog.records) <= 100


@pytest.mark.parametrize("frame", [None, "frame", np.zeros((0, 0, 3), np.uint8)])
def test_processing_never_raises_whatever_comes(start, frame: object) -> None:
    session, _ = start()
    with np.errstate(all="ignore"):
        assert session.process(frame) is frame
        assert session.process(frame) is frame


def test_the_frame_size_may_change_in_the_middle(start, clock: Clock) -> None:
    session, _ = start()
    feed(session, clock)
    larger = np.full((240, 320, 3), 90, np.uint8)
    # Boxes of the smaller frame are not drawn on the larger one.
    assert np.array_equal(feed(session, clock, larger), larger)
    drawn = feed(session, clock, larger)
    assert drawn.shape == larger.shape
    assert not np.array_equal(drawn, larger)
    result = session.snapshot().result
    assert (result.width, result.height) == (320, 240)
    assert [face.box for face in result.faces] == [FACE.box]
    assert session.snapshot().errors == 0


def test_faces_of_another_frame_size_are_forgotten(start, clock: Clock) -> None:
    session, _ = start()
    feed(session, clock)
    (before,) = session.snapshot().result.faces
    feed(session, clock, np.full((60, 80, 3), 90, np.uint8))
    (after,) = session.snapshot().result.faces
    assert before.face_id != after.face_id


def test_old_boxes_vanish_when_recognition_keeps_failing(start, clock: Clock) -> None:
    session, _ = start(
        FakeRecognizer(fails=lambda call: ValueError("broken") if call > 1 else None)
    )
    feed(session, clock)
    assert not np.array_equal(feed(session, clock), FRAME)
    clock.now += 10
    assert np.array_equal(feed(session, clock), FRAME)


def test_black_frames_are_noticed_and_so_is_their_end(start, clock: Clock) -> None:
    session, _ = start()
    feed(session, clock, np.zeros_like(FRAME))
    assert session.snapshot().dark
    feed(session, clock)
    assert not session.snapshot().dark


def test_stop_ends_the_thread_and_a_later_frame_starts_another(start, clock: Clock) -> None:
    session, recognizer = start()
    feed(session, clock)
    session.stop()
    assert workers() == []
    assert session.snapshot().result is not None
    feed(session, clock)
    assert len(recognizer.seen) == 2
    assert len(workers()) == 1
    session.stop()
    session.stop()
    assert workers() == []


def test_a_result_that_comes_after_the_stop_is_thrown_away(start, clock: Clock) -> None:
    session, recognizer = start()
    recognizer.gate.clear()
    session.process(FRAME)
    assert recognizer.started.acquire(timeout=30)
    stopper = threading.Thread(target=session.stop)
    stopper.start()
    clock.now += 0.5
    # The old worker is still busy; the new frame gets a worker of its own.
    wait_until(lambda: session._worker._stopping)
    session.process(FRAME)
    recognizer.gate.set()
    stopper.join(30)
    wait_until(lambda: session.snapshot().result is not None and len(workers()) == 1)
    assert session.snapshot().result.timestamp_s == 100.5
    assert session.record.log.frames == 1


def test_an_idle_worker_ends_by_itself_and_comes_back(start, clock: Clock) -> None:
    session, _ = start(idle_s=0.05)
    feed(session, clock)
    wait_until(lambda: workers() == [])
    feed(session, clock)
    assert session.snapshot().errors == 0


def test_rates_count_frames_per_second(start, clock: Clock) -> None:
    session, _ = start()
    for _ in range(90):
        feed(session, clock)
    snapshot = session.snapshot()
    assert snapshot.camera_fps == pytest.approx(30, rel=0.05)
    assert snapshot.processed_fps == pytest.approx(30, rel=0.05)
    clock.now += 10
    assert session.snapshot().camera_fps == 0
    assert session.snapshot().idle_s > 9


def test_snapshots_do_not_change_afterwards(start, clock: Clock) -> None:
    session, _ = start()
    feed(session, clock)
    early = session.snapshot()
    for _ in range(10):
        feed(session, clock)
    assert early.received == 1
    assert early.result.timestamp_s == 100.0


def test_a_threshold_acts_with_the_next_frame(start, clock: Clock) -> None:
    session, _ = start()
    feed(session, clock)
    session.configure(LiveSettings(threshold=0.95))
    feed(session, clock)
    (face,) = session.snapshot().result.faces
    assert face.emotion is None
    session.configure(LiveSettings(threshold=0.5))
    feed(session, clock)
    (face,) = session.snapshot().result.faces
    assert face.emotion == "happy"
    assert face.face_id == 1


def test_another_recogniser_takes_over_without_a_restart(start, clock: Clock) -> None:
    session, first = start()
    feed(session, clock)
    (worker,) = workers()
    second = FakeRecognizer(threshold=0.99)
    session.configure(session.settings, second)
    feed(session, clock)
    assert (len(first.seen), len(second.seen)) == (1, 1)
    assert session.snapshot().result.faces[0].emotion is None
    assert workers() == [worker]


def test_controls_of_the_detector_reach_a_real_recogniser(recognizer, letterboxed) -> None:
    session = LiveSession(recognizer)
    try:
        frame = letterboxed()
        assert count_faces(session, frame) == 1
        session.configure(LiveSettings(min_face=400))
        assert count_faces(session, frame) == 0
        session.configure(LiveSettings())
        assert count_faces(session, frame) == 1
    finally:
        session.stop()


def test_a_heat_map_lies_on_the_face_as_soon_as_it_is_wanted(recognizer, letterboxed) -> None:
    session = LiveSession(recognizer, settings=LiveSettings(mirror=False, bars=False))
    frame = letterboxed()

    def coloured() -> tuple[float, float]:
        """Shares of the face, and of the rest, that do not look like the camera's picture."""
        session.process(frame)
        result = session.snapshot().result
        if result is None or not result.faces:
            return 0.0, 0.0
        changed = np.abs(session.picture().astype(int) - frame).sum(axis=2) > 60
        box = result.faces[0].box
        middle = np.s_[box.y + 8 : box.bottom - 8, box.x + 8 : box.right - 8]
        on_face = float(changed[middle].mean())
        changed[box.y - 40 : box.bottom + 40, box.x - 40 : box.right + 40] = False
        return on_face, float(changed.mean())

    try:
        session.process(frame)
        wait_until(lambda: session.snapshot().result is not None)
        assert coloured() == (0.0, 0.0)
        session.explainer = ClassActivation(recognizer.classifier)
        wait_until(lambda: coloured()[0] > 0.15)
        assert coloured()[1] == 0.0
        session.explainer = None
        wait_until(lambda: coloured() == (0.0, 0.0))
    finally:
        session.stop()


def count_faces(session: LiveSession, frame: np.ndarray) -> int:
    """Faces found anew in a frame; what was remembered from before is forgotten first."""
    session._reader._tracker.reset()
    before = session.snapshot().result
    session.process(frame)
    wait_until(lambda: session.snapshot().result not in (None, before))
    return len(session.snapshot().result.faces)


def test_a_mirror_shows_the_picture_flipped_and_leaves_the_boxes(start, clock: Clock) -> None:
    session, _ = start()
    session.configure(LiveSettings(mirror=True, bars=False))
    frame = np.tile(np.arange(160, dtype=np.uint8)[None, :, None], (120, 1, 3))
    assert np.array_equal(feed(session, clock, frame), frame[:, ::-1])
    mirrored = feed(session, clock, frame)
    session.configure(LiveSettings(mirror=False, bars=False))
    plain = feed(session, clock, frame)
    assert session.snapshot().result.faces[0].box == FACE.box
    # The lower left corner of the box, which no text reaches.
    y = FACE.box.bottom - 1
    assert tuple(plain[y, FACE.box.x]) == tuple(mirrored[y, 159 - FACE.box.x])
    assert tuple(plain[y, FACE.box.x]) != tuple(frame[y, FACE.box.x])


def noise() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, FRAME.shape).astype(np.uint8)


def roughness(picture: np.ndarray, box: Box) -> float:
    part = picture[box.y + 8 : box.bottom - 8, box.x + 8 : box.right - 8].astype(float)
    return float(np.abs(np.diff(part, axis=1)).mean())


def test_until_faces_are_known_all_of_the_picture_is_blurred(start, clock: Clock) -> None:
    session, _ = start()
    session.configure(LiveSettings(blur="everyone", mirror=False, bars=False))
    frame, whole = noise(), Box(0, 0, 160, 120)
    assert roughness(feed(session, clock, frame), whole) < roughness(frame, whole) / 10
    drawn = feed(session, clock, frame)
    assert roughness(drawn, FACE.box) < roughness(frame, FACE.box) / 5
    assert np.array_equal(drawn[110:], frame[110:])
    # The recogniser falls behind: nobody knows where the faces are now.
    clock.now += 1.0
    assert roughness(session.process(frame), whole) < roughness(frame, whole) / 10


def test_one_face_can_be_left_sharp(start, clock: Clock) -> None:
    session, _ = start()
    frame = noise()
    feed(session, clock, frame)
    session.configure(LiveSettings(blur="others", unblurred=1, mirror=False, bars=False))
    assert roughness(feed(session, clock, frame), FACE.box) == roughness(frame, FACE.box)
    session.configure(LiveSettings(blur="others", unblurred=7, mirror=False, bars=False))
    assert roughness(feed(session, clock, frame), FACE.box) < roughness(frame, FACE.box) / 5


def test_a_frame_that_fails_while_faces_are_hidden_is_black(start) -> None:
    session, _ = start()
    session.configure(LiveSettings(blur="everyone"))
    broken = np.full((50, 60, 3), 200, np.int64)
    assert not session.process(broken).any()
    assert session.snapshot().errors == 1


def test_a_pause_holds_the_picture_and_the_identity(start, clock: Clock) -> None:
    session, recognizer = start()
    feed(session, clock)
    held = feed(session, clock)
    session.configure(LiveSettings(paused=True))
    for _ in range(100):
        clock.now += 0.1
        assert np.array_equal(session.process(np.zeros_like(FRAME)), held)
    assert len(recognizer.seen) == 2
    assert session.snapshot().idle_s == 0
    session.configure(LiveSettings())
    clock.now += 0.1
    feed(session, clock)
    (face,) = session.snapshot().result.faces
    assert face.face_id == 1


def test_a_paused_picture_follows_the_controls(start, clock: Clock) -> None:
    session, _ = start()
    frame = noise()
    feed(session, clock, frame)
    feed(session, clock, frame)
    session.configure(LiveSettings(paused=True, mirror=False, bars=False, blur="everyone"))
    drawn = session.process(frame)
    assert roughness(drawn, FACE.box) < roughness(frame, FACE.box) / 5


def test_the_picture_on_show_is_what_a_snapshot_gets(start, clock: Clock) -> None:
    session, _ = start()
    assert session.picture() is None
    feed(session, clock)
    drawn = feed(session, clock)
    assert np.array_equal(session.picture(), drawn)
    # A closed page's session stays for minutes; its pictures need not.
    session.stop()
    assert session.picture() is None


def test_the_summary_adds_up_the_session(start, clock: Clock) -> None:
    session, _ = start()
    for _ in range(31):
        feed(session, clock)
    together, face = session.record.summary()
    assert face.face_id == 1
    assert together.seconds == {"happy": pytest.approx(1.0, abs=0.05)}


def test_a_viewer_too_many_is_told_so_and_gets_pictures_all_the_same(start, clock: Clock) -> None:
    crowded = Admission(clock)
    first, _ = start(admission=crowded)
    second, _ = start(admission=crowded)
    for _ in range(60):
        feed(first, clock)
    # While the second is on trial, the first one's camera gets slower and slower.
    for _ in range(25):
        feed(second, clock)
        feed(first, clock)
        clock.now += 0.3
    assert (first.snapshot().waiting, second.snapshot().waiting) == (0, 1)
    assert feed(second, clock).shape == FRAME.shape
    first.stop()
    feed(second, clock)
    assert second.snapshot().waiting == 0


def test_with_several_viewers_every_second_frame_is_analysed_and_every_picture_drawn(
    start, clock: Clock
) -> None:
    shared = Admission(clock)
    alone, read_alone = start(admission=shared)
    for _ in range(30):
        feed(alone, clock)
    assert len(read_alone.seen) == 30
    other, read_other = start(admission=shared)
    other.process(FRAME)

    def handed_over(session: LiveSession, recognizer: FakeRecognizer) -> int:
        # What the worker had no time for, this test being in a hurry, was meant for it too.
        return len(recognizer.seen) + session.snapshot().dropped

    before = handed_over(alone, read_alone)
    for _ in range(30):
        assert alone.process(FRAME).shape == FRAME.shape
        other.process(FRAME)
        clock.now += 1 / 30
    wait_until(lambda: handed_over(alone, read_alone) - before >= 14)
    assert handed_over(alone, read_alone) - before <= 16
    assert handed_over(other, read_other) <= 17
    assert alone.snapshot().received == 60


def test_every_analysed_frame_is_a_row_of_the_session_without_a_recording(
    start, clock: Clock
) -> None:
    empty = FakeRecognizer()
    session, _ = start(empty)
    for _ in range(3):
        feed(session, clock)
    rows = json.loads(session.record.log.table(".json"))
    assert [row["status"] for row in rows] == ["ok"] * 3
    assert [row["time_s"] for row in rows] == pytest.approx([0, 1 / 30, 2 / 30], abs=1e-5)


def test_times_are_the_cameras_however_late_frames_come(start, clock: Clock) -> None:
    session, _ = start()
    for index, late in enumerate((0.0, 0.08, 0.01, 0.05)):
        came = 100 + index / 20 + late
        clock.now = came
        session.process(FRAME, 7000 + index / 20)
        wait_until(lambda index=index: session.record.log.frames == index + 1)
    rows = json.loads(session.record.log.table(".json"))
    assert [row["time_s"] for row in rows] == pytest.approx([0, 0.05, 0.1, 0.15], abs=1e-6)


def test_a_frame_on_its_way_while_the_stream_stops_leaves_nothing(start, clock: Clock) -> None:
    session, recognizer = start()
    arrived, stopped = threading.Event(), threading.Event()

    class Late(np.ndarray):
        def __getitem__(self, key: object) -> object:
            # The first look at its pixels: it has come, and is not handed on yet.
            arrived.set()
            assert stopped.wait(30)
            return super().__getitem__(key)

    caller = threading.Thread(target=session.process, args=(FRAME.view(Late),))
    caller.start()
    assert arrived.wait(30)
    clock.now += 0.1
    session.stop()
    stopped.set()
    caller.join(30)
    assert session.picture() is None
    assert workers() == []
    assert recognizer.seen == []


def test_before_faces_are_known_a_snapshot_and_a_pause_are_blurred_whole(
    start, clock: Clock
) -> None:
    slow = FakeRecognizer()
    slow.gate.clear()
    session, _ = start(slow)
    session.configure(LiveSettings(blur="everyone", mirror=False))
    frame = noise()
    drawn = session.process(frame)
    everywhere = Box(0, 0, 160, 120)
    assert roughness(drawn, everywhere) < roughness(frame, everywhere) / 5
    assert np.array_equal(session.picture(), drawn)
    session.configure(LiveSettings(blur="everyone", mirror=False, paused=True))
    assert np.array_equal(session.process(frame), drawn)
    slow.gate.set()
