"""The picture that goes back to the browser, encoded at a fraction of the usual cost.

What aiortc asks of its VP8 encoder suits one call on an idle machine: several threads, which wait
for each other by spinning, and a filter against camera noise. On two cores that carry a browser or
several viewers as well, this costs more than finding and reading the faces. Here the encoder has
one thread, no filter and a higher ``cpu-used``; PSNR stays within 0.3 dB at 1 Mbit/s.

Written for aiortc 1.16, whose choice of encoder it replaces; ``tests/ui/webrtc/test_upstream.py``
fails when what it builds on changes.
"""

from __future__ import annotations

from typing import Any

import aiortc.rtcrtpsender
import av
from aiortc import RTCRtpCodecParameters
from aiortc.codecs import get_encoder
from aiortc.codecs.base import Encoder
from aiortc.codecs.vpx import Vp8Encoder
from av.frame import Frame
from av.video.codeccontext import VideoCodecContext

from fer.preprocessing import Image, to_yuv420

# The first two are what matters; the rest asks for a constant rate without delay, as aiortc does.
_OPTIONS = {
    "cpu-used": "-12",
    "noise-sensitivity": "0",
    "deadline": "realtime",
    "lag-in-frames": "0",
    "overshoot-pct": "15",
    "undershoot-pct": "100",
    "partitions": "0",
    "static-thresh": "1",
}
# The receiver asks for a complete picture when it needs one; none comes by the clock.
_KEYFRAME_STEP = 3000
_BITRATE_STEP = 0.1


def video_frame(image_bgr: Image) -> av.VideoFrame:
    """A picture ``(h, w, 3)`` BGR in the pixel format of the encoder, yuv420p.

    Where a side is odd, which that cannot hold, it is bgr24.
    """
    height, width = image_bgr.shape[:2]
    if height % 2 or width % 2:
        return av.VideoFrame.from_ndarray(image_bgr, format="bgr24")
    return av.VideoFrame.from_numpy_buffer(to_yuv420(image_bgr), format="yuv420p")


class LeanVp8Encoder(Vp8Encoder):
    """aiortc's encoder with a codec that costs half as much."""

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        """RTP payloads and the timestamp, as aiortc's own."""
        if isinstance(frame, av.VideoFrame) and not self._fits(frame):
            self.codec = self._codec(frame.width, frame.height)
        return super().encode(frame, force_keyframe)

    def _fits(self, frame: av.VideoFrame) -> bool:
        codec = self.codec
        return (
            codec is not None
            and (codec.width, codec.height) == (frame.width, frame.height)
            and abs(self.target_bitrate - (codec.bit_rate or 1))
            <= _BITRATE_STEP * (codec.bit_rate or 1)
        )

    def _codec(self, width: int, height: int) -> VideoCodecContext:
        codec = av.CodecContext.create("libvpx", "w")
        assert isinstance(codec, VideoCodecContext)
        rate = str(self.target_bitrate)
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        codec.bit_rate, codec.gop_size = self.target_bitrate, _KEYFRAME_STEP
        codec.qmin, codec.qmax = 2, 56
        codec.options = {**_OPTIONS, "bufsize": rate, "minrate": rate, "maxrate": rate}
        codec.thread_count = 1
        return codec


def lean_encoder(codec: RTCRtpCodecParameters) -> Encoder:
    """The encoder of a codec that was agreed on with the browser."""
    return LeanVp8Encoder() if codec.mimeType.lower() == "video/vp8" else get_encoder(codec)


def encode_leanly() -> None:
    """Let this server's streams use ``lean_encoder``; again is harmless."""
    sending: Any = aiortc.rtcrtpsender
    sending.get_encoder = lean_encoder
