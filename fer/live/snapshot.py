"""The state of a live stream at one moment, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from fer.results import FrameResult


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """Immutable, so safe to read from any thread.

    Attributes:
        result: The newest analysed frame, or None before the first.
        camera_fps: Frames received per second.
        processed_fps: Frames analysed per second.
        latency_ms: Time from a frame's arrival to its result.
        received: Frames received since the start.
        dropped: Frames that nobody had time for.
        errors: Frames whose handling failed; the stream went on.
        last_error: One line about the last failure.
        dark: The camera sends (almost) black pictures.
        idle_s: Seconds since the last frame arrived.
        waiting: Position in the line before the full frame rate, from 1; 0 with the full rate.
    """

    result: FrameResult | None = None
    camera_fps: float = 0.0
    processed_fps: float = 0.0
    latency_ms: float = 0.0
    received: int = 0
    dropped: int = 0
    errors: int = 0
    last_error: str = ""
    dark: bool = False
    idle_s: float = float("inf")
    waiting: int = 0
