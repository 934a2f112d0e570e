"""Video files in, faces over time and an annotated MP4 out, in bounded memory."""

from importlib import import_module
from typing import TYPE_CHECKING

from fer.video.container import VIDEO_SUFFIXES
from fer.video.reader import VideoInfo, VideoReader

if TYPE_CHECKING:
    from fer.video.analysis import VideoOptions, VideoProgress
    from fer.video.job import VideoJob
    from fer.video.state import VideoOutcome

__all__ = [
    "VIDEO_SUFFIXES",
    "VideoInfo",
    "VideoJob",
    "VideoOptions",
    "VideoOutcome",
    "VideoProgress",
    "VideoReader",
]

_MODULES = {
    "VideoJob": "job",
    "VideoOptions": "analysis",
    "VideoOutcome": "state",
    "VideoProgress": "analysis",
}


def __getattr__(name: str) -> object:
    """What needs the recogniser, once it is asked for: a process that only decodes needs none."""
    if name not in _MODULES:
        raise AttributeError(f"module 'fer.video' has no attribute {name!r}")
    return getattr(import_module(f"fer.video.{_MODULES[name]}"), name)
