"""How a stream fares: frames that came, were read, were dropped, or failed, and how fast."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass

from fer.results import FrameResult

LOGGER = logging.getLogger(__name__)

_RATE_WINDOW_S = 3.0
# Different failures remembered, so that each is logged once.
_LOGGED_KINDS = 50


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """The state of a stream at one moment; immutable, so safe to read from any thread.

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


class StreamHealth:
    """The counts of one stream; its owner sees to it that one thread at a time counts.

    The attributes are those of ``LiveSnapshot``.
    """

    def __init__(self) -> None:
        self.received = self.dropped = self.errors = 0
        self.last_error = ""
        self.latency_ms = 0.0
        self.dark = False
        self._arrivals: deque[float] = deque(maxlen=200)
        self._finished: deque[float] = deque(maxlen=200)
        self._logged: set[str] = set()

    def came(self, now: float) -> None:
        """A frame came."""
        self.received += 1
        self._arrivals.append(now)

    def finished(self, now: float, arrived: float) -> None:
        """A frame was read."""
        self.latency_ms = (now - arrived) * 1000
        self._finished.append(now)

    def failed(self, fault: BaseException) -> None:
        """Count a failure, and log it once; at 30 a second more would be noise."""
        line = f"{type(fault).__name__}: {fault}"
        self.errors += 1
        self.last_error = line
        if line not in self._logged and len(self._logged) < _LOGGED_KINDS:
            self._logged.add(line)
            LOGGER.warning("live stream: a frame failed: %s", line)

    def camera_fps(self, now: float) -> float:
        """Frames a second that came lately."""
        return _rate(self._arrivals, now)

    def snapshot(self, now: float, result: FrameResult | None, waiting: int) -> LiveSnapshot:
        """The state of the stream at a moment."""
        return LiveSnapshot(
            result=result,
            camera_fps=self.camera_fps(now),
            processed_fps=_rate(self._finished, now),
            latency_ms=self.latency_ms,
            received=self.received,
            dropped=self.dropped,
            errors=self.errors,
            last_error=self.last_error,
            dark=self.dark,
            idle_s=now - self._arrivals[-1] if self._arrivals else float("inf"),
            waiting=waiting,
        )


def _rate(times: deque[float], now: float) -> float:
    """Events per second over the last three seconds; 0 when there were too few."""
    # Other threads append meanwhile.
    recent = [t for t in tuple(times) if now - t <= _RATE_WINDOW_S]
    span = now - recent[0] if len(recent) > 1 else 0.0
    return (len(recent) - 1) / span if span > 0.2 else 0.0
