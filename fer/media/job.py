"""A whole `fer analyze`: a journal of what is done, cancel, resume, one table at the end."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from fer.decoding import Cancelled
from fer.errors import FerError
from fer.export.events import Event, with_events
from fer.export.schema import SCHEMA_VERSION, SourceResult, to_rows
from fer.export.tables import TableWriter
from fer.files import replacing, write_faults
from fer.media.batch import analyze_pictures, annotated_name
from fer.media.journal import Entry, Journal, Rows
from fer.media.sources import Source
from fer.pictures.content import Kind
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import FrameResult
from fer.video import VideoJob, VideoOptions


@dataclass(frozen=True, slots=True)
class Settings:
    """What a job does besides finding faces.

    Attributes:
        annotated: Folder for annotated copies, or None.
        video: Which frames of videos are analysed.
        workers: Threads for pictures; None for one per core.
        name_duplicates: Note which pictures came before with the same bytes.
        every_frame: Read every frame of an animated picture and every page.
        events: On the time line of every video; named in the table.
    """

    annotated: Path | None = None
    video: VideoOptions = field(default_factory=VideoOptions)
    workers: int | None = None
    name_duplicates: bool = True
    every_frame: bool = False
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """A source that is done.

    Attributes:
        source: Its name.
        kind: Picture, video or refused.
        faces: Faces, or for a video its analysed frames' faces together.
        frames: Analysed frames of a video, else 0.
        status: The worst status of its rows.
        reason: Why, for ``partial`` and ``error``.
    """

    source: str
    kind: Kind
    faces: int
    frames: int
    status: str
    reason: str


class AnalysisJob:
    """Analyses sources one after the other, keeping a journal in a folder.

    Args:
        sources: What was handed in; of those with the same key the first.
        folder: Of this job alone. A job that is found there goes on if ``resume``, else is refused.
        recognizer: Finds and reads the faces.
        settings: What else to do.
        resume: Go on with what an earlier run has left.

    Raises:
        InputError: If ``resume`` is off and a job is there, or it has another model or options.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        folder: Path,
        *,
        recognizer: EmotionRecognizer,
        settings: Settings,
        resume: bool = False,
    ) -> None:
        by_key: dict[str, Source] = {}
        for source in sources:
            by_key.setdefault(source.key, source)
        self.sources = list(by_key.values())
        # As they are now: where a file changes meanwhile, a run that goes on does it again.
        self._keys = {source: key for key, source in by_key.items()}
        self.folder = folder
        self.recognizer, self.settings = recognizer, settings
        self._reader = recognizer.classifier.reader
        self._journal = Journal(folder, self._identity(), resume=resume, wanted=by_key)
        self._first = self._journal.earlier if settings.name_duplicates else None

    @property
    def done(self) -> int:
        """How many sources are done, in this and earlier runs."""
        return len(self._journal.keys)

    @property
    def faulty(self) -> bool:
        """Whether a source that is done, in this or an earlier run, could not be read whole."""
        return self._journal.faulty

    def rows_of(self, results: Iterable[SourceResult]) -> Rows:
        """Rows of the table for some results."""
        return to_rows(results, self._reader)

    def run(
        self,
        *,
        cancel: Callable[[], bool] = lambda: False,
        report: Callable[[Source, float], None] = lambda _source, _share: None,
    ) -> Iterator[Finished]:
        """Analyse what is not done yet.

        Args:
            cancel: Asked often; true ends the run, with what is done kept.
            report: Called with a video under way and its share, 0 to 1.

        Raises:
            InputError: If the journal cannot be written, as when the disk is full.
        """
        waiting: list[Source] = []
        for source in self.sources:
            if self._keys[source] in self._journal.keys:
                continue
            if source.kind is Kind.video:
                yield from self._pictures(waiting, cancel)
                waiting = []
                if cancel():
                    return
                finished = self._video(source, cancel, report)
                if finished is not None:
                    yield finished
            else:
                waiting.append(source)
        yield from self._pictures(waiting, cancel)

    def write_table(self, path: Path, *, excel: bool = False) -> None:
        """Write the rows of everything that is done as one table.

        Args:
            path: As ``TableWriter`` takes it.
            excel: Mark a CSV as UTF-8.

        Raises:
            InputError: If the suffix is unknown or the place cannot be written.
        """
        (example,) = self.rows_of([SourceResult("")])
        with TableWriter(path, example, excel=excel) as table:
            for rows in self.row_blocks():
                table.write(rows)

    def row_blocks(self) -> Iterator[Rows]:
        """The rows of everything that is done, a source or part of a video at a time."""
        blocks = (rows for _digest, rows in self.digest_blocks())
        if not self.settings.events:
            return blocks
        rows = with_events(chain.from_iterable(blocks), self.settings.events)
        return iter(lambda: list(islice(rows, 500)), [])

    def digest_blocks(self) -> Iterator[tuple[str, Rows]]:
        """``row_blocks``, each with the SHA-256 of the picture's bytes, empty for a video."""
        for entry in self._journal.entries():
            if entry.frames:
                for rows in self._video_rows(entry):
                    yield "", rows
            yield entry.digest, entry.rows

    def close(self) -> None:
        """Throw the journal away, once the table is written."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._journal.close()
        if sys.platform == "win32":
            # What is open, as the lock was, stays there.
            shutil.rmtree(self.folder, ignore_errors=True)

    def _identity(self) -> dict[str, object]:
        return {
            **self.recognizer.identity(),
            "schema": SCHEMA_VERSION,
            "annotated": str(self.settings.annotated or ""),
            "video": repr(self.settings.video),
            "every_frame": self.settings.every_frame,
        }

    def _pictures(self, sources: list[Source], cancel: Callable[[], bool]) -> Iterator[Finished]:
        done = analyze_pictures(
            sources,
            self.recognizer,
            annotated=self.settings.annotated,
            workers=self.settings.workers,
            first=self._first,
            every_frame=self.settings.every_frame,
            cancel=cancel,
        )
        for source, picture in done:
            results = [picture.result, *picture.further]
            rows = self.rows_of(results)
            self._journal.note(self._keys[source], source, rows, digest=picture.digest)
            faces = sum(len(result.faces) for result in results)
            worst = next((result for result in results if result.reason), picture.result)
            yield Finished(source.name, source.kind, faces, 0, worst.status, worst.reason)

    def _video(
        self,
        source: Source,
        cancel: Callable[[], bool],
        report: Callable[[Source, float], None],
    ) -> Finished | None:
        """Analyse a video; None when it was cancelled on the way."""
        assert source.path is not None
        folder = self.folder / "videos" / self._keys[source]
        faces = 0

        def count(result: FrameResult) -> None:
            nonlocal faces
            faces += len(result.measured)

        try:
            job = VideoJob(
                source.path,
                folder,
                self.recognizer,
                options=self.settings.video,
                annotate=self.settings.annotated is not None,
                name=source.name,
            )
            outcome = job.run(
                cancel=cancel,
                report=lambda progress: report(source, progress.share),
                on_result=count,
            )
        except Cancelled:
            return None
        except FerError as fault:
            return self._failed_video(source, folder, str(fault))
        if not outcome.finished:
            return None
        reason = outcome.reason
        if outcome.annotated is not None:
            try:
                self._move(outcome.annotated, source)
            except FerError as fault:
                reason = " ".join(filter(None, [reason, str(fault)]))
        rows: Rows = []
        if reason:
            rows = self.rows_of([SourceResult(source.name, reason=reason, partial=True)])
        place = folder.relative_to(self.folder).as_posix()
        self._journal.note(self._keys[source], source, rows, frames=place, note=outcome.note)
        status = "partial" if reason else "ok"
        return Finished(source.name, source.kind, faces, outcome.analysed, status, reason)

    def _failed_video(self, source: Source, folder: Path, reason: str) -> Finished:
        """A row with a reason, after the frames that could be read."""
        records = folder / "frames.jsonl"
        done = records.exists() and records.stat().st_size > 0
        result = SourceResult(source.name, reason=reason, partial=done)
        frames = folder.relative_to(self.folder).as_posix() if done else ""
        self._journal.note(self._keys[source], source, self.rows_of([result]), frames=frames)
        return Finished(source.name, source.kind, 0, 0, result.status, reason)

    def _video_rows(self, entry: Entry) -> Iterator[Rows]:
        from fer.video.records import read_records

        results = []
        for frame in read_records(self.folder / entry.frames / "frames.jsonl"):
            results.append(
                SourceResult(entry.source, frame.faces, time_s=frame.timestamp_s, note=entry.note)
            )
            if len(results) >= 500:
                yield self.rows_of(results)
                results = []
        yield self.rows_of(results)

    def _move(self, file: Path, source: Source) -> None:
        """Hand out an annotated video; the folders may lie on different disks."""
        folder = self.settings.annotated
        assert folder is not None
        target = folder / annotated_name(source, ".mp4")
        with write_faults(target):
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(target) as partial:
                shutil.copyfile(file, partial)
        for part in file.parent.glob("*.mp4"):
            part.unlink()


def scratch_folder() -> Path:
    """A folder for a job that nobody will resume."""
    return Path(tempfile.mkdtemp(prefix="fer-analyze-"))
