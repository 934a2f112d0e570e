"""Video files of unknown origin, opened with nothing but what a video needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import av.error

from fer.errors import MediaError
from fer.files import how_to_find, open_regular

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".3gp", ".webm", ".mkv", ".avi", ".wmv", ".mpg", ".mpeg"}
    | {".ts", ".mts", ".m2ts"}
)
"""What the pages offer; what a file is, its content says."""
VIDEO_NAMES = "MP4, MOV, 3GP, WebM, MKV, AVI, WMV, MPEG or MTS"
MAX_PIXELS = 36_000_000

# FFmpeg also opens play lists and scripts, which name other files and addresses. Only these
# containers, and only from the file itself.
_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,mpegts,mpeg",
    "protocol_whitelist": "file",
    "max_pixels": str(MAX_PIXELS),
}
_TIMEOUT_S = 20.0


def one_line(fault: BaseException) -> str:
    """The message of a library's error without line breaks and without the file's path."""
    text = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
    return " ".join(str(text).split())


def open_container(path: Path, name: str) -> Any:
    """A file as a PyAV input container, limited to video files.

    Raises:
        MediaError: If it is none, or cannot be read.
    """
    try:
        with open_regular(path) as file:
            if not file.read(1):
                raise MediaError(f"{name}: expected a video, got an empty file; copy it again")
        # The scheme is said aloud: a file may be named like an address.
        return av.open(f"file:{path}", options=dict(_OPTIONS), timeout=_TIMEOUT_S)
    except MediaError:
        raise
    except (av.error.InvalidDataError, av.error.ArgumentError, av.error.EOFError):
        raise MediaError(
            f"{name}: expected an {VIDEO_NAMES} video, got something else or a damaged "
            "file; play it in a viewer and save it again"
        ) from None
    except OSError as fault:
        raise MediaError(
            f"{name}: expected a readable file, got: {one_line(fault)}; {how_to_find(path)}"
        ) from None
    except (av.error.FFmpegError, ValueError, UnicodeError, MemoryError) as fault:
        raise MediaError(
            f"{name}: expected a whole video, got a damaged one ({one_line(fault)}); copy it again"
        ) from None


def start_s(container: Any) -> float:
    """Time of the first picture where a format counts from anywhere, else 0."""
    stream = next(iter(container.streams.video), None)
    if container.format.name not in ("mpegts", "mpeg") or stream is None:
        return 0.0
    return float((stream.start_time or 0) * stream.time_base)
