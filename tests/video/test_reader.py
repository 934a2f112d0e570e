import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer.errors import MediaError
from fer.video import VideoReader
from fer.video import reader as reader_module
from fer.video.frame import square_size

Clip = Callable[..., Path]

CONTAINERS = {
    "clip.mp4": {"sound": "aac"},
    "clip.mov": {},
    "clip.mkv": {"codec": "ffv1", "sound": "pcm_s16le"},
    "clip.webm": {
        "codec": "libvpx-vp9",
        "sound": "libopus",
        "options": {"cpu-used": "8", "deadline": "realtime"},
    },
    "clip.ts": {"sound": "aac"},
    "clip.mts": {},
    "clip.3gp": {"sound": "aac"},
    "clip.mpg": {"codec": "mpeg2video", "sound": "mp2"},
    "clip.wmv": {"codec": "wmv2"},
    "clip.avi": {"codec": "mjpeg", "layout": "yuvj420p", "sound": "pcm_s16le"},
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_gives_its_frames_with_their_times(clip: Clip, name: str) -> None:
    path = clip(name, count=12, **CONTAINERS[name])
    with VideoReader(path) as reader:
        frames = list(reader.frames())
        assert [frame.time_s for frame in frames] == pytest.approx(
            [index / 30 for index in range(12)], abs=2e-3
        )
        assert {frame.image_bgr().shape for frame in frames} == {(240, 320, 3)}
        assert reader.info.has_audio == ("sound" in CONTAINERS[name])
        assert reader.corrupt == 0
        assert reader.share > 0.5


def test_a_variable_frame_rate_keeps_every_time(clip: Clip) -> None:
    times = [0.0, 0.04, 0.5, 0.51, 2.0, 5.25]
    path = clip("vfr.mkv", count=6, codec="ffv1", times_s=times)
    with VideoReader(path) as reader:
        assert [frame.time_s for frame in reader.frames()] == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize("size", [(321, 240), (320, 241), (97, 33), (2, 2)])
def test_odd_sizes_come_out_as_they_are(clip: Clip, size: tuple[int, int]) -> None:
    path = clip("odd.mkv", count=2, size=size, codec="ffv1", layout="yuv444p")
    with VideoReader(path) as reader:
        assert {f.image_bgr().shape for f in reader.frames()} == {(size[1], size[0], 3)}


def turned(path: Path, matrix: tuple[float, ...]) -> Path:
    """An MP4 whose header tells players to turn the picture, as phones write it."""
    data = bytearray(path.read_bytes())
    # version and flags, two times, id, reserved, duration, 8 bytes reserved, layer ... volume.
    at = data.index(b"tkhd") + 4 + 4 + 4 * 5 + 8 + 8
    a, b, c, d, x, y = matrix
    fixed = [round(v * 65_536) for v in (a, b)] + [0] + [round(v * 65_536) for v in (c, d)] + [0]
    fixed += [round(x * 65_536), round(y * 65_536), 1 << 30]
    data[at : at + 36] = struct.pack(">9i", *fixed)
    result = path.with_name("turned.mp4")
    result.write_bytes(data)
    return result


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((0, 1, -1, 0, 240, 0), lambda a: np.rot90(a, -1)),
        ((-1, 0, 0, -1, 320, 240), lambda a: np.rot90(a, 2)),
        ((0, -1, 1, 0, 0, 320), lambda a: np.rot90(a)),
        ((-1, 0, 0, 1, 320, 0), lambda a: a[:, ::-1]),
        ((1, 0, 0, -1, 0, 240), lambda a: a[::-1]),
        ((0, 1, 1, 0, 0, 0), lambda a: a.swapaxes(0, 1)),
        ((0, -1, -1, 0, 240, 320), lambda a: a.swapaxes(0, 1)[::-1, ::-1]),
    ],
    ids=["clockwise", "half", "counter", "mirrored", "upside down", "diagonal", "other diagonal"],
)
def test_a_display_matrix_is_obeyed(
    clip: Clip, matrix: tuple[float, ...], turn: Callable[[np.ndarray], np.ndarray]
) -> None:
    path = clip("flat.mp4", count=2)
    with VideoReader(path) as flat, VideoReader(turned(path, matrix)) as reader:
        expected = turn(next(flat.frames()).image_bgr())
        frame = next(reader.frames())
        assert np.array_equal(frame.image_bgr(), expected)


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        (Fraction(64, 45), (455, 240)),
        (Fraction(1, 2), (320, 480)),
        (Fraction(400, 401), (320, 240)),
        (Fraction(1000, 1), (320, 240)),
    ],
    ids=["wide pixels", "narrow pixels", "as good as square", "nonsense"],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_pixels_are_made_square(
    clip: Clip, name: str, aspect: Fraction, size: tuple[int, int]
) -> None:
    path = clip(name, count=1, aspect=aspect)
    with VideoReader(path) as reader, VideoReader(clip("square.mp4", count=1)) as square:
        frame, plain = next(reader.frames()), next(square.frames()).image_bgr()
    assert frame.image_bgr().shape == (*size[::-1], 3)
    expected = cv2.resize(plain, size, interpolation=cv2.INTER_LINEAR)
    assert np.abs(frame.image_bgr().astype(int) - expected).mean() < 3


