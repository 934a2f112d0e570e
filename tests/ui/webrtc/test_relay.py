"""The relay between the stream's callback and the encoder, with aiortc's own parts."""

import asyncio
import threading
import time
from fractions import Fraction

import av
import numpy as np
import pytest
import streamlit_webrtc.webrtc
from aiortc import MediaStreamTrack
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError
from loops import run_apart

from fer.ui.webrtc import relay
from fer.ui.webrtc.relay import LatestFrameRelay, PromptVideoTrack


class Camera(MediaStreamTrack):
    """Sends so many frames without a pause, numbered, then ends."""

    kind = "video"

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.numbers = iter(range(frames))

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(0)
        frame = av.VideoFrame(16, 16, "rgb24")
        frame.pts = next(self.numbers, None)
        frame.time_base = Fraction(1, 30)
        if frame.pts is None:
            raise MediaStreamError
        return frame


async def _slowly(track: MediaStreamTrack) -> list[int]:
    """Numbers of the frames that a reader sees who needs ten times as long as the camera."""
    seen = []
    try:
        while True:
            frame = await track.recv()
            seen.append(frame.pts)
            for _ in range(10):
                await asyncio.sleep(0)
    except MediaStreamError:
        return seen


def test_a_slow_encoder_gets_new_frames_not_a_queue() -> None:
    async def both() -> tuple[list[int], list[int]]:
        usual = await _slowly(MediaRelay().subscribe(Camera(200)))
        return usual, await _slowly(LatestFrameRelay().subscribe(Camera(200)))

    usual, ours = run_apart(both())
    assert usual == list(range(200))  # all of them, ever later
    assert ours == sorted(set(ours)) and 10 <= len(ours) <= 40
    assert ours[-1] >= 180


class Painter:
    """What streamlit-webrtc wraps a page's callback in, for one that paints the frame's number."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.began, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.drawn = 0
        self.ended: list[str] = []

    def recv(self, frame: av.VideoFrame) -> av.VideoFrame:
        self.began.set()
        self.go_on.wait(60)
        time.sleep(self.seconds)
        self.drawn += 1
        painted = av.VideoFrame.from_ndarray(np.full((16, 16, 3), frame.pts, np.uint8), "rgb24")
        return painted

    def on_ended(self) -> None:
        self.ended.append(threading.current_thread().name)


class Clock(Camera):
    """A camera that sends a frame every so many seconds."""

    def __init__(self, frames: int, seconds: float) -> None:
        super().__init__(frames)
        self.seconds = seconds

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(self.seconds)
        return await super().recv()


async def _numbers(track: MediaStreamTrack) -> list[tuple[int, int]]:
    """The number that each picture shows, and the time that it is said to be from."""
    seen = []
    try:
        while True:
            frame = await track.recv()
            seen.append((int(frame.to_ndarray()[0, 0, 0]), frame.pts))
    except MediaStreamError:
        return seen


def test_every_picture_goes_out_once_and_with_the_time_of_its_own_frame() -> None:
    async def read() -> list[tuple[int, int]]:
        camera = LatestFrameRelay().subscribe(Clock(30, 0.01))
        return await _numbers(PromptVideoTrack(camera, Painter()))

    seen = run_apart(read())
    assert len(seen) >= 25
    assert all(number == pts for number, pts in seen)
    assert len({number for number, _ in seen}) == len(seen)


def test_a_slow_page_gets_the_newest_frame_and_never_an_older_one() -> None:
    async def read() -> list[tuple[int, int]]:
        camera = LatestFrameRelay().subscribe(Clock(60, 0.005))
        return await _numbers(PromptVideoTrack(camera, Painter(0.03)))

    numbers = [number for number, _ in run_apart(read())]
    assert numbers == sorted(set(numbers))
    assert 5 <= len(numbers) <= 20 and numbers[-1] >= 45


def test_the_end_waits_for_nobody_and_is_told_once() -> None:
    painter = Painter()
    painter.go_on.clear()

    async def end() -> None:
        track = PromptVideoTrack(LatestFrameRelay().subscribe(Clock(200, 0.005)), painter)
        picture = asyncio.ensure_future(track.recv())
        assert await asyncio.to_thread(painter.began.wait, 30)
        track.stop()
        track.stop()
        # A loop that waited for the picture would stall every viewer.
        assert painter.drawn == 0
        painter.go_on.set()
        assert (await picture).pts is not None  # The one that was being drawn.
        with pytest.raises(MediaStreamError):
            await track.recv()

    run_apart(end())
    assert painter.ended == ["fer-ended"]


def test_the_server_uses_both(monkeypatch) -> None:
    server_relay = MediaRelay()
    # Streamlit's own needs a running server: the browser tests have one.
    monkeypatch.setattr(relay, "get_global_relay", lambda: server_relay)
    relay.send_latest_frames()
    relay.send_latest_frames()
    assert type(server_relay) is LatestFrameRelay
    # By this name streamlit-webrtc makes its tracks.
    assert streamlit_webrtc.webrtc.AsyncVideoProcessTrack is PromptVideoTrack
