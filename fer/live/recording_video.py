"""The video of a recording: an annotated WebM, written frame by frame."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

import av
import cv2
import numpy as np

from fer.overlay import OverlayStyle, draw_faces
from fer.preprocessing import Image
from fer.results import FaceEmotion

_TIME_BASE = Fraction(1, 1000)
# Fast enough for a live stream beside others; about a megabyte for ten seconds.
_ENCODER = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
# A file that is cut off loses at most its last second.
_CLUSTERS = {"cluster_time_limit": "1000"}
_BITS_PER_SECOND = 1_000_000
_KEY_EVERY = 60


@dataclass(frozen=True, slots=True)
class RecordingLimits:
    """When a recording ends by itself.

    Attributes:
        seconds: Length.
        file_bytes: Table and video together.
        spare_bytes: What must stay free on the disk of temporary files.
        waiting_frames: Frames in memory that wait for the encoder; more are left out of the video.
    """

    seconds: float = 15 * 60.0
    file_bytes: int = 200 * 2**20
    spare_bytes: int = 200 * 2**20
    waiting_frames: int = 8


def _fitted(image: Image, width: int, height: int) -> Image:
    """A frame on a canvas of another size, whole, with black bars where it is too narrow."""
    if image.shape[:2] == (height, width):
        return image
    factor = min(width / image.shape[1], height / image.shape[0])
    inner = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    small = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
    canvas = np.zeros((height, width, 3), np.uint8)
    x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas[y : y + inner[1], x : x + inner[0]] = small
    return canvas


class RecordingVideo:
    """What the recording's thread writes."""

    def __init__(self, limits: RecordingLimits, open_file: Callable[[], BinaryIO]) -> None:
        self.limits = limits
        self.video = open_file()
        self.frames = 0
        self.reason = ""
        self._container: Any = None
        self._stream: Any = None
        self._last_pts = -1

    @property
    def file_bytes(self) -> int:
        """Size so far."""
        return 0 if self.video.closed else self.video.tell()

    def full(self, seconds: float, table_bytes: int) -> str:
        """Why no more may be written, if so, at a length and with a table of a size."""
        limits = self.limits
        if seconds >= limits.seconds:
            return f"The recording ended after {limits.seconds / 60:.0f} minutes, its limit."
        if self.file_bytes + table_bytes >= limits.file_bytes:
            return f"The recording ended at {limits.file_bytes / 2**20:.0f} MiB, its limit."
        if self.frames % 30 == 0 and free_bytes() < limits.spare_bytes:
            return "The recording ended, because the server's disk is nearly full."
        return ""

    def write(
        self, frame: Image, faces: Sequence[FaceEmotion], style: OverlayStyle, time_s: float
    ) -> None:
        """Append a frame ``(h, w, 3)``, drawn here: off the stream's threads."""
        if self._container is None:
            self._open(frame)
        picture = draw_faces(frame, faces, style)
        picture = _fitted(picture, self._stream.width, self._stream.height)
        moving = av.VideoFrame.from_ndarray(picture, format="bgr24")
        self._last_pts = max(self._last_pts + 1, round(time_s / _TIME_BASE))
        moving.pts, moving.time_base = self._last_pts, _TIME_BASE
        self._container.mux(self._stream.encode(moving))
        self.frames += 1

    def _open(self, frame: Image) -> None:
        self._container = av.open(self.video, "w", format="webm", options=dict(_CLUSTERS))
        self._stream = self._container.add_stream("libvpx", rate=30, options=dict(_ENCODER))
        # 4:2:0 needs even sides.
        self._stream.width = max(2, frame.shape[1] - frame.shape[1] % 2)
        self._stream.height = max(2, frame.shape[0] - frame.shape[0] % 2)
        self._stream.pix_fmt = "yuv420p"
        self._stream.bit_rate = _BITS_PER_SECOND
        self._stream.time_base = self._stream.codec_context.time_base = _TIME_BASE
        self._stream.codec_context.gop_size = _KEY_EVERY

    def finish(self) -> None:
        """Write the end of the video."""
        if self._container is not None:
            try:
                if self.frames:
                    self._container.mux(self._stream.encode(None))
            finally:
                container, self._container = self._container, None
                container.close()

    def fail(self, fault: BaseException) -> None:
        """Remember why writing ended."""
        said = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
        self.reason = (
            f"The recording ended, because a file could not be written ({said}); "
            "what was recorded until then is kept."
        )


def free_bytes() -> int:
    """Free space where temporary files are kept."""
    return shutil.disk_usage(tempfile.gettempdir()).free
