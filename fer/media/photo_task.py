"""Many pictures on a thread of its own, for a page that asks how far they are."""

from __future__ import annotations

import re
import tempfile
import time
import weakref
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fer.errors import FerError
from fer.export.report import report_html
from fer.export.schema import SourceResult, to_rows
from fer.export.tables import table_bytes
from fer.export.tally import StrongestReading
from fer.export.thumbnails import thumbnail
from fer.files import replace_file, write_faults
from fer.media.batch import PictureResult, analyze_pictures, same_bytes
from fer.media.photo import Photo, Upload
from fer.media.sources import Source, refused
from fer.models.accuracy import accuracy_lines
from fer.pictures.reading import encode_jpeg
from fer.recognition.recognizer import NOTHING, EmotionRecognizer
from fer.task import Task

# Drawn on and written once more for a download.
_QUALITY = 95
# The pace is that of the last pictures, once there are some.
_PACE_OF, _PACE_FROM = 24, 4

_Item = tuple[int, Source]
"""A picture and its place in what was handed in, from 1."""


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
    """The pictures of one viewer; more may come while it works.

    Args:
        recognizer: As ``EmotionRecognizer.load`` makes it.
    """

    def __init__(self, recognizer: EmotionRecognizer) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="fer-photos-")))
        self.recognizer = recognizer
        self._known: set[str] = set()
        # Number of a picture -> key of what it was handed in with.
        self._keys: dict[int, str] = {}
        self._waiting: deque[_Item] = deque()
        self._done: dict[int, Photo] = {}
        self._count = self._archives = self._under_way = 0
        # When it began, and when the last pictures were done.
        self._times_s: deque[float] = deque(maxlen=_PACE_OF)

    @property
    def progress(self) -> BatchProgress:
        """How far it is."""
        with self._lock:
            done, waiting = len(self._done), len(self._waiting) + self._under_way
            times_s = list(self._times_s)
        left = None
        # The first pictures also wait for what is loaded with them.
        if len(times_s) > _PACE_FROM:
            left = (time.monotonic() - times_s[0]) / (len(times_s) - 1) * waiting
        return BatchProgress(done, done + waiting, left)

    def add(self, uploads: Sequence[Upload]) -> bool:
        """Take what is new, and begin; whether anything was."""
        with self._lock:
            new = [upload for upload in uploads if upload.key not in self._known]
            self._known.update(upload.key for upload in new)
            first = self._archives + 1
            self._archives += len(new)
        for number, upload in enumerate(new, first):
            try:
                sources = upload.sources(self._folder / f"{number}.zip")
            except FerError as fault:
                sources = [refused(upload.name, str(fault))]
            with self._lock:
                for source in sources:
                    self._count += 1
                    self._keys[self._count] = upload.key
                    self._waiting.append((self._count, source))
        if new:
            self._stop.clear()
        if self._waiting and not self.cancelled and not self.error:
            self.start()
        return bool(new)

    def forget(self, number: int) -> None:
        """Take a photo out; what nothing is left of may be handed in once more."""
        with self._lock:
            photo = self._done.pop(number, None)
            if photo is not None:
                key = self._keys.pop(number)
                if key not in self._keys.values():
                    self._known.discard(key)
        if photo is not None and photo.picture is not None:
            photo.picture.unlink(missing_ok=True)

    def read_as(self, recognizer: EmotionRecognizer) -> None:
        """Say the same faces in the label set of another recogniser of the same model."""
        with self._lock:
            self.recognizer = recognizer
            self._done = {number: self._said(photo) for number, photo in self._done.items()}

    def _said(self, photo: Photo) -> Photo:
        faces = self.recognizer.read_again(photo.result.faces, photo.reading.heads)
        return replace(photo, result=replace(photo.result, faces=faces), _shown={})

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
        self._times_s.clear()
        self._times_s.append(time.monotonic())
        self._under_way = 0
        self._begin(_work)

    def photos(self) -> list[Photo]:
        """What is done, in the order in which it was handed in.

        Notes on repeated pictures name those that are still there.
        """
        with self._lock:
            done = [photo for _number, photo in sorted(self._done.items())]
        first: dict[str, str] = {}
        for place, photo in enumerate(done):
            if photo.digest in first:
                result = same_bytes(photo.result, first[photo.digest])
                done[place] = replace(photo, result=result)
            elif photo.digest:
                first[photo.digest] = photo.result.source
        return done

    def table(self, suffix: str) -> bytes:
        """The rows so far as a file.

        Args:
            suffix: ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.
        """
        results = [photo.result for photo in self.photos()]
        (example,) = self._rows([SourceResult("")])
        return table_bytes(suffix, example, [self._rows(results)])

    def report(self, faces: bool) -> bytes:
        """What was read as an HTML file.

        Args:
            faces: Show the face of the strongest reading of every emotion.
        """
        photos = self.photos()
        names = Counter(photo.result.source for photo in photos)
        # Of two pictures of one name the table does not say which: a wrong face would be worse.
        by_source = {
            photo.result.source: photo
            for photo in photos
            if photo.picture is not None and names[photo.result.source] == 1
        }

        def face_of(peak: StrongestReading) -> bytes | None:
            photo = by_source.get(peak.source)
            return None if photo is None else thumbnail(photo.pixels(), peak.box)

        classifier = self.recognizer.classifier
        return report_html(
            self._rows([photo.result for photo in photos]),
            title=f"{len(photos):,} pictures" if len(photos) != 1 else "A picture",
            thumbnails=face_of if faces else None,
            accuracy=accuracy_lines(classifier.folder, classifier.head),
        ).encode()

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
        """Keep a result."""
        number, source = item
        photo = Photo(number, done.result, digest=done.digest)
        if done.picture is not None and done.reading is not None:
            stem = Path(source.member or source.name).stem[:60]
            plain = re.sub(r"[^\w.-]+", "_", stem).strip("._") or "picture"
            target = self._folder / f"{number:04}-{plain}.jpg"
            image = done.picture.image_bgr
            kept = replace(done.reading, features=NOTHING.features)
            photo = replace(photo, width=image.shape[1], reading=kept)
            try:
                with write_faults(target):
                    replace_file(target, encode_jpeg(image, _QUALITY))
                photo = replace(photo, picture=target)
            except FerError as fault:
                result = replace(done.result, reason=str(fault), partial=True)
                photo = replace(photo, result=result)
        with self._lock:
            self._under_way -= 1
            self._times_s.append(time.monotonic())
            self._done[number] = self._said(photo)

    def give_back(self, items: Iterable[_Item]) -> None:
        """Items that a cancel or a fault has cut short, to be read when it goes on."""
        with self._lock:
            self._waiting.extendleft(reversed(list(items)))
            self._under_way = 0


def _work(reference: weakref.ref[PhotoTask]) -> None:
    under_way: deque[_Item] = deque()

    def sources() -> Iterator[Source]:
        while (batch := reference()) is not None and (item := batch.next_item()) is not None:
            del batch
            under_way.append(item)
            yield item[1]

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
            batch.give_back(under_way)
            batch.error = f"pictures: expected to read them all, got a fault ({fault}); try again"
        raise
