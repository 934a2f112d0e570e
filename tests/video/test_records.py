from pathlib import Path

import pytest

from fer.results import Box, FaceEmotion, FrameResult
from fer.video.records import record_at, record_line


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """300 frames, one every 0.1 s, some with many faces, so that lines differ in length."""
    face = FaceEmotion(Box(1, 2, 30, 30), "happy", 0.9, {"happy": 0.9, "sad": 0.1})
    path = tmp_path / "frames.jsonl"
    path.write_bytes(
        b"".join(
            record_line(FrameResult(index / 10, 640, 480, (face,) * (index % 7)))
            for index in range(300)
        )
    )
    return path


def test_the_frame_on_show_is_found_at_every_time(records: Path) -> None:
    size = records.stat().st_size
    for index in range(300):
        for late in (0.0, 0.05):
            found = record_at(records, index / 10 + late, size)
            assert found is not None and found.timestamp_s == pytest.approx(index / 10)
            assert len(found.faces) == index % 7
    assert record_at(records, -1.0, size) is None
    last = record_at(records, 1e9, size)
    assert last is not None and last.timestamp_s == pytest.approx(29.9)


def test_what_is_still_being_written_is_not_looked_at(records: Path) -> None:
    whole = records.stat().st_size
    with records.open("ab") as file:
        file.write(b'{"time_s": 30.0, "wid')
    found = record_at(records, 1e9, whole)
    assert found is not None and found.timestamp_s == pytest.approx(29.9)
    assert record_at(records, 5.0, 0) is None
