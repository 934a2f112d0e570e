"""A viewer of the webcam page without a browser: the same work for the server, little of its own.

``python -m benchmarks.light_viewer URL CLIP.webm`` speaks Streamlit's web socket, presses START,
keeps the page's live parts refreshing as a browser does, and sends the packets of a VP8 file in
real time. What comes back is counted, not decoded. Every second it prints a line of JSON: frames
that came back, the place in the line (0 with the full rate), and whether the connection was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiortc.rtcrtpreceiver
import av
import websockets
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcrtpsender import RTCRtpSender
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

FPS = 30
_CLOCK = 90_000


class Counter:
    """Takes the place of aiortc's decoder: counts encoded frames."""

    frames = 0

    def decode(self, _encoded: Any) -> list[Any]:
        """One more frame came back."""
        Counter.frames += 1
        return []


class Packets(MediaStreamTrack):
    """The packets of a video file in real time, over and over."""

    kind = "video"

    def __init__(self, clip: Path) -> None:
        super().__init__()
        with av.open(clip) as container:
            self._packets = [packet for packet in container.demux(video=0) if packet.size]
        self._sent = 0
        self._began = 0.0

    async def recv(self) -> av.Packet:
        """The next packet, when its time has come."""
        self._began = self._began or time.monotonic()
        await asyncio.sleep(max(0.0, self._began + self._sent / FPS - time.monotonic()))
        packet = self._packets[self._sent % len(self._packets)]
        packet.pts = packet.dts = self._sent * _CLOCK // FPS
        packet.time_base = Fraction(1, _CLOCK)
        self._sent += 1
        return packet


class Viewer:
    """One session of the webcam page."""

    def __init__(self, clip: Path) -> None:
        self.connection = RTCPeerConnection()
        self.place = 0
        self._clip = clip
        self._socket: Any = None
        self._page = ""
        self._component = ""
        self._value: dict[str, Any] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._answered = False
        self._asked_in_line = 0.0

    async def watch(self, url: str) -> None:
        """Open the page and stay on it."""
        transceiver = self.connection.addTransceiver(Packets(self._clip), "sendrecv")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([one for one in codecs if one.mimeType == "video/VP8"])
        await self.connection.setLocalDescription(await self.connection.createOffer())
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        async with websockets.connect(
            address, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None
        ) as socket:
            self._socket = socket
            await self._run(page_name="Webcam")
            async for data in socket:
                message = ForwardMsg()
                message.ParseFromString(data)
                await self._read(message)

    async def _run(self, fragment: str = "", page_name: str = "") -> None:
        """Ask for a run of the page, or of one of its live parts."""
        request = BackMsg()
        state = request.rerun_script
        state.page_script_hash, state.page_name = self._page, page_name
        state.fragment_id, state.is_auto_rerun = fragment, bool(fragment)
        if self._component:
            state.widget_states.widgets.add(id=self._component, json_value=json.dumps(self._value))
        await self._socket.send(request.SerializeToString())

    async def _repeat(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._run(fragment)

    async def _read(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "auto_rerun":
            fragment = message.auto_rerun.fragment_id
            self._stop_timer(fragment)
            self._timers[fragment] = asyncio.create_task(
                self._repeat(fragment, message.auto_rerun.interval)
            )
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._stop_timer(fragment)
        elif kind == "delta" and message.delta.HasField("new_element"):
            await self._see(message.delta.new_element)

    def _stop_timer(self, fragment: str) -> None:
        if fragment in self._timers:
            self._timers.pop(fragment).cancel()

    async def _see(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "alert":
            found = re.search(r"number (\d+) in line", element.alert.body)
            if found:
                self.place, self._asked_in_line = int(found[1]), time.monotonic()
        elif kind == "html" and "fer-card" in element.html.body:
            # Cards without the notice before them: this viewer has the full rate.
            if time.monotonic() - self._asked_in_line > 1.5:
                self.place = 0
        elif kind == "component_instance" and "webrtc" in element.component_instance.component_name:
            await self._connect(element.component_instance)

    async def _connect(self, component: Any) -> None:
        arguments = json.loads(component.json_args)
        if not self._component:
            self._component = component.id
            own = self.connection.localDescription
            self._value = {"playing": False, "sdpOffer": {"sdp": own.sdp, "type": own.type}}
            await self._run()
        elif arguments.get("sdp_answer_json") and not self._answered:
            self._answered = True
            answer = json.loads(arguments["sdp_answer_json"])
            await self.connection.setRemoteDescription(RTCSessionDescription(**answer))
            self._value = {"playing": True}
            await self._run()


async def _report(viewer: Viewer) -> None:
    while True:
        await asyncio.sleep(1)
        gone = viewer.connection.connectionState in ("failed", "closed")
        state = {"frames": Counter.frames, "place": viewer.place, "gone": gone}
        print(json.dumps(state), flush=True)


async def _main(url: str, clip: Path) -> None:
    viewer = Viewer(clip)
    report = asyncio.create_task(_report(viewer))
    try:
        await viewer.watch(url)
    finally:
        report.cancel()
        await viewer.connection.close()


def main() -> None:
    """Watch until the process is ended."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("clip", type=Path)
    options = parser.parse_args()
    aiortc.rtcrtpreceiver.get_decoder = lambda codec: Counter()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(options.url, options.clip))


if __name__ == "__main__":
    main()
