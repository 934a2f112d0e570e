"""A stream's frames from camera to encoder: the newest always, each once, without a queue.

streamlit-webrtc gives every incoming frame to a thread and sends on whatever that thread finished
last. So each picture is a frame late; when the machine is busy some go out twice and others never;
and aiortc's relay keeps all that the encoder has no time for, a megabyte each, so that the picture
falls behind by seconds. Here a frame goes out as soon as its picture is drawn, and a frame for
which nobody has time makes room for the next.

Written for streamlit-webrtc 0.79, whose global relay and processed track it replaces, and aiortc
1.16; ``tests/ui/webrtc/test_upstream.py`` fails when what it builds on changes.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import av
import streamlit_webrtc.webrtc
from aiortc import MediaStreamTrack
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError
from streamlit_webrtc.process import AsyncVideoProcessTrack
from streamlit_webrtc.relay import get_global_relay


class LatestFrameRelay(MediaRelay):
    """A relay whose readers get the newest frame, never a queue of older ones."""

    def subscribe(self, track: MediaStreamTrack, buffered: bool = False) -> MediaStreamTrack:
        """A proxy for one more reader; streamlit-webrtc asks for a queue by saying nothing."""
        return super().subscribe(track, buffered=False)


class PromptVideoTrack(AsyncVideoProcessTrack):
    """streamlit-webrtc's processed track; a picture goes out when it is ready, and only once."""

    _pool: ThreadPoolExecutor | None = None
    _ended = False

    async def recv(self) -> av.VideoFrame:
        """The picture of the newest frame.

        Raises:
            MediaStreamError: If the stream has ended.
        """
        if self.readyState != "live":
            raise MediaStreamError
        frame = await self.track.recv()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="fer-picture")
        loop = asyncio.get_running_loop()
        try:
            shown: av.VideoFrame = await loop.run_in_executor(
                self._pool, self.processor.recv, frame
            )
        except RuntimeError as fault:  # The pool takes nothing more: stopped meanwhile.
            raise MediaStreamError from fault
        shown.pts, shown.time_base = frame.pts, frame.time_base
        return shown

    def stop(self) -> None:
        """End the stream; called on the server's event loop, which must not wait for anything."""
        MediaStreamTrack.stop(self)
        if self._ended:
            return
        self._ended = True
        self.track.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=False)
        threading.Thread(target=self.processor.on_ended, name="fer-ended", daemon=True).start()


def send_latest_frames() -> None:
    """Let this server's streams work so; once is enough, again is harmless."""
    relay = get_global_relay()
    if not isinstance(relay, LatestFrameRelay):
        # Its state is a MediaRelay's; only the choice of the proxy differs.
        relay.__class__ = LatestFrameRelay
    streamlit_webrtc.webrtc.AsyncVideoProcessTrack = PromptVideoTrack
