"""What a job of one video remembers between runs, and what it hands out at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fer.video.reader import VideoInfo


@dataclass(frozen=True, slots=True)
class VideoOutcome:
    """What came of a video.

    Attributes:
        name: The file's name.
        info: What the file says about itself.
        frames: Frames read, in all runs together.
        analysed: Frames analysed.
        end_s: When the last frame ends, in seconds.
        finished: False when the job was cancelled; it can go on.
        annotated: The annotated MP4, if one was asked for.
        reason: What is wrong with the file, in one line, or nothing.
        note: What is worth knowing, or nothing.
    """

    name: str
    info: VideoInfo
    frames: int
    analysed: int
    end_s: float
    finished: bool
    annotated: Path | None = None
    reason: str = ""
    note: str = ""


@dataclass(slots=True)
class JobState:
    """How far a job is; everything needed to go on."""

    time_s: float | None = None
    end_s: float = 0.0
    frames: int = 0
    analysed: int = 0
    corrupt: int = 0
    corrupt_position: int = -1
    due_s: float | None = None
    last_id: int = 0
    rows_bytes: int = 0
    segments: list[str] = field(default_factory=list)
    read_to_end: bool = False
