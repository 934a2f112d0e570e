"""Many pictures on a thread of its own, for a page that asks how far they are."""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
import time
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image as PilImage

from fer.errors import FerError
from fer.export.schema import SourceResult, to_rows
from fer.export.tables import table_bytes
from fer.files import replace_file, write_faults
from fer.media.batch import Duplicates, PictureResult, analyze_pictures, same_bytes
from fer.media.content import HEAD_BYTES, Kind, content_of
from fer.media.pictures import encode_jpeg
from fer.media.sources import Source, archive_sources
from fer.overlay import draw_faces
from fer.recognition.recognizer import EmotionRecognizer
from fer.task import Task


@dataclass(frozen=True, slots=True)
class Upload:
    """What a viewer handed in: a picture, or a ZIP of pictures.

    Attributes:
        key: Tells it from the others, also from one of the same name.
        name: File name.
        data: The whole file.
    """

    key: str
    name: str
    data: bytes

    def sources(self, place: Path) -> list[Source]:
        """The pictures in it.

        Args:
            place: Where an archive may lie as long as it is read.

        Raises:
            InputError: If there is no room.
        """
        if content_of(self.data[:HEAD_BYTES])[0] is not Kind.archive:
            return [Source(self.name, data=self.data)]
        with write_faults(place):
            replace_file(place, self.data)
        return archive_sources(self.name, place)


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A picture that has been read, or could not be.

    Attributes:
        number: Its place in what was handed in, from 1.
        source: The original.
        result: Its faces, or a reason.
        annotated: A JPEG of its own size with the faces drawn, if it could be read.
    """

    number: int
    source: Source
    result: SourceResult
    annotated: Path | None = None

    def shown(self, side: int) -> bytes:
        """The annotated picture as a JPEG whose longer side has at most ``side`` pixels."""
        if self.annotated is None:
            return b""
        with PilImage.open(self.annotated) as image:
            # JPEG can be decoded at a fraction of its size, which takes a fraction of the time.
            image.draft("RGB", (side, side))
            image.thumbnail((side, side))
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=85)
        return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    upload: str
    source: Source


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        done: Pictures that are done.
        total: Pictures that were handed in.
        remaining_s: Seconds it will still take at this pace, or None when that is not known yet.
    """

    done: int
    total: int
    remaining_s: float | None


