"""Frames that nobody had time to send are dropped, so that a stream never falls behind.

streamlit-webrtc hands every processed frame to the encoder through aiortc's relay, whose queue has
no limit: where the encoder is slower than the camera, as with several viewers or on a busy
machine, that queue grows by a megabyte a frame and the picture falls behind by seconds. The relay
can also pass on the newest frame only; that is what a live picture needs.
"""

from __future__ import annotations

from aiortc import MediaStreamTrack
from aiortc.contrib.media import MediaRelay
from aiortc.rtcrtpreceiver import RemoteStreamTrack
from streamlit_webrtc.relay import get_global_relay


class NewestFramesRelay(MediaRelay):
    """A relay that keeps one frame of what was processed, and every frame that came in.

    What comes in is read at once; a queue there only evens out bursts.
    """

    def subscribe(self, track: MediaStreamTrack, buffered: bool = True) -> MediaStreamTrack:
        """A proxy of ``track`` for one more reader."""
        return super().subscribe(track, buffered and isinstance(track, RemoteStreamTrack))


def drop_late_frames() -> None:
    """Let this server's streams send the newest frame only; once is enough, again is harmless."""
    relay = get_global_relay()
    if not isinstance(relay, NewestFramesRelay):
        # Its state is a MediaRelay's; only the choice of the proxy differs.
        relay.__class__ = NewestFramesRelay
