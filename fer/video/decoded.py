"""Videos of strangers, read in a process that can be killed (``fer.decoding``)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer.decoding import Answer, Cancelled, Job, Session, decoders, long_decoders
from fer.preprocessing import Image
from fer.video.container import MAX_PIXELS
from fer.video.frame import Frame
from fer.video.reader import VideoInfo, VideoReader
from fer.video.sampler import Sampler
from fer.video.writer import join_segments

if TYPE_CHECKING:
    from fer.video.analysis import VideoOptions
    from fer.video.state import JobState

# Pictures of 4K and more: what a decoder holds to build the next ones on.
_MEMORY_BYTES = 1536 * 2**20
_IMAGE_BYTES = MAX_PIXELS * 3
_AHEAD = 8
_REMEDY = "save it again as H.264, or smaller"
_READ = Job(
    "fer.video.decoded:read",
    what="a video",
    remedy=_REMEDY,
    step_s=1.0,
    memory_bytes=_MEMORY_BYTES,
    output_bytes=_IMAGE_BYTES,
    ahead=_AHEAD,
)
_SHOW = replace(_READ, function="fer.video.decoded:show", ahead=1)
_JOIN = replace(_READ, function="fer.video.decoded:join", ahead=1)
# A sign of life where no picture is asked for.
_TELL_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A frame that was read, or the end, and how far the reading was then.

    Attributes:
        time_s: Of the frame, in seconds.
        image_bgr: Its pixels if they are needed, ``(h, w, 3)`` uint8.
        wanted: Whether it is to be analysed.
        share: Of the file, 0 to 1.
        end_s: Where the video ends so far, in seconds.
        corrupt: Packets that could not be decoded so far.
        corrupt_position: Where the last one of them ended, in bytes.
        frames: Frames so far.
        due_s: When the next frame is to be analysed, or None.
    """

    time_s: float
    image_bgr: Image | None
    wanted: bool
    share: float
    end_s: float
    corrupt: int
    corrupt_position: int
    frames: int
    due_s: float | None


class DecodedVideo(AbstractContextManager["DecodedVideo"]):
    """A video from where a job is; leaving the block ends the reading.

    Args:
        path: The file.
        name: For messages.
        session: Whose it is.
        state: How far the job is.
        options: Which frames are analysed.
        every_frame: Give the pixels of the others too.

    Attributes:
        info: What the file says about itself.

    Raises:
        MediaError: As ``VideoReader``; or if it takes more time or memory than a video may.
        Cancelled: If the session is cancelled meanwhile.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        session: Session,
        state: JobState,
        options: VideoOptions,
        *,
        every_frame: bool,
    ) -> None:
        self._answers = long_decoders.work(
            _READ,
            name,
            session,
            path=str(path.absolute()),
            start_s=None if state.time_s is None else state.time_s + 1e-4,
            every=options.every,
            rate=options.rate,
            frames=state.frames,
            due_s=state.due_s,
            corrupt_position=state.corrupt_position,
            every_frame=every_frame,
        )
        self.info = VideoInfo(**next(self._answers)[0])

    def __exit__(self, *fault: object) -> None:
        """End it, wherever it is."""
        self._answers.close()

    def steps(self) -> Iterator[Step]:
        """Its frames, of those without pixels only some; at last the end, which is no frame.

        Where the session is cancelled, they end early.

        Raises:
            MediaError: As the class.
        """
        with suppress(Cancelled):
            for facts, image in self._answers:
                yield Step(image_bgr=image, **facts)


def picture_at(path: Path, name: str, time_s: float, session: Session) -> Image | None:
    """The picture on show at a time, ``(h, w, 3)`` uint8 BGR; None where there is none.

    Raises:
        MediaError: If it cannot be read any more, or takes too long.
        Cancelled: If the session is cancelled meanwhile.
    """
    answers = decoders.work(_SHOW, name, session, path=str(path.absolute()), time_s=time_s)
    # To the end, so that the decoder lives on.
    return [image for _facts, image in answers][-1]


def joined(segments: list[Path], source: Path, name: str, target: Path, session: Session) -> str:
    """As ``fer.video.writer.join_segments``: the sound is a stranger's too.

    Raises:
        MediaError: Likewise; or if it takes too long.
        Cancelled: If the session is cancelled meanwhile.
    """
    note = ""
    files = [*segments, source]
    room = sum(file.stat().st_size for file in files) * 2 + 64 * 2**20
    for facts, _image in long_decoders.work(
        replace(_JOIN, output_bytes=room),
        name,
        session,
        segments=[str(file.absolute()) for file in segments],
        path=str(source.absolute()),
        target=str(target.absolute()),
    ):
        note = facts["note"]
    return note


def read(
    _data: bytes,
    *,
    name: str,
    path: str,
    start_s: float | None,
    every: int,
    rate: float | None,
    frames: int,
    due_s: float | None,
    corrupt_position: int,
    every_frame: bool,
) -> Iterator[Answer]:
    """In the decoder: what a video says about itself, then its steps."""
    sampler = Sampler(every, rate, frames, due_s)
    with VideoReader(path, name) as reader:
        reader.corrupt_position = corrupt_position
        yield asdict(reader.info), None

        def facts(time_s: float, wanted: bool) -> dict[str, Any]:
            return {
                "time_s": time_s,
                "wanted": wanted,
                "share": reader.share,
                "end_s": reader.end_s,
                "corrupt": reader.corrupt,
                "corrupt_position": reader.corrupt_position,
                "frames": sampler.frames,
                "due_s": sampler.due_s,
            }

        told_s, last_s = 0.0, start_s or 0.0
        for frame in reader.frames(start_s):
            last_s = frame.time_s
            wanted = sampler.wants(last_s)
            image = frame.image_bgr() if wanted or every_frame else None
            if image is None and time.monotonic() - told_s < _TELL_S:
                continue
            told_s = time.monotonic()
            yield facts(last_s, wanted), image
        # What comes after the last frame counts too.
        yield facts(last_s, wanted=False), None


def show(_data: bytes, *, name: str, path: str, time_s: float) -> Iterator[Answer]:
    """In the decoder: the picture on show at a time."""
    with VideoReader(path, name) as reader:
        shown: Frame | None = None
        told_s = 0.0
        for frame in reader.frames_to(time_s):
            shown = frame
            if time.monotonic() - told_s > _TELL_S:
                told_s = time.monotonic()
                yield {}, None
        yield {}, None if shown is None else shown.image_bgr()


def join(
    _data: bytes, *, name: str, segments: list[str], path: str, target: str
) -> Iterator[Answer]:
    """In the decoder: one file from its segments and the sound of the original."""
    note, told_s = "", 0.0
    for note in join_segments([Path(file) for file in segments], Path(path), Path(target), name):
        if time.monotonic() - told_s > _TELL_S:
            told_s = time.monotonic()
            yield {"note": note}, None
    yield {"note": note}, None
