import io
import json
import sys
import threading
from dataclasses import replace

import av
import numpy as np
import pandas as pd
import pytest

from fer import Box, FaceEmotion, FrameResult
from fer.errors import InputError
from fer.export.schema import columns
from fer.live.recording import Recording
from fer.live.recording_video import RecordingLimits
from fer.live.session import LiveSession
from fer.overlay import PLAIN, OverlayStyle
from fer.recognition.recognizer import Reading
from fer.results import Reader
from tests.live.fakes import StreamFake
from tests.waiting import wait_until

READER = Reader("xs", "1", "perceived", ("happy", "sad"))
SMALL = RecordingLimits(spare_bytes=0)
FACE = FaceEmotion(Box(60, 50, 40, 40), "happy", 0.75, {"happy": 0.75, "sad": 0.25}, face_id=3)


def frame(shade: int = 90, width: int = 160, height: int = 120) -> np.ndarray:
    return np.full((height, width, 3), shade, np.uint8)


def result(time_s: float, *faces: FaceEmotion, width: int = 160, height: int = 120) -> FrameResult:
    return FrameResult(time_s, width, height, faces)


def add(recording: Recording, picture: np.ndarray, found: FrameResult, style=PLAIN) -> None:
    """Add a frame and wait until it is in the video."""
    before = recording._video.frames
    recording.add(picture, found, style, READER)
    wait_until(lambda: recording._video.frames > before or not recording.active)


def pictures(video: bytes) -> list[tuple[float, np.ndarray]]:
    with av.open(io.BytesIO(video)) as container:
        return [
            (float(one.pts * one.time_base), one.to_ndarray(format="bgr24"))
            for one in container.decode(video=0)
        ]


def recorders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fer-recording"]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    wait_until(lambda: recorders() == [])


def test_video_and_tables_tell_the_same_frames_at_the_same_times() -> None:
    recording = Recording(SMALL)
    times = [100.0, 100.033, 100.2, 103.0]
    for index, time_s in enumerate(times):
        faces = (FACE,) if index != 1 else ()
        add(recording, frame(40 * index), result(time_s, *faces))
    recording.finish()
    expected = [time_s - times[0] for time_s in times]

    shown = pictures(recording.video())
    assert [time_s for time_s, _ in shown] == pytest.approx(expected, abs=2e-3)
    assert [round(float(one[110:, :20].mean()) / 40) for _, one in shown] == [0, 1, 2, 3]

    tables = {kind: recording.table(f".{kind}") for kind in ("csv", "json", "parquet")}
    csv = pd.read_csv(io.BytesIO(tables["csv"]))
    parquet = pd.read_parquet(io.BytesIO(tables["parquet"]))
    rows = json.loads(tables["json"])
    for table in (csv, parquet, pd.DataFrame(rows)):
        assert table["time_s"].tolist() == pytest.approx(expected, abs=1e-6)
        assert table["face_id"].tolist()[::3] == [3, 3]
        assert list(table["status"]) == ["ok", "no face", "ok", "ok"]
        assert table["p_happy"].tolist()[0] == 0.75
        assert list(table.columns) == list(rows[0])
    recording.close()


def test_the_recorded_picture_has_its_boxes_and_hides_who_is_to_be_hidden() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    rough = {}
    for name, style in (("plain", PLAIN), ("blurred", OverlayStyle(blur="everyone"))):
        recording = Recording(SMALL)
        add(recording, noise, result(0.0, FACE), style)
        recording.finish()
        ((_, picture),) = pictures(recording.video())
        rough[name] = float(np.abs(np.diff(picture[60:80, 70:90].astype(float), axis=1)).mean())
        recording.close()
    assert rough["blurred"] < rough["plain"] / 4


def test_a_recording_goes_on_after_a_gap_and_with_another_frame_size() -> None:
    recording = Recording(SMALL)
    add(recording, frame(200), result(5.0, FACE))
    add(recording, frame(200, 80, 120), result(65.0, FACE, width=80))
    recording.finish()
    (_, first), (second_s, second) = pictures(recording.video())
    assert second_s == pytest.approx(60.0, abs=2e-3)
    assert first.shape == second.shape == (120, 160, 3)
    # Whole, not stretched: black beside it.
    assert second[100, 10].max() < 40 < 160 < second[100, 80].min()
    assert recording.status().seconds == pytest.approx(60.0)
    recording.close()


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (RecordingLimits(seconds=1.0, spare_bytes=0), "minutes, its limit"),
        (RecordingLimits(file_bytes=1, spare_bytes=0), "MiB, its limit"),
    ],
    ids=["time", "size"],
)
def test_a_recording_ends_at_its_limit_and_says_so(limits: RecordingLimits, said: str) -> None:
    recording = Recording(limits)
    for step in range(10):
        if recording.active:
            add(recording, frame(), result(step / 2, FACE))
    wait_until(lambda: not recording.active)
    status = recording.status()
    assert said in status.reason
    assert 1 <= status.frames <= 3
    assert len(pictures(recording.video())) == status.frames
    recording.close()


def test_without_room_on_the_disk_it_does_not_begin() -> None:
    with pytest.raises(InputError, match=r"recording: expected .* MiB of free disk.*, got"):
        Recording(RecordingLimits(spare_bytes=1 << 60))
    assert recorders() == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is of Linux")
