import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fer import EmotionRecognizer
from fer.explanation.activation import ClassActivation
from fer.video import VideoOptions, VideoReader
from fer.video.video_task import VideoTask

Clip = Callable[..., Path]


@pytest.fixture
def new_run(recognizer: EmotionRecognizer) -> Callable[..., VideoTask]:
    def make(path: Path, *, annotate: bool = False) -> VideoTask:
        folder = VideoTask.new_folder()
        options = VideoOptions()
        return VideoTask(path, folder, recognizer, options=options, annotate=annotate, name="a.mp4")

    return make


def test_a_run_ends_with_a_table_a_picture_and_a_summary(
    clip: Clip, new_run: Callable[..., VideoTask]
) -> None:
    run = new_run(clip("a.mp4", count=20, size=(640, 480)), annotate=True)
    run.start()
    run.wait(60)
    assert not run.active and not run.error
    assert run.outcome is not None and run.outcome.finished
    rows = list(csv.DictReader(io.StringIO(run.table(".csv").decode())))
    assert (
        len(rows)
        == 20
        == len(run.table(".jsonl").splitlines())
        == len(json.loads(run.table(".json")))
    )
    assert {row["source"] for row in rows} == {"a.mp4"}
    assert [float(row["time_s"]) for row in rows[:2]] == pytest.approx([0, 1 / 30], abs=2e-3)
    shown = run.picture_at(0.41)
    assert shown is not None and shown[1] is not None
    assert shown[1].timestamp_s == pytest.approx(12 / 30, abs=2e-3)
    with VideoReader(run.path) as reader:
        frame = reader.frame_at(0.41)
    assert frame is not None and (shown[0] != frame.image_bgr()).any()
    warm = run.picture_at(0.41, ClassActivation(run.classifier))
    assert warm is not None and warm[1] == shown[1]
    box, changed = shown[1].faces[0].box, (warm[0] != shown[0]).any(axis=-1)
    # Heat lies on the face, and nowhere else.
    assert changed[box.y : box.bottom, box.x : box.right].any()
    changed[max(0, box.y) : box.bottom, max(0, box.x) : box.right] = False
    assert changed.mean() < 0.01
    assert run.faces == 1 and run.time_line.face_ids() == [1]
    together, *_each = run.summary()
    assert together.total_s == pytest.approx(19 / 30, abs=0.05)
    annotated = run.annotated()
    assert annotated is not None and annotated.stat().st_size
    run.close()
    assert not annotated.exists()


def test_a_cancelled_run_goes_on_and_counts_nothing_twice(
    clip: Clip, new_run: Callable[..., VideoTask]
) -> None:
    run = new_run(clip("a.mp4", count=40))
    take = run.take

    def cancel_soon(result: object) -> None:
        take(result)  # type: ignore[arg-type]
        run.cancel()

    run.take = cancel_soon  # type: ignore[method-assign]
    run.start()
    run.wait(60)
    assert run.outcome is not None and not run.outcome.finished
    done = len(run.table(".jsonl").splitlines())
    assert 0 < done < 40
    run.take = take  # type: ignore[method-assign]
    run.start()
    run.wait(60)
    assert run.outcome.finished
    times = [json.loads(line)["time_s"] for line in run.table(".jsonl").splitlines()]
    assert len(times) == len(set(times)) == 40
    run.close()


def test_nothing_of_a_video_is_opened_in_this_process(
    clip: Clip, new_run: Callable[..., VideoTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError

    for module in ("reader", "writer"):
        monkeypatch.setattr(f"fer.video.{module}.open_container", refuse)
    run = new_run(clip("a.mp4", count=5, sound="aac"), annotate=True)
    run.start()
    run.wait(60)
    assert not run.error and run.annotated() is not None
    assert run.picture_at(0.1) is not None
    run.close()


def test_what_is_no_video_is_one_line(tmp_path: Path, new_run: Callable[..., VideoTask]) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"not a video")
    run = new_run(path)
    run.start()
    run.wait(60)
    assert run.outcome is None
    assert "expected" in run.error and "\n" not in run.error


def test_the_files_go_with_the_viewer(clip: Clip, new_run: Callable[..., VideoTask]) -> None:
    run = new_run(clip("a.mp4", count=5))
    folder = run._folder
    run.start()
    run.wait(60)
    assert folder.is_dir()
    del run
    assert not folder.exists()
