"""Many pictures, on every core, in order; a broken one is a row with a reason."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from fer.errors import FerError
from fer.export.schema import SourceResult
from fer.files import replace_file, write_faults
from fer.media.pictures import Picture, decode_image, encode_png
from fer.media.sources import Source
from fer.overlay import annotated as annotated_copy
from fer.recognition.recognizer import MAX_FACES, EmotionRecognizer

_MAX_WORKERS = 8


@dataclass(frozen=True, slots=True, eq=False)
class PictureResult:
    """One picture after analysis.

    Attributes:
        result: Its rows.
        digest: SHA-256 of its bytes, or empty when they could not be read.
        picture: Its pixels, where they were asked for.
    """

    result: SourceResult
    digest: str = ""
    picture: Picture | None = None


def analyze_picture(
    source: Source,
    recognizer: EmotionRecognizer,
    *,
    annotated: Path | None = None,
    keep_pixels: bool = False,
) -> PictureResult:
    """Read and analyse one picture; never raises a ``FerError``.

    Args:
        source: The picture.
        recognizer: Reads it.
        annotated: Folder for the annotated copy, if one is wanted.
        keep_pixels: Return the decoded picture too.
    """
    digest = ""
    try:
        data = source.read()
        digest = hashlib.sha256(data).hexdigest()
        picture = decode_image(data, source.name)
        faces = replace(recognizer, max_faces=MAX_FACES + 1).analyze(picture.image_bgr)
    except FerError as fault:
        return PictureResult(SourceResult(source.name, reason=str(fault)), digest)
    except MemoryError:
        reason = (
            f"{source.name}: expected a picture that fits into memory, got none left; shrink it"
        )
        return PictureResult(SourceResult(source.name, reason=reason), digest)
    result = SourceResult(source.name, faces, note="; ".join(picture.notes))
    if len(faces) > MAX_FACES:
        result = replace(
            result,
            faces=faces[:MAX_FACES],
            partial=True,
            reason=f"{source.name}: expected at most {MAX_FACES:,} faces, found more; the largest "
            "were read, cut the picture into parts for the rest",
        )
    if annotated is not None:
        try:
            write_annotated(annotated, source, encode_png(annotated_copy(picture.image_bgr, faces)))
        except FerError as fault:
            result = replace(result, reason=str(fault), partial=True)
    return PictureResult(result, digest, picture if keep_pixels else None)


def annotated_name(source: Source, suffix: str) -> str:
    """A file name that no other source has, safe on every system."""
    origin = str(source.path.resolve() if source.path else "") + "\0" + source.name
    digest = hashlib.sha256(origin.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    stem = Path(source.member or source.name).stem[:80]
    plain = "".join(c if c.isalnum() or c in "-_. " else "_" for c in stem).strip(" .") or "picture"
    return f"{plain}-{digest}{suffix}"


def write_annotated(folder: Path, source: Source, png: bytes) -> None:
    """Write an annotated picture, whole or not at all.

    Raises:
        InputError: If the folder cannot be written.
    """
    target = folder / annotated_name(source, ".png")
    with write_faults(target):
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(target, png)


class Duplicates:
    """Notes on pictures whose bytes came before.

    Args:
        naming: Off leaves results as they are.
    """

    def __init__(self, *, naming: bool = True) -> None:
        self._naming = naming
        self._first: dict[str, str] = {}

    def noted(self, done: PictureResult) -> PictureResult:
        """The same result, naming the first picture of the same bytes if there was one."""
        if not done.digest or not self._naming:
            return done
        first = self._first.setdefault(done.digest, done.result.source)
        if first == done.result.source:
            return done
        note = "; ".join(filter(None, [done.result.note, f"same bytes as {first}"]))
        return replace(done, result=replace(done.result, note=note))

    def remember(self, digest: str, source: str) -> None:
        """A picture that an earlier run has done."""
        if digest:
            self._first.setdefault(digest, source)


def worker_count(wanted: int | None = None) -> int:
    """Threads for a batch: as asked for, else one per core, at most eight."""
    return max(1, wanted if wanted is not None else min(_MAX_WORKERS, os.cpu_count() or 1))


def analyze_pictures(
    sources: Iterable[Source],
    recognizer: EmotionRecognizer,
    *,
    annotated: Path | None = None,
    keep_pixels: bool = False,
    workers: int | None = None,
    duplicates: Duplicates | None = None,
    cancel: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Source, PictureResult]]:
    """Analyse pictures with several threads; results come in order, each as soon as it may.

    Args:
        sources: The pictures; taken as they are needed.
        recognizer: Reads them; thread-safe.
        annotated: Folder for annotated copies.
        keep_pixels: Return the decoded pictures too.
        workers: Threads; default one per core.
        duplicates: What came before; default nothing.
        cancel: Asked before every picture; true ends the batch after those under way.
    """
    count = worker_count(workers)
    known = duplicates or Duplicates()
    waiting: deque[tuple[Source, Future[PictureResult]]] = deque()
    pool = ThreadPoolExecutor(count, thread_name_prefix="fer-batch")

    def work(source: Source) -> PictureResult:
        return analyze_picture(source, recognizer, annotated=annotated, keep_pixels=keep_pixels)

    def first() -> tuple[Source, PictureResult]:
        source, future = waiting.popleft()
        return source, known.noted(future.result())

    try:
        for source in sources:
            if cancel():
                break
            waiting.append((source, pool.submit(work, source)))
            # Few pictures under way: each may take a hundred megabytes.
            if len(waiting) >= 2 * count:
                yield first()
        while waiting:
            yield first()
    finally:
        pool.shutdown(cancel_futures=True)
