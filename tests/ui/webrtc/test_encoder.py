"""The encoder of the pictures that go back, with the real codecs."""

from fractions import Fraction

import aiortc.rtcrtpsender
import av
import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import VpxPayloadDescriptor

from fer.ui.webrtc.encoder import LeanVp8Encoder, encode_leanly, lean_encoder, video_frame


def _picture(width: int = 64, height: int = 48, shift: int = 0) -> np.ndarray:
    """Soft colours, as in a photo: yuv420p halves the colours' resolution."""
    y, x = np.mgrid[:height, :width]
    blue, green, red = x * 3 + shift, y * 4, 255 - x - y
    return np.stack([blue, green, red], axis=2).clip(0, 255).astype(np.uint8)


def _frame(number: int, **sizes: int) -> av.VideoFrame:
    frame = video_frame(_picture(shift=number, **sizes))
    frame.pts, frame.time_base = number * 3000, Fraction(1, 90_000)
    return frame


def _decoded(encoder: LeanVp8Encoder, *frames: av.VideoFrame) -> list[np.ndarray]:
    decoder = av.CodecContext.create("vp8", "r")
    pictures = []
    for frame in frames:
        payloads, _ = encoder.encode(frame)
        data = b"".join(VpxPayloadDescriptor.parse(payload)[1] for payload in payloads)
        pictures += [one.to_ndarray(format="bgr24") for one in decoder.decode(av.Packet(data))]
    return pictures


def test_the_frame_holds_the_picture_in_the_colours_of_ffmpeg() -> None:
    picture = _picture()
    frame = video_frame(picture)
    assert (frame.format.name, frame.width, frame.height) == ("yuv420p", 64, 48)
    usual = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
    assert np.abs(frame.to_ndarray().astype(int) - usual.to_ndarray()).max() <= 3


@pytest.mark.parametrize("size", [(63, 48), (64, 47), (63, 47)])
def test_odd_sides_are_kept(size) -> None:
    frame = video_frame(_picture(*size))
    assert (frame.width, frame.height) == size
    assert np.array_equal(frame.to_ndarray(format="bgr24"), _picture(*size))
    frame.pts, frame.time_base = 0, Fraction(1, 90_000)
    assert LeanVp8Encoder().encode(frame)[0]


def test_pictures_come_out_as_they_went_in() -> None:
    frames = [_frame(number) for number in range(6)]
    shown = _decoded(LeanVp8Encoder(), *frames)
    assert len(shown) == 6
    assert np.abs(shown[-1].astype(int) - _picture(shift=5)).mean() < 4


def test_a_whole_picture_comes_when_it_is_asked_for() -> None:
    encoder = LeanVp8Encoder()
    encoder.encode(_frame(0))
    # The first bit of a VP8 frame: 0 for a picture that needs no other.
    for number, asked in ((1, False), (2, True), (3, False)):
        payloads, _ = encoder.encode(_frame(number), force_keyframe=asked)
        assert (VpxPayloadDescriptor.parse(payloads[0])[1][0] & 1 == 0) is asked


def test_another_size_and_another_rate_are_followed() -> None:
    encoder = LeanVp8Encoder()
    shown = _decoded(encoder, _frame(0), _frame(1, width=128, height=96))
    assert [picture.shape for picture in shown] == [(48, 64, 3), (96, 128, 3)]
    codec = encoder.codec
    encoder.target_bitrate = round(encoder.target_bitrate * 1.05)
    encoder.encode(_frame(2, width=128, height=96))
    assert encoder.codec is codec
    encoder.target_bitrate = 1_200_000
    encoder.encode(_frame(3, width=128, height=96))
    assert encoder.codec is not codec
    assert encoder.codec is not None and encoder.codec.bit_rate == 1_200_000


def test_only_vp8_is_replaced() -> None:
    def codec(name: str) -> RTCRtpCodecParameters:
        return RTCRtpCodecParameters(mimeType=f"video/{name}", clockRate=90_000, payloadType=97)

    assert type(lean_encoder(codec("VP8"))) is LeanVp8Encoder
    assert type(lean_encoder(codec("H264"))) is H264Encoder
    encode_leanly()
    assert aiortc.rtcrtpsender.get_encoder is lean_encoder
