"""An annotated MP4 that browsers play: picture in segments, then joined with the original sound.

The picture is written in segments, each a whole file, so that a run that was interrupted loses at
most one of them and can go on. Joining copies the packets; nothing is encoded twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np

from fer.errors import MediaError
from fer.preprocessing import Image
from fer.video.audio import audio_packets
from fer.video.container import one_line, open_container

# Fine enough for any stream's timestamps, and the one that MP4 players know best.
TIME_BASE = Fraction(1, 90_000)

# Without B-frames the order of decoding is the order of showing, which joining segments relies on.
_ENCODERS: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast", "crf": "21", "bf": "0"},
    "libopenh264": {},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "31", "b": "0"},
}


def encoder() -> str:
    """The best encoder of this FFmpeg whose output browsers play inside an MP4.

    Raises:
        MediaError: If it has none.
    """
    for name in _ENCODERS:
        if name in av.codecs_available:
            return name
    raise MediaError(
        f"annotated video: expected one of the encoders {', '.join(_ENCODERS)} in PyAV, got none; "
        "install PyAV from its wheel"
    )


def _padded(image: Image, width: int, height: int) -> Image:
    """A frame on the output's canvas; 4:2:0 needs even sides, so an odd one gets a pixel more."""
    if image.shape[0] > height or image.shape[1] > width or image.shape[0] < height - 1:
        # The stream changed its size on the way.
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
    down, right = height - image.shape[0], width - image.shape[1]
    if down or right:
        image = np.asarray(cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_REPLICATE))
    return np.asarray(image, np.uint8)


class SegmentWriter:
    """Writes one segment, picture only.

    Args:
        path: Where to; overwritten.
        width: Of the first frame, in pixels; odd sides are rounded up.
        height: Likewise.
        fps: About how many frames a second; the frames' own times are what counts.

    Raises:
        MediaError: If the place cannot be written.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float | None) -> None:
        self.path = path
        self.width, self.height = width + width % 2, height + height % 2
        self._last = -1
        name = encoder()
        with _write_faults(path):
            self._container = av.open(f"file:{path}", "w", format="mp4")
            rate = Fraction(min(max(fps or 30.0, 1.0), 240.0)).limit_denominator(1001)
            stream: Any = self._container.add_stream(name, rate=rate, options=dict(_ENCODERS[name]))
            self._stream = stream
            stream.width, stream.height = self.width, self.height
            stream.pix_fmt = "yuv420p"
            stream.time_base = stream.codec_context.time_base = TIME_BASE

    def write(self, image_bgr: Image, time_s: float) -> None:
        """Append a frame ``(h, w, 3)`` uint8; times must not go back.

        Raises:
            MediaError: If the place cannot be written, as when the disk is full.
        """
        # OpenCV converts several times faster than FFmpeg, by the same BT.601 of limited range.
        padded = _padded(image_bgr, self.width, self.height)
        planes = np.asarray(cv2.cvtColor(padded, cv2.COLOR_BGR2YUV_I420), np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        # Two frames of the same time would not be a valid file.
        self._last = max(self._last + 1, round(time_s / TIME_BASE))
        frame.pts, frame.time_base = self._last, TIME_BASE
        with _write_faults(self.path):
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file.

        Raises:
            MediaError: If the place cannot be written, as when the disk is full.
        """
        with _write_faults(self.path):
            try:
                self._container.mux(self._stream.encode(None))
            finally:
                self._container.close()


class _write_faults:
    """FFmpeg's errors as one line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, (av.error.FFmpegError, OSError, ValueError)):
            raise MediaError(
                f"{self._path.name}: expected a place that can be written, got: {one_line(fault)}; "
                "choose another folder or free some disk"
            ) from fault


def _segment_packets(segments: Sequence[Path], target: Any) -> Iterator[Any]:
    for path in segments:
        with av.open(f"file:{path}") as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = target
                    yield packet


def _seconds(packet: Any) -> float:
    return float(packet.dts * packet.time_base) if packet.dts is not None else 0.0


def join_segments(
    segments: Sequence[Path],
    source: Path,
    target: Path,
    name: str,
) -> Iterator[str]:
    """Join segments to one MP4 that starts playing before it is loaded, with the source's sound.

    Args:
        segments: In order, as ``SegmentWriter`` wrote them.
        source: The original, for its sound.
        target: Where to; the caller gives it its final name once this has ended.
        name: The original's, for messages.

    Yields:
        Nothing after each packet; at the end what could not be kept of the sound, one sentence.

    Raises:
        MediaError: If the place cannot be written.
    """
    note = ""
    with _write_faults(target):
        output = av.open(f"file:{target}", "w", format="mp4", options={"movflags": "+faststart"})
        with output, av.open(f"file:{segments[0]}") as first:
            picture = output.add_stream_from_template(first.streams.video[0])
            sound: Iterator[Any] = iter(())
            original = None
            try:
                original = open_container(source, name)
                sound = audio_packets(original, output)
            except MediaError as fault:
                note = f"without sound: {fault}"
            try:
                for packet in _interleaved(_segment_packets(segments, picture), sound):
                    output.mux(packet)
                    yield ""
            finally:
                if original is not None:
                    original.close()
    yield note


def _interleaved(picture: Iterator[Any], sound: Iterator[Any]) -> Iterator[Any]:
    """Two streams in the order of time, so that a player need not jump about."""
    waiting = next(sound, None)
    end_s = 0.0
    for packet in picture:
        end_s = _seconds(packet)
        while waiting is not None and _seconds(waiting) <= end_s:
            yield waiting
            waiting = next(sound, None)
        yield packet
    # The sound may go on a little longer than the picture, not without end.
    while waiting is not None and _seconds(waiting) <= end_s + 1.0:
        yield waiting
        waiting = next(sound, None)
