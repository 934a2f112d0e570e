import json
import os
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from fer import EmotionRecognizer
from fer.boxes import iou
from fer.errors import InputError, MediaError
from fer.export.schema import SourceResult, to_rows
from fer.results import Box, FrameResult
from fer.video import VideoJob, VideoOptions, VideoOutcome, VideoReader

Clip = Callable[..., Path]


def times_of(results: list[FrameResult]) -> list[float]:
    return [result.timestamp_s for result in results]


def test_every_frame_is_read_with_its_time_and_one_identity(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    job = VideoJob(clip("a.mp4", count=30, size=(640, 480)), tmp_path / "job", recognizer)
    seen: list[FrameResult] = []
    outcome = job.run(on_result=seen.append)
    results = list(job.results())
    assert outcome.finished and not outcome.reason and outcome.annotated is None
    assert (outcome.frames, outcome.analysed) == (30, 30)
    assert times_of(results) == pytest.approx([index / 30 for index in range(30)], abs=2e-3)
    assert {face.face_id for result in results for face in result.faces} == {1}
    assert all(result.faces and result.faces[0].emotion == "happy" for result in results[1:])
    assert times_of(seen) == pytest.approx(times_of(results))


@pytest.mark.parametrize(
    ("options", "indices"),
    [
        (VideoOptions(every=4), [0, 4, 8, 12, 16, 20, 24, 28]),
        (VideoOptions(rate=10), [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]),
        (VideoOptions(rate=1000), list(range(30))),
        (VideoOptions(every=2, rate=5), [0, 6, 12, 18, 24]),
    ],
)
def test_only_the_frames_asked_for_are_analysed(
    clip: Clip,
    tmp_path: Path,
    recognizer: EmotionRecognizer,
    options: VideoOptions,
    indices: list[int],
) -> None:
    path = clip("a.mp4", count=30, size=(640, 480))
    job = VideoJob(path, tmp_path / "job", recognizer, options=options)
    assert job.run().frames == 30
    results = list(job.results())
    assert times_of(results) == pytest.approx([index / 30 for index in indices], abs=2e-3)
    # However far apart the frames are, nobody becomes somebody else.
    assert {face.face_id for result in results for face in result.faces} == {1}


@pytest.mark.parametrize("options", [{"every": 0}, {"rate": 0.0}, {"rate": float("nan")}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="expected"):
        VideoOptions(**options)


SOURCES = {
    "wide pixels": ("a.mp4", {"aspect": Fraction(64, 45)}, None),
    "aac is copied": ("a.mp4", {"sound": "aac"}, "aac"),
    "opus is copied": (
        "a.webm",
        {
            "codec": "libvpx-vp9",
            "sound": "libopus",
            "options": {"cpu-used": "8", "deadline": "realtime"},
        },
        "opus",
    ),
    "pcm becomes aac": ("a.mkv", {"sound": "pcm_s16le"}, "aac"),
    "a transport stream": ("a.ts", {"sound": "aac"}, "aac"),
    "odd sides": ("odd.mkv", {"codec": "ffv1", "layout": "yuv444p", "size": (321, 241)}, None),
    "varying rate": (
        "vfr.mkv",
        {"codec": "ffv1", "times_s": [0.7 * (i // 3) + 0.01 * i for i in range(20)]},
        None,
    ),
}


@pytest.mark.parametrize("case", SOURCES)
def test_the_annotated_video_keeps_times_size_and_sound(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer, case: str
) -> None:
    name, options, sound = SOURCES[case]
    path = clip(name, count=20, **options)
    job = VideoJob(path, tmp_path / "job", recognizer, annotate=True)
    outcome = job.run()
    assert outcome.annotated == job.annotated
    with VideoReader(path) as source, VideoReader(job.annotated) as annotated:
        before, after = list(source.frames()), list(annotated.frames())
        assert [f.time_s for f in after] == pytest.approx([f.time_s for f in before], abs=1e-3)
        size = before[0].image_bgr().shape
        assert annotated.info.codec == "h264"
        assert annotated._aspect == 1
        even = tuple(side + side % 2 for side in size[:2])
        assert after[0].image_bgr().shape[:2] == even
    with av.open(str(job.annotated)) as container:
        kept = [stream.codec_context.name for stream in container.streams.audio]
        assert kept == ([sound] if sound else [])
        if sound:
            heard = [frame.to_ndarray() for frame in container.decode(container.streams.audio[0])]
            wave = np.concatenate(heard, axis=1)[0].astype(float)
            spectrum = np.abs(np.fft.rfft(wave[4800:24_000]))
            assert np.argmax(spectrum) * 48_000 / 19_200 == pytest.approx(440, abs=6)


def test_a_box_is_drawn_where_the_face_is(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    path = clip("a.mp4", count=6, size=(640, 480))
    job = VideoJob(path, tmp_path / "job", recognizer, annotate=True)
    job.run()
    face = list(job.results())[3].faces[0]
    with VideoReader(path) as source, VideoReader(job.annotated) as annotated:
        plain = list(source.frames())[3].image_bgr().astype(int)
        drawn = list(annotated.frames())[3].image_bgr().astype(int)
    changed = np.abs(plain - drawn).max(axis=2) > 60
    rows, columns = np.nonzero(changed[face.box.y :])
    left, right = int(columns.min()), int(columns.max())
    box = Box(left, face.box.y, right - left, int(rows.max()))
    assert iou(box, face.box) > 0.85


def run_until(frames: int, job: VideoJob) -> VideoOutcome:
    """Cancelled with so many frames analysed."""
    seen: list[FrameResult] = []
    return job.run(cancel=lambda: len(seen) >= frames, on_result=seen.append)


def test_a_cancelled_job_keeps_what_is_done_and_goes_on(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    path = clip("a.mp4", count=40, size=(640, 480), sound="aac", options={"g": "12"})
    whole = VideoJob(path, tmp_path / "whole", recognizer, annotate=True)
    whole.run()
    expected = list(whole.results())

    folder = tmp_path / "job"
    first = run_until(17, VideoJob(path, folder, recognizer, annotate=True))
    assert not first.finished and first.frames == 17
    assert first.annotated is not None
    with VideoReader(first.annotated) as reader:
        assert len(list(reader.frames())) == 17

    job = VideoJob(path, folder, recognizer, annotate=True)
    assert len(list(job.results())) == 17
    seen: list[FrameResult] = []
    outcome = job.run(on_result=seen.append)
    assert outcome.finished and outcome.frames == 40
    # Nothing is done twice.
    assert len(seen) == 23
    results = list(job.results())
    assert times_of(results) == pytest.approx(times_of(expected), abs=1e-6)
    assert {face.face_id for result in results for face in result.faces} == {1}
    for ours, theirs in zip(results, expected, strict=True):
        assert iou(ours.faces[0].box, theirs.faces[0].box) > 0.8
        assert ours.faces[0].confidence == pytest.approx(theirs.faces[0].confidence, abs=0.1)
    with VideoReader(job.annotated) as reader:
        assert len(list(reader.frames())) == 40
        assert reader.info.has_audio


def test_who_was_seen_before_an_interruption_has_the_same_number_after_it(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    # Away for longer than a place is remembered: the looks alone can tell who it is.
    path = clip("a.mp4", count=12, empty=75, again=12, size=(640, 480))
    run_until(60, VideoJob(path, tmp_path / "job", recognizer))
    job = VideoJob(path, tmp_path / "job", recognizer)
    assert job.run().finished
    seen = [[face.face_id for face in result.measured] for result in job.results()]
    assert seen[0] == seen[-1] == [1]


def test_a_killed_job_goes_on_from_its_last_note(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    class Killed(BaseException):
        pass

    def kill(_result: FrameResult) -> None:
        if len(count) == 5:
            raise Killed
        count.append(1)

    path = clip("a.mp4", count=20, size=(640, 480))
    folder = tmp_path / "job"
    run_until(8, VideoJob(path, folder, recognizer, annotate=True))
    count: list[int] = []
    with pytest.raises(Killed):
        VideoJob(path, folder, recognizer, annotate=True).run(on_result=kill)
    job = VideoJob(path, folder, recognizer, annotate=True)
    assert job.run().finished
    assert times_of(list(job.results())) == pytest.approx(
        [index / 30 for index in range(20)], abs=2e-3
    )
    with VideoReader(job.annotated) as reader:
        assert len(list(reader.frames())) == 20


def test_a_corrupt_packet_counts_once_however_often_a_job_goes_on(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    path = clip("a.mp4", count=40, options={"g": "40"})
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat")
    for place in np.random.default_rng(1).integers(start + len(data) // 4, len(data) - 3000, 12):
        data[place] ^= 0xFF
    path.write_bytes(data)
    whole = VideoJob(path, tmp_path / "whole", recognizer).run()
    assert "corrupt" in whole.reason
    for cut in (10, 20, 30):
        first = run_until(cut, VideoJob(path, tmp_path / f"{cut}", recognizer))
        assert not first.finished
        outcome = VideoJob(path, tmp_path / f"{cut}", recognizer).run()
        assert outcome.frames == whole.frames
        # All of them lie within one group of pictures, which is decoded again from its start.
        assert outcome.reason == whole.reason


def test_a_finished_job_is_not_done_again(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    path = clip("a.mp4", count=5)
    VideoJob(path, tmp_path / "job", recognizer).run()
    seen: list[FrameResult] = []
    outcome = VideoJob(path, tmp_path / "job", recognizer).run(on_result=seen.append)
    assert outcome.finished and outcome.frames == 5 and not seen


def test_a_folder_of_another_job_is_refused(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    path = clip("a.mp4", count=3)
    VideoJob(path, tmp_path / "job", recognizer)
    with pytest.raises(InputError, match="same model, detector and options, found one of another"):
        VideoJob(path, tmp_path / "job", recognizer, options=VideoOptions(every=2))
    (tmp_path / "job" / "job.json").write_text("{")
    with pytest.raises(InputError, match="found a damaged one"):
        VideoJob(path, tmp_path / "job", recognizer)


def test_progress_counts_up_and_ends_at_the_end(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    shares: list[float] = []
    job = VideoJob(clip("a.mp4", count=20), tmp_path / "job", recognizer)
    job.run(report=lambda progress: shares.append(progress.share))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_header_that_promises_more_than_there_is_becomes_a_reason(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    path = clip("lies.mkv", count=15)
    data = bytearray(path.read_bytes())
    # Matroska's Duration element: an eight-byte float of milliseconds.
    at = data.index(b"\x44\x89\x88") + 3
    data[at : at + 8] = struct.pack(">d", 36_000_000.0)
    path.write_bytes(data)
    outcome = VideoJob(path, tmp_path / "job", recognizer).run()
    assert outcome.frames == 15 and outcome.finished
    assert "36000.0 s promised by its header, 0.5 s found" in outcome.reason


def test_a_video_cut_short_gives_its_frames_and_a_reason(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    path = clip("cut.mp4", count=90, options={"movflags": "+faststart", "g": "10"})
    data = path.read_bytes()
    assert data.index(b"moov") > 0
    with av.open(str(path)) as source:
        cut = tmp_path / "cut.mkv"
        with av.open(str(cut), "w") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    outcome = VideoJob(cut, tmp_path / "job", recognizer).run()
    assert 10 < outcome.frames < 85
    assert "promised by its header" in outcome.reason


def test_a_file_that_changes_meanwhile_is_said_so(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    path = clip("a.mp4", count=10)

    def touch(_result: FrameResult) -> None:
        os.utime(path, ns=(1, 1))

    outcome = VideoJob(path, tmp_path / "job", recognizer).run(on_result=touch)
    assert "the file changed while it was read" in outcome.reason


def test_a_video_without_a_single_frame_is_refused(
    clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    path = clip("a.mp4", count=10)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    with pytest.raises(MediaError, match="frames that can be decoded, got none"):
        VideoJob(path, tmp_path / "job", recognizer).run()


def test_records_are_plain_json(clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer) -> None:
    VideoJob(clip("a.mp4", count=3), tmp_path / "job", recognizer).run()
    lines = (tmp_path / "job" / "frames.jsonl").read_text().splitlines()
    assert [round(json.loads(line)["time_s"] * 30) for line in lines] == [0, 1, 2]


@pytest.mark.parametrize("rate", [1.0, 10.0])
def test_after_the_face_is_gone_no_row_claims_one_and_its_picture_is_left_alone(
    rate: float, clip: Clip, tmp_path: Path, recognizer: EmotionRecognizer
) -> None:
    # With one frame a second, the scene changes between two that are analysed.
    path = clip("a.mp4", count=15, empty=25, times_s=[index / 10 for index in range(40)])
    options = VideoOptions(rate=rate)
    job = VideoJob(path, tmp_path / "job", recognizer, options=options, annotate=True)
    job.run()
    results = list(job.results())
    sources = [SourceResult("a.mp4", one.faces, time_s=one.timestamp_s) for one in results]
    rows = to_rows(sources, recognizer.classifier.reader)
    assert {row["status"] for row in rows if row["time_s"] >= 1.5} == {"no face"}
    assert {row["measured"] for row in rows if row["time_s"] < 1.5} == {True}
    with VideoReader(job.annotated, "annotated") as reader:
        for time_s in (1.6, 3.9):
            frame = reader.frame_at(time_s)
            assert frame is not None and np.abs(frame.image_bgr().astype(int) - 114).max() < 12