def test_a_full_disk_ends_the_recording_with_a_sentence() -> None:
    recording = Recording(SMALL, open_file=lambda: open("/dev/full", "w+b", buffering=0))
    for step in range(40):
        if recording.active:
            add(recording, frame(step), result(step / 30, FACE))
    wait_until(lambda: not recording.active)
    reason = recording.status().reason
    assert reason.startswith("The recording ended, because a file could not be written")
    assert "No space left" in reason
    # Adding to it goes on being harmless: the stream does not know.
    recording.add(frame(), result(9.0), PLAIN, READER)
    recording.close()


def test_a_recording_that_is_refused_while_no_frame_comes_is_whole_at_once() -> None:
    recording = Recording(SMALL)
    add(recording, frame(), result(0.0, FACE))
    recording.refuse("too much")
    wait_until(lambda: recorders() == [])
    assert not recording.active and recording.status().reason == "too much"
    assert len(pictures(recording.video())) == 1
    recording.close()


def test_what_was_written_before_the_disk_was_full_can_be_read() -> None:
    class Small(io.BytesIO):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            if self.tell() + len(data) > 200_000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    recording = Recording(SMALL, open_file=Small)
    noise = np.random.default_rng(0)
    for step in range(200):
        if not recording.active:
            break
        add(
            recording,
            noise.integers(0, 256, (120, 160, 3)).astype(np.uint8),
            result(step / 30, FACE),
        )
    wait_until(lambda: not recording.active)
    status = recording.status()
    assert "No space left" in status.reason
    assert status.frames > 1
    rows = json.loads(recording.table(".json"))
    assert len(rows) == status.frames
    assert 1 <= len(pictures(recording.video())) <= status.frames
    recording.close()


def test_an_encoder_that_falls_behind_never_blocks_and_every_frame_is_a_row() -> None:
    gate = threading.Event()

    class Slow(io.BytesIO):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            assert gate.wait(30)
            return super().write(data)

    limits = RecordingLimits(spare_bytes=0, waiting_frames=4)
    recording = Recording(limits, open_file=Slow)
    for step in range(50):
        recording.add(frame(), result(step / 30, FACE), PLAIN, READER)
    assert recording.status().left_out >= 50 - 4 - 2
    gate.set()
    recording.finish()
    status = recording.status()
    assert status.frames == len(json.loads(recording.table(".json"))) == 50
    assert len(pictures(recording.video())) == 50 - status.left_out
    recording.close()


def test_each_row_names_what_read_it_also_in_another_label_set() -> None:
    recording = Recording(SMALL)
    other = replace(FACE, emotion="contempt", probabilities={"happy": 0.25, "contempt": 0.75})
    add(recording, frame(), result(0.0, FACE))
    recording.add(frame(), result(0.1, FACE), PLAIN, Reader("own", "2", "fer2013", READER.labels))
    recording.add(
        frame(), result(0.2, other), PLAIN, Reader("xs", "1", "ferplus", ("happy", "contempt"))
    )
    recording.finish()
    rows = json.loads(recording.table(".json"))
    named = [(row["model"], row["model_version"], row["label_set"]) for row in rows]
    assert named == [("xs", "1", "perceived"), ("own", "2", "fer2013"), ("xs", "1", "ferplus")]
    # One table: every class that any of them reads has its column.
    assert {tuple(row) for row in rows} == {tuple(columns(("happy", "sad", "contempt")))}
    assert [row["p_sad"] for row in rows] == [0.25, 0.25, None]
    assert [row["p_contempt"] for row in rows] == [None, None, 0.75]
    assert len(pd.read_parquet(io.BytesIO(recording.table(".parquet")))) == 3
    recording.close()


def test_it_can_be_ended_twice_and_before_it_began() -> None:
    recording = Recording(SMALL)
    recording.finish()
    recording.finish()
    assert recording.status().frames == 0
    assert not recording.active
    header = recording.table(".csv").decode().strip()
    assert header.split(",") == list(columns(()))
    recording.close()


class OneFace(StreamFake):
    def read(self, frame_bgr: np.ndarray) -> Reading:
        return Reading((FACE,), np.zeros((1, 48, 48), np.uint8), np.zeros((1, 6, 6, 2), np.float32))


def test_a_session_records_while_asked_and_across_a_pause_of_the_stream() -> None:
    session = LiveSession(OneFace())
    session.process(frame())
    wait_until(lambda: session.snapshot().result is not None)
    plain = session.process(frame())
    session.recording = recording = Recording(SMALL)
    marked = session.process(frame())
    assert not np.array_equal(marked[:12, -40:], plain[:12, -40:])
    wait_until(lambda: recording.status().frames >= 1)
    assert np.array_equal(session.picture()[:12, -40:], plain[:12, -40:])
    # The page was left: the stream ends, the recording waits.
    session.stop()
    assert recording.active
    frames = recording.status().frames
    session.process(frame())
    wait_until(lambda: recording.status().frames > frames)
    session.stop()
    recording.finish()
    ids = [row["face_id"] for row in json.loads(recording.table(".json"))]
    assert set(ids) <= {1, 2} and len(ids) == recording.status().frames
    recording.close()