class PhotoTask(Task):
    """The pictures of one viewer; more may come and some may go while it works.

    Args:
        recognizer: As ``EmotionRecognizer.load`` makes it.
    """

    def __init__(self, recognizer: EmotionRecognizer) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="fer-photos-")))
        self.recognizer = recognizer
        self._uploads: dict[str, Path] = {}
        self._waiting: deque[_Item] = deque()
        self._done: dict[int, tuple[str, Photo, str]] = {}
        self._count = self._archives = self._under_way = 0
        self._started_s, self._started_at = 0.0, 0

    @property
    def progress(self) -> BatchProgress:
        """How far it is."""
        with self._lock:
            done, waiting = len(self._done), len(self._waiting) + self._under_way
        fresh = done - self._started_at
        elapsed = time.monotonic() - self._started_s
        left = elapsed / fresh * waiting if fresh > 0 and elapsed > 0.5 else None
        return BatchProgress(done, done + waiting, left)

    def keep(self, uploads: Sequence[Upload]) -> None:
        """Take what is new, and forget what is not among ``uploads`` any more."""
        keys = {upload.key for upload in uploads}
        with self._lock:
            gone = self._uploads.keys() - keys
            new = [upload for upload in uploads if upload.key not in self._uploads]
            for key in gone:
                with contextlib.suppress(OSError):
                    self._uploads.pop(key).unlink()
            self._waiting = deque(item for item in self._waiting if item.upload not in gone)
            for number, (key, photo, _digest) in list(self._done.items()):
                if key in gone:
                    del self._done[number]
                    if photo.annotated is not None:
                        photo.annotated.unlink(missing_ok=True)
        for upload in new:
            self._archives += 1
            place = self._folder / f"{self._archives}.zip"
            sources = upload.sources(place)
            self._uploads[upload.key] = place
            with self._lock:
                for source in sources:
                    self._count += 1
                    self._waiting.append(_Item(self._count, upload.key, source))
        if new:
            self._stop.clear()
        if self._waiting and not self.active and not self.cancelled and not self.error:
            self.start()

    def close(self) -> None:
        """End the work and throw its files and the pictures away."""
        super().close()
        with self._lock:
            self._waiting.clear()
            self._done.clear()

    def start(self) -> None:
        """Begin, or go on after a cancel."""
        if self.active:
            return
        self._started_s, self._started_at = time.monotonic(), len(self._done)
        self._under_way = 0
        self._begin(_work)

    def photos(self) -> list[Photo]:
        """What is done, in the order in which it was handed in.

        Notes on repeated pictures name those that are still there.
        """
        with self._lock:
            done = [kept for _number, kept in sorted(self._done.items())]
        first: dict[str, str] = {}
        photos = []
        for _key, photo, digest in done:
            result = photo.result
            if digest in first:
                photo = replace(photo, result=same_bytes(result, first[digest]))
            elif digest:
                first[digest] = result.source
            photos.append(photo)
        return photos

    def table(self, suffix: str) -> bytes:
        """The rows so far as a file.

        Args:
            suffix: ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.
        """
        results = [photo.result for photo in self.photos()]
        (example,) = self._rows([SourceResult("")])
        return table_bytes(suffix, example, [self._rows(results)])

    def annotated(self) -> list[Path]:
        """The annotated pictures, in the order in which they were handed in."""
        return [photo.annotated for photo in self.photos() if photo.annotated is not None]

    def _rows(self, results: Sequence[SourceResult]) -> list[dict[str, object]]:
        return to_rows(results, self.recognizer.classifier.reader)

    def next_item(self) -> _Item | None:
        """What to read next; None when there is nothing or the batch was told to stop."""
        with self._lock:
            if not self._waiting or self.cancelled:
                return None
            self._under_way += 1
            return self._waiting.popleft()

    def take(self, item: _Item, done: PictureResult) -> None:
        """Keep a result, unless its upload has gone meanwhile."""
        result, annotated = done.result, None
        if done.picture is not None:
            stem = Path(item.source.member or item.source.name).stem[:60]
            plain = re.sub(r"[^\w.-]+", "_", stem).strip("._") or "picture"
            target = self._folder / f"{item.number:04}-{plain}.jpg"
            try:
                with write_faults(target):
                    image = draw_faces(done.picture.image_bgr, result.faces)
                    replace_file(target, encode_jpeg(image))
                annotated = target
            except FerError as fault:
                result = replace(result, reason=str(fault), partial=True)
        with self._lock:
            self._under_way -= 1
            if item.upload in self._uploads:
                photo = Photo(item.number, item.source, result, annotated)
                self._done[item.number] = (item.upload, photo, done.digest)
            elif annotated is not None:
                annotated.unlink(missing_ok=True)

    def give_back(self, items: Iterable[_Item]) -> None:
        """Items that a cancel has cut short, to be read when it goes on."""
        with self._lock:
            kept = [item for item in items if item.upload in self._uploads]
            self._waiting.extendleft(reversed(kept))
            self._under_way = 0


def _work(reference: weakref.ref[PhotoTask]) -> None:
    under_way: deque[_Item] = deque()

    def sources() -> Iterator[Source]:
        while (batch := reference()) is not None and (item := batch.next_item()) is not None:
            del batch
            under_way.append(item)
            yield item.source

    batch = reference()
    if batch is None:
        return
    recognizer = batch.recognizer
    del batch
    try:
        for _source, done in analyze_pictures(
            sources(),
            recognizer,
            keep_pixels=True,
            duplicates=Duplicates(naming=False),
            cancel=lambda: (batch := reference()) is None or batch.cancelled,
        ):
            if (batch := reference()) is None:
                return
            batch.take(under_way.popleft(), done)
            del batch
        if (batch := reference()) is not None:
            batch.give_back(under_way)
    except Exception as fault:
        if (batch := reference()) is not None:
            batch.error = f"pictures: expected to read them all, got a fault ({fault}); try again"
        raise
