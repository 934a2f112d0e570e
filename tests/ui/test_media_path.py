"""The way of a frame through a server, without a browser: WebRTC, callback, relay, and back."""

import asyncio
import gc
import threading
import warnings
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection
from loops import run_apart
from streamlit_webrtc.models import CallbackAttachableProcessor
from streamlit_webrtc.process import AsyncVideoProcessTrack

from fer.live.session import LiveSession
from fer.recognition.recognizer import Reading
from fer.ui.webrtc.relay import LatestFrameRelay
from tests.live.fakes import StreamFake


class Camera(MediaStreamTrack):
    kind = "video"
    sent = 0

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(0.01)
        frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), 90, np.uint8), format="bgr24")
        frame.pts, frame.time_base = self.sent * 3000, Fraction(1, 90_000)
        self.sent += 1
        return frame


class StuckRecognizer(StreamFake):
    """Takes as long as the test does."""

    def __init__(self) -> None:
        self.calls = 0
        self.free = threading.Event()

    def read(self, frame_bgr: np.ndarray) -> Reading:
        self.calls += 1
        assert self.free.wait(60)
        return Reading((), np.zeros((0, 48, 48), np.uint8), np.zeros((0, 6, 6, 2), np.float32))


async def _returned_frames(session: LiveSession, wanted: int) -> int:
    """How many frames come back to a peer that sends its camera."""
    browser, server, relay = RTCPeerConnection(), RTCPeerConnection(), LatestFrameRelay()
    returned: asyncio.Queue[MediaStreamTrack] = asyncio.Queue()

    def on_frame(frame: av.VideoFrame) -> av.VideoFrame:
        image = session.process(frame.to_ndarray(format="bgr24"))
        return av.VideoFrame.from_ndarray(image, format="bgr24")

    def on_track(track: MediaStreamTrack) -> None:
        processor = CallbackAttachableProcessor(on_frame, None, session.stop)
        processed = AsyncVideoProcessTrack(relay.subscribe(track), processor)
        server.addTrack(relay.subscribe(processed))

    server.on("track", on_track)
    browser.on("track", returned.put_nowait)
    browser.addTrack(Camera())
    try:
        await browser.setLocalDescription(await browser.createOffer())
        await server.setRemoteDescription(browser.localDescription)
        await server.setLocalDescription(await server.createAnswer())
        await browser.setRemoteDescription(server.localDescription)
        track = await returned.get()
        for _ in range(wanted):
            await asyncio.wait_for(track.recv(), 60)
        return wanted
    finally:
        await browser.close()
        await server.close()


def test_while_the_detector_is_stuck_the_picture_goes_on() -> None:
    recognizer = StuckRecognizer()
    session = LiveSession(recognizer)
    try:
        assert run_apart(_returned_frames(session, 25)) == 25
        snapshot = session.snapshot()
        assert recognizer.calls == 1
        assert snapshot.received > 15 and snapshot.dropped == snapshot.received - 2
        assert snapshot.errors == 0
    finally:
        recognizer.free.set()
        session.stop()
        with warnings.catch_warnings():
            # streamlit-webrtc leaves the event loop of its thread to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
