"""Many pictures, on every core, in order; a broken one is a row with a reason."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from fer.decoding import Cancelled, Session
from fer.errors import FerError
from fer.export.schema import SourceResult
from fer.files import replace_file, write_faults
from fer.media.decoded import decode
from fer.media.sources import Source
from fer.overlay import annotated as annotated_copy
from fer.pictures.reading import Picture, encode_png
from fer.recognition.recognizer import MAX_FACES, EmotionRecognizer, Reading

_log = logging.getLogger(__name__)
_MAX_WORKERS = 8
_POLL_S = 0.1
# What a cancelled batch waits for pictures under way.
_PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class PictureResult:
    """One picture after analysis.

    Attributes:
        result: Its rows.
        digest: SHA-256 of its bytes, or empty when they could not be read.
        picture: Its pixels, where they were asked for.
        reading: What the network made of its faces, beside its pixels.
        further: The rows of its frames or pages from the second on, where every one is read.
    """

    result: SourceResult
    digest: str = ""
    picture: Picture | None = None
    reading: Reading | None = None
    further: tuple[SourceResult, ...] = ()


def analyze_picture(
    source: Source,
    recognizer: EmotionRecognizer,
    *,
    annotated: Path | None = None,
    keep_pixels: bool = False,
    every_frame: bool = False,
    session: Session | None = None,
) -> PictureResult:
    """Read and analyse one picture; whatever is wrong with it becomes a reason.

    It is decoded in another process, so that it can be ended.

    Args:
        source: The picture.
        recognizer: Reads it.
        annotated: Folder for the annotated copy, if one is wanted.
        keep_pixels: Return the decoded picture too, of several frames the first.
        every_frame: Read every frame of an animation and every page.
        session: Whose picture it is; default one of its own.

    Raises:
        Cancelled: If the session is cancelled while it is decoded.
    """
    digest, results = "", list[SourceResult]()
    kept: tuple[Picture | None, Reading | None] = None, None
    try:
        digest, pictures = decode(source, session or Session(), every_frame=every_frame)
        for picture in pictures:
            result, reading = _analyzed(source, picture, recognizer, annotated)
            results.append(result)
            if keep_pixels and len(results) == 1:
                kept = picture, reading
    except FerError as fault:
        results.append(SourceResult(source.name, reason=str(fault), partial=bool(results)))
    except MemoryError:
        reason = (
            f"{source.name}: expected a picture that fits into memory, got none left; shrink it"
        )
        results.append(SourceResult(source.name, reason=reason, partial=bool(results)))
    except Cancelled:
        raise
    except Exception as fault:
        # Of a library: the other pictures need not suffer from it.
        _log.exception("%s was not read", source.name)
        reason = (
            f"{source.name}: expected a picture that can be read, got a fault of this program "
            f"({' '.join(str(fault).split())}); save it in another format"
        )
        results.append(SourceResult(source.name, reason=reason, partial=bool(results)))
    return PictureResult(results[0], digest, *kept, tuple(results[1:]))


def _analyzed(
    source: Source, picture: Picture, recognizer: EmotionRecognizer, annotated: Path | None
) -> tuple[SourceResult, Reading]:
    """The rows of a picture that is decoded, or of one frame of it."""
    reading = replace(recognizer, max_faces=MAX_FACES + 1).read(picture.image_bgr)
    faces = reading.faces
    reasons = [picture.fault] if picture.fault else []
    if len(faces) > MAX_FACES:
        faces = faces[:MAX_FACES]
        reasons.append(
            f"{source.name}: expected at most {MAX_FACES:,} faces, found more; the largest "
            "were read, cut the picture into parts for the rest"
        )
    if annotated is not None:
        try:
            png = encode_png(annotated_copy(picture.image_bgr, faces))
            write_annotated(annotated, source, png, picture.frame)
        except FerError as fault:
            reasons.append(str(fault))
    result = SourceResult(
        f"{source.name}#{picture.frame}" if picture.frame else source.name,
        faces,
        reason=" ".join(reasons),
        partial=bool(reasons),
        time_s=picture.time_s,
        note="; ".join(picture.notes),
    )
    return result, reading


def annotated_name(source: Source, suffix: str) -> str:
    """A file name that no other source has, safe on every system."""
    origin = str(source.path.resolve() if source.path else "") + "\0" + source.name
    digest = hashlib.sha256(origin.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    stem = Path(source.member or source.name).stem[:80]
    plain = "".join(c if c.isalnum() or c in "-_. " else "_" for c in stem).strip(" .") or "picture"
    return f"{plain}-{digest}{suffix}"


def write_annotated(folder: Path, source: Source, png: bytes, frame: int = 0) -> None:
    """Write an annotated picture, whole or not at all.

    Args:
        folder: Made if need be.
        source: The picture, for the name.
        png: The copy.
        frame: Number of the frame, or 0 for a picture of one.

    Raises:
        InputError: If the folder cannot be written.
    """
    target = folder / annotated_name(source, f"-{frame:04}.png" if frame else ".png")
    with write_faults(target):
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(target, png)


def same_bytes(result: SourceResult, first: str) -> SourceResult:
    """A result with a note that another source had the same bytes."""
    note = "; ".join(filter(None, [result.note, f"same bytes as {first}"]))
    return replace(result, note=note)


def worker_count(wanted: int | None = None) -> int:
    """Threads for a batch: as asked for, else one per core and one more, at most eight.

    Some always wait for their picture to be decoded.
    """
    return max(1, wanted if wanted is not None else min(_MAX_WORKERS, (os.cpu_count() or 1) + 1))


def analyze_pictures(
    sources: Iterable[Source],
    recognizer: EmotionRecognizer,
    *,
    annotated: Path | None = None,
    keep_pixels: bool = False,
    workers: int | None = None,
    first: dict[str, str] | None = None,
    every_frame: bool = False,
    cancel: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Source, PictureResult]]:
    """Analyse pictures with several threads; results come in order, each as soon as it may.

    Args:
        sources: The pictures; taken as they are needed.
        recognizer: Reads them; thread-safe.
        annotated: Folder for annotated copies.
        keep_pixels: Return the decoded pictures too.
        workers: Threads; default as ``worker_count``.
        first: Digest -> name of what came before, which a picture of the same bytes has a note
            of; what comes is added. None notes nothing.
        every_frame: Read every frame of an animation and every page.
        cancel: Asked often, from several threads; true ends the batch with the pictures that are
            done at once or nearly so.
    """
    count = worker_count(workers)
    waiting: deque[tuple[Source, Future[PictureResult]]] = deque()
    session = Session(cancel)
    pool = ThreadPoolExecutor(count, thread_name_prefix="fer-batch")

    def work(source: Source) -> PictureResult:
        return analyze_picture(
            source,
            recognizer,
            annotated=annotated,
            keep_pixels=keep_pixels,
            every_frame=every_frame,
            session=session,
        )

    def next_done() -> tuple[Source, PictureResult] | None:
        """The next in line; None when it takes longer than a cancelled batch may."""
        source, future = waiting.popleft()
        until_s = None
        while not futures.wait([future], _POLL_S).done:
            if until_s is None and cancel():
                until_s = time.monotonic() + _PATIENCE_S
            if until_s is not None and time.monotonic() > until_s:
                return None
        try:
            done = future.result()
        except Cancelled:
            return None
        # What could not be read has no digest.
        before = first.get(done.digest) if first and done.digest else None
        if before is not None:
            return source, replace(done, result=same_bytes(done.result, before))
        if first is not None:
            first[done.digest] = done.result.source
        return source, done

    try:
        for source in sources:
            if cancel():
                break
            waiting.append((source, pool.submit(work, source)))
            # Few pictures under way: each may take a hundred megabytes.
            if len(waiting) >= 2 * count:
                if (done := next_done()) is None:
                    return
                yield done
        while waiting:
            if (done := next_done()) is None:
                return
            yield done
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
