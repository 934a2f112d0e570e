"""The state of a live stream at one moment, as the page shows it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from fer.results import FrameResult
from fer.tracking.summary import FaceSummary

_RATE_WINDOW_S = 3.0


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """Immutable, so safe to read from any thread.

    Attributes:
        result: The newest analysed frame, or None before the first.
        history: Analysed frames of the last minute, at most ten a second, oldest first.
        summary: Time per emotion, for all faces together and for each.
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
    history: tuple[FrameResult, ...] = ()
    summary: tuple[FaceSummary, ...] = ()
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


def rate(times: deque[float], now: float) -> float:
    """Events per second over the last three seconds; 0 when there were too few."""
    recent = [t for t in times if now - t <= _RATE_WINDOW_S]
    span = now - recent[0] if len(recent) > 1 else 0.0
    return (len(recent) - 1) / span if span > 0.2 else 0.0