def test_what_would_be_too_large_with_square_pixels_is_made_smaller_instead() -> None:
    assert square_size(6000, 5000, 2.0) == (6000, 2500)
    assert square_size(6000, 5000, 0.5) == (3000, 5000)
    assert square_size(720, 576, 64 / 45) == (1024, 576)


def test_corrupt_packets_are_counted_and_the_rest_is_read(clip: Clip) -> None:
    path = clip("whole.mp4", count=60, options={"g": "10"})
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 400
    for place in np.random.default_rng(0).integers(start, start + len(data) // 2, 40):
        data[place] ^= 0xFF
    path.write_bytes(data)
    with VideoReader(path) as reader:
        count = len(list(reader.frames()))
    assert 0 < reader.corrupt < 60
    assert 20 <= count < 60


def test_a_frame_is_found_by_its_time(clip: Clip) -> None:
    with VideoReader(clip("a.mp4", count=40, options={"g": "12"})) as reader:
        for time_s, index in ((0.0, 0), (0.5, 15), (0.51, 15), (1.2, 36), (99.0, 39), (0.1, 3)):
            frame = reader.frame_at(time_s)
            assert frame is not None
            assert frame.time_s == pytest.approx(index / 30, abs=2e-3)


def test_reading_goes_on_from_a_time(clip: Clip) -> None:
    with VideoReader(clip("a.mp4", count=40, options={"g": "12"})) as reader:
        times = [frame.time_s for frame in reader.frames(start_s=0.9)]
    assert times == pytest.approx([index / 30 for index in range(27, 40)], abs=2e-3)


def test_a_decoder_opened_anew_by_a_seek_keeps_to_its_threads(
    clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "_MAX_THREADS", 1)
    with VideoReader(clip("a.mp4", count=5)) as reader:
        first = reader._stream
        # No container has a place for this number: reading begins from the start.
        assert reader.frame_at(1e30) is not None
        assert reader._stream is not first
        assert reader._stream.codec_context.thread_count == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got an empty file"),
        (b"Dear diary\n" * 50, "got something else or a damaged file"),
        (bytes(10_000), "got something else or a damaged file"),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=message) as caught:
        VideoReader(path)
    assert str(caught.value).startswith("film.mp4: expected")
    assert "\n" not in str(caught.value)


def test_a_play_list_that_names_other_files_is_refused(tmp_path: Path, clip: Clip) -> None:
    inner = clip("inner.mp4", count=2)
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{inner}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {inner}\n",
    ):
        path = tmp_path / "list.mp4"
        path.write_text(text)
        with pytest.raises(MediaError, match="something else"):
            VideoReader(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.mp4: expected a readable file, got: No such"):
        VideoReader(tmp_path / "gone.mp4")


def test_a_file_named_like_an_address_is_a_file(clip: Clip) -> None:
    path = clip("a.mp4", count=2)
    renamed = path.rename(path.with_name("concat:b|c.mp4"))
    with VideoReader(renamed) as reader:
        assert len(list(reader.frames())) == 2


def test_a_song_without_picture_is_refused(tmp_path: Path, clip: Clip) -> None:
    import av

    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000, layout="mono")
        block = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        block.sample_rate = 48_000
        container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="without a picture stream"):
        VideoReader(path)


def test_a_picture_that_changes_its_size_all_the_time_is_refused(
    clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = clip("small.ts", count=3), clip("large.ts", count=3, size=(640, 480))
    path = small.with_name("both.ts")
    path.write_bytes(small.read_bytes() + large.read_bytes() + small.read_bytes())
    with VideoReader(path) as reader:
        shapes = [frame.image_bgr().shape for frame in reader.frames()]
        assert {(240, 320, 3), (480, 640, 3)} <= set(shapes)
    monkeypatch.setattr(reader_module, "MAX_SIZE_CHANGES", 1)
    with (
        VideoReader(path) as reader,
        pytest.raises(MediaError, match="changes its size at most 1 times"),
    ):
        list(reader.frames())
