"""Pictures of strangers, decoded in a process that can be killed (``fer.decoding``)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from fer.decoding import Answer, Job, Session, decoders
from fer.errors import MediaError
from fer.media.sources import Source
from fer.pictures.reading import MAX_PIXELS, Picture, decode_frames, decode_image

PICTURES = Job(
    "fer.media.decoded:pictures",
    what="a picture",
    remedy="save it again as a plain picture",
    output_bytes=MAX_PIXELS * 3,
)
"""Reading one picture, or all of its frames together."""


def decode(
    source: Source, session: Session, *, every_frame: bool = False
) -> tuple[str, Iterator[Picture]]:
    """As ``fer.pictures.decode_image``, or ``decode_frames``, in another process.

    Args:
        source: The picture.
        session: Whose it is.
        every_frame: Every frame of an animation and every page.

    Returns:
        SHA-256 of its bytes, and its pictures, to be taken to the end.

    Raises:
        MediaError: As those; or if it takes more time or memory than a picture may.
        Cancelled: If the session is cancelled meanwhile.
    """
    if source.reason:
        raise MediaError(source.reason)
    answers = decoders.work(
        PICTURES,
        source.name,
        session,
        source.data or b"",
        path=None if source.path is None else str(source.path.absolute()),
        member=source.member,
        every_frame=every_frame,
    )
    digest: str = next(answers)[0]["digest"]
    return digest, _pictures(source.name, answers, every_frame)


def _pictures(name: str, answers: Iterator[Answer], every_frame: bool) -> Iterator[Picture]:
    # A single picture lets its decoder go before anybody looks for faces in it.
    for facts, image in answers if every_frame else list(answers):
        assert image is not None
        notes, fault = tuple(facts["notes"]), facts["fault"]
        yield Picture(name, image, notes, fault, facts["frame"], facts["time_s"])


def pictures(
    data: bytes, *, name: str, path: str | None, member: str, every_frame: bool
) -> Iterator[Answer]:
    """In the decoder: the digest of a picture, then its frames."""
    source = Source(name, path=Path(path) if path else None, member=member, data=data)
    data = source.read()
    yield {"digest": hashlib.sha256(data).hexdigest()}, None
    for one in decode_frames(data, name) if every_frame else [decode_image(data, name)]:
        facts = {"notes": one.notes, "fault": one.fault, "frame": one.frame, "time_s": one.time_s}
        yield facts, one.image_bgr
