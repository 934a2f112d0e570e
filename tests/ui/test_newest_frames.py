"""The relay between the stream's callback and the encoder, with aiortc's own parts."""

import asyncio
from fractions import Fraction

import av
from aiortc import MediaStreamTrack
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpreceiver import RemoteStreamTrack
from loops import run_apart

from fer.ui.newest_frames import NewestFramesRelay


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
        return usual, await _slowly(NewestFramesRelay().subscribe(Camera(200)))

    usual, ours = run_apart(both())
    assert usual == list(range(200))  # all of them, ever later
    assert ours == sorted(set(ours)) and 10 <= len(ours) <= 40
    assert ours[-1] >= 180


def test_what_comes_in_is_kept() -> None:
    async def read() -> list[int]:
        camera = RemoteStreamTrack("video")
        proxy = NewestFramesRelay().subscribe(camera)
        source = Camera(50)
        for _ in range(50):
            await camera._queue.put(await source.recv())
        await camera._queue.put(None)
        return await _slowly(proxy)

    assert run_apart(read()) == list(range(50))
