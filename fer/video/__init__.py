"""Video files in, faces over time and an annotated MP4 out, in bounded memory."""

from fer.video.analysis import VideoOptions, VideoProgress
from fer.video.container import VIDEO_SUFFIXES
from fer.video.job import VideoJob
from fer.video.reader import VideoInfo, VideoReader
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
