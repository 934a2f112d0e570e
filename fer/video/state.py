"""What a job of one video remembers between runs, and what it hands out at the end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fer.errors import InputError
from fer.files import replace_file, write_faults
from fer.video.reader import VideoInfo

_SEGMENT = re.compile(r"segment-\d{5,}\.mp4")


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


def open_state(folder: Path, identity: Mapping[str, object], name: str) -> JobState:
    """What an earlier run has left in a folder, or a beginning.

    Args:
        folder: Of the job.
        identity: Of its video, model and options, as JSON has it.
        name: Of the video, for messages.

    Raises:
        InputError: If the folder holds another job, a damaged one, or cannot be written.
    """
    file, state = folder / "job.json", folder / "state.json"
    if not file.exists():
        with write_faults(file):
            replace_file(file, json.dumps(identity).encode())
        return JobState()
    try:
        known = json.loads(file.read_text())
        begun = known == identity and state.exists()
        found = JobState(**json.loads(state.read_text())) if begun else JobState()
        if not all(map(_SEGMENT.fullmatch, found.segments)):
            raise ValueError("a segment that is not this job's")
    except (OSError, ValueError, TypeError):
        raise InputError(
            f"{folder}: expected an unfinished job, found a damaged one; delete the folder"
        ) from None
    if known != identity:
        raise InputError(
            f"{folder}: expected an unfinished job of {name} with the same "
            "model, detector and options, found one of another; delete the folder or give another"
        )
    return found


def save_state(folder: Path, state: JobState) -> None:
    """Note how far a job is."""
    with write_faults(folder):
        replace_file(folder / "state.json", json.dumps(asdict(state)).encode())
