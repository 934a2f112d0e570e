"""Frames of a video file of unknown origin, as shown, with the stream's own times."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from fer.errors import MediaError
from fer.video.container import MAX_PIXELS, open_container, start_s
from fer.video.frame import Frame

# Reading on after so many broken places in a row finds nothing more.
_MAX_FAULTS_IN_A_ROW = 100
_MAX_THREADS = 4
MAX_SIZE_CHANGES = 50
# Wider or narrower pixels than these are no camera's; below the least difference nobody sees it.
_MOST_ASPECT, _LEAST_ASPECT = 8, 0.005


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a file says about its picture; durations and rates are claims, not facts.

    Attributes:
        width: Of the picture as stored, before pixels are made square and it is turned.
        height: Likewise.
        codec: Such as ``h264``.
        fps: Average frames per second, or None.
        duration_s: Length of the picture stream in seconds, or None.
        has_audio: Whether there is a sound stream.
    """

    width: int
    height: int
    codec: str
    fps: float | None
    duration_s: float | None
    has_audio: bool


class VideoReader(AbstractContextManager["VideoReader"]):
    """Decodes one video file; use it as a context manager, in one thread.

    Args:
        path: The file.
        name: Its name in messages; default is the file's own.

    Attributes:
        info: What the file says about itself.
        corrupt: Packets and pictures that could not be decoded so far.
        corrupt_position: Where the last one of them ended, in bytes; faults up to there do not
            count again.
        frames_read: So far.
        end_s: Where the video ends so far, in seconds.

    Raises:
        MediaError: If it is no video, is damaged beyond reading, or its picture is too large.
    """

    def __init__(self, path: str | Path, name: str | None = None) -> None:
        self.path = Path(path)
        self.name = name or self.path.name
        self.corrupt = 0
        # A job that goes on reads some packets a second time, to have the pictures they build on.
        self.corrupt_position = -1
        self.frames_read = 0
        self.end_s = 0.0
        self._position = 0
        self._converter = VideoReformatter()
        self._container = open_container(self.path, self.name)
        try:
            self._stream = self._picture_stream()
            self.info = self._describe()
            self._aspect = self._pixel_aspect()
            self._start_s = start_s(self._container)
            self._size = max(1, os.path.getsize(self.path))
        except BaseException:
            self._container.close()
            raise

    def close(self) -> None:
        """Release the file and the decoder."""
        self._container.close()

    def __exit__(self, *fault: object) -> None:
        """Close it."""
        self.close()

    @property
    def share(self) -> float:
        """How much of the file has been read, 0 to 1; bytes, since durations may lie."""
        return min(1.0, self._position / self._size)

    def _picture_stream(self) -> Any:
        for stream in self._container.streams.video:
            # A cover picture of a song is a video stream too.
            if not stream.disposition.value & 0x400:
                stream.thread_type = "AUTO"
                if stream.codec_context is not None:
                    cores = os.cpu_count() or 1
                    stream.codec_context.thread_count = min(_MAX_THREADS, cores)
                return stream
        raise MediaError(
            f"{self.name}: expected a video, got a file without a picture stream; check the file"
        )

    def _describe(self) -> VideoInfo:
        stream, context = self._stream, self._stream.codec_context
        if context is None or not context.width or not context.height:
            raise MediaError(
                f"{self.name}: expected a video that can be decoded, got one without a known codec "
                "or picture size; save it again as H.264"
            )
        if context.width * context.height > MAX_PIXELS:
            raise MediaError(
                f"{self.name}: expected at most {MAX_PIXELS / 1e6:.0f} megapixels a frame, got "
                f"{context.width:,} x {context.height:,}; shrink it first"
            )
        has_audio = bool(self._container.streams.audio)
        duration = None
        if stream.duration and stream.time_base:
            duration = float(stream.duration * stream.time_base)
        elif self._container.duration and not has_audio:
            # The container's length is that of its longest stream.
            duration = self._container.duration / av.time_base
        rate = stream.average_rate or stream.guessed_rate
        return VideoInfo(
            width=context.width,
            height=context.height,
            codec=context.name,
            fps=float(rate) if rate else None,
            duration_s=duration if duration and duration > 0 else None,
            has_audio=has_audio,
        )

    def _pixel_aspect(self) -> float:
        """Width of a stored pixel by its height; nonsense counts as square."""
        aspect = float(self._stream.sample_aspect_ratio or 1)
        sane = 1 / _MOST_ASPECT <= aspect <= _MOST_ASPECT
        return aspect if sane and abs(aspect - 1) > _LEAST_ASPECT else 1.0

    def frames(self, start_s: float | None = None) -> Iterator[Frame]:
        """Every frame that can be decoded, in the order of time; what cannot is counted.

        Args:
            start_s: Begin with the first frame at or after this time.

        Raises:
            MediaError: If the picture changes its size all the time, which costs as often.
        """
        if start_s is not None:
            self._seek(start_s)
        step = 1 / (self.info.fps or 25.0)
        last: float | None = None
        size, changes = None, 0
        for pixels in self._decoded():
            if size not in (None, (pixels.width, pixels.height)):
                changes += 1
            size = (pixels.width, pixels.height)
            if changes > MAX_SIZE_CHANGES:
                raise MediaError(
                    f"{self.name}: expected a picture that changes its size at most "
                    f"{MAX_SIZE_CHANGES} times, got more; save it again"
                )
            if pixels.is_corrupt or pixels.width * pixels.height > MAX_PIXELS:
                self._count_fault()
                continue
            stamp = pixels.time
            if stamp is None or not np.isfinite(stamp):
                stamp = 0.0 if last is None else last + step
            else:
                stamp -= self._start_s
            time_s = stamp if last is None else max(float(stamp), last)
            if start_s is not None and time_s < start_s - 1e-6:
                continue
            last = time_s
            self.frames_read += 1
            length = step
            if pixels.duration and pixels.time_base:
                length = float(pixels.duration * pixels.time_base)
            self.end_s = max(self.end_s, time_s + length)
            yield Frame(time_s, pixels, self._converter, self._aspect)

    def frames_to(self, time_s: float) -> Iterator[Frame]:
        """The frames from a key frame to the one on show at a time, the last that starts by it."""
        self._seek(time_s)
        begun = False
        for frame in self.frames():
            if begun and frame.time_s > time_s + 1e-6:
                return
            begun = True
            yield frame

    def frame_at(self, time_s: float) -> Frame | None:
        """The frame on show at a time, or None in a video without frames."""
        return next(iter(deque(self.frames_to(time_s), 1)), None)

    def _seek(self, time_s: float) -> None:
        offset = int((max(0.0, time_s) + self._start_s) / self._stream.time_base)
        try:
            self._container.seek(offset, stream=self._stream)
        except (av.error.FFmpegError, OSError, ValueError, OverflowError):
            # Without an index: from the start, which only takes longer.
            self._container.close()
            self._container = open_container(self.path, self.name)
            self._stream = self._picture_stream()

    def _count_fault(self) -> None:
        """Unless it was counted before: by bytes, since what cannot be decoded has no time."""
        if self._position > self.corrupt_position:
            self.corrupt += 1
            self.corrupt_position = self._position

    def _decoded(self) -> Iterator[av.VideoFrame]:
        packets = self._container.demux(self._stream)
        in_a_row = 0
        while in_a_row < _MAX_FAULTS_IN_A_ROW:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError, ValueError):
                self._count_fault()
                in_a_row += 1
                # An iterator that has raised is spent.
                packets = self._container.demux(self._stream)
                continue
            if packet.pos is not None and packet.size:
                self._position = max(self._position, packet.pos + packet.size)
            try:
                frames = packet.decode()
            except (av.error.FFmpegError, OSError, ValueError, MemoryError):
                self._count_fault()
                if not packet.size:
                    # The decoder could not even be emptied at the end of the file.
                    return
                continue
            in_a_row = 0
            yield from frames
