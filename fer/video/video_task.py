"""A video job on a thread of its own, for a page that asks how far it is."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

from fer.decoding import Cancelled, Session
from fer.errors import FerError
from fer.explanation.activation import ClassActivation, draw_heat_maps
from fer.export.people import PersonEdit, apply_people, name_of, person_of
from fer.export.schema import SourceResult, to_rows
from fer.export.tables import table_bytes
from fer.export.timeline import TimeLine
from fer.overlay import draw_faces
from fer.preprocessing import Image
from fer.recognition.baseline import NeutralBaseline
from fer.recognition.classifier import EmotionClassifier
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import FrameResult
from fer.task import Task
from fer.tracking.summary import FaceSummary, SummaryCounter, summary_of_people
from fer.video.analysis import VideoOptions, VideoProgress
from fer.video.decoded import picture_at
from fer.video.job import DRAWN, VideoJob
from fer.video.state import VideoOutcome

# Of the time line: an hour and a half in steps of two seconds.
_STEPS = 2400


class VideoTask(Task):
    """One video of one viewer: started, watched, cancelled, gone on with, taken away.

    Args:
        path: The video; if it lies in ``folder``, it goes with it.
        folder: As ``new_folder`` makes it.
        recognizer: Finds and reads faces.
        options: Which frames.
        annotate: Also write an annotated MP4.
        name: The video's name.

    Attributes:
        progress: How far it is.
        outcome: What came of it, once it has ended.
        time_line: The probabilities of each face over time.
        faces: Identities seen.
        first_face_s: Time of the first frame with a face, in seconds.
        people: What the viewer said about the people.
        neutrals: Person -> that one's neutral face, where it was shown; in memory only.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        recognizer: EmotionRecognizer,
        *,
        options: VideoOptions,
        annotate: bool,
        name: str,
    ) -> None:
        super().__init__(folder)
        self.name = name
        self.path = path
        self.progress: VideoProgress | None = None
        self.outcome: VideoOutcome | None = None
        self._recognizer = recognizer
        self._options = options
        self._annotate = annotate
        self._job: VideoJob | None = None
        longest_s = 1.0 if options.rate is None else max(1.0, 2.5 / options.rate)
        self._counter = SummaryCounter(longest_step_s=longest_s)
        self.time_line = TimeLine(recognizer.classifier.labels, steps=_STEPS)
        self.faces = 0
        self.first_face_s = 0.0
        self.people: dict[int, PersonEdit] = {}
        self.neutrals: dict[int, NeutralBaseline] = {}

    @staticmethod
    def new_folder() -> Path:
        """A temporary folder for a run and its upload."""
        return Path(tempfile.mkdtemp(prefix="fer-video-"))

    def start(self) -> None:
        """Begin, or go on after a cancel; nothing is done twice."""
        if self.active:
            return
        self.outcome = None
        self._begin(_work, self._stop)

    def summary(self) -> tuple[FaceSummary, ...]:
        """Seconds per emotion, for everybody who is shown together and for each person."""
        with self._lock:
            return summary_of_people(self._counter.summary(), self.people)

    def name_of(self, face_id: int) -> str:
        """The name of a person, else the number."""
        return name_of(face_id, self.people) or f"Person {person_of(face_id, self.people)}"

    def result_at(self, time_s: float) -> FrameResult | None:
        """The last analysed frame at or before a time in seconds."""
        return self._job.result_at(time_s) if self._job else None

    def annotated(self) -> Path | None:
        """The annotated MP4, once there is one."""
        return self.outcome.annotated if self.outcome else None

    @property
    def classifier(self) -> EmotionClassifier:
        """What reads the faces."""
        return self._recognizer.classifier

    @property
    def threshold(self) -> float:
        """Confidence below which a reading is "unsure"."""
        return self._recognizer.threshold

    def frame_at(self, time_s: float) -> Image | None:
        """The frame on show at a time in seconds, as it is in the video.

        Raises:
            MediaError: If the video cannot be read any more.
        """
        return picture_at(self.path, self.name, time_s, Session(lambda: self.closed))

    def picture_at(
        self, time_s: float, explainer: ClassActivation | None = None
    ) -> tuple[Image, FrameResult | None] | None:
        """The frame on show at a time, with the faces of the last analysed frame drawn on it.

        Args:
            time_s: In seconds of the video.
            explainer: Of the same model, to lay over each face what speaks for its most probable
                label; None for no heat maps.

        Raises:
            MediaError: If the video cannot be read any more.
        """
        image = self.frame_at(time_s)
        if image is None:
            return None
        result = self.result_at(time_s)
        if result is None:
            return image, None
        if explainer is not None:
            image = draw_heat_maps(image, explainer.explain(image, result.measured))
        return draw_faces(image, result.faces, DRAWN), result

    def table(self, suffix: str) -> bytes:
        """The rows so far as a file.

        Args:
            suffix: ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.
        """
        (example,) = self._rows([SourceResult("")])
        return table_bytes(suffix, example, (self._rows([one]) for one in self._results()))

    def _results(self) -> Iterator[SourceResult]:
        for frame in self._job.results() if self._job else ():
            yield SourceResult(self.name, frame.faces, time_s=frame.timestamp_s)
        if self.outcome and self.outcome.reason:
            yield SourceResult(self.name, reason=self.outcome.reason, partial=True)

    def _rows(self, results: list[SourceResult]) -> list[dict[str, object]]:
        rows = to_rows(results, self._recognizer.classifier.reader)
        return apply_people(rows, self.people)

    def take(self, result: FrameResult) -> None:
        """Count an analysed frame."""
        with self._lock:
            self._counter.add(result)
            self.time_line.add(result)
            if found := result.measured:
                if not self.faces:
                    self.first_face_s = result.timestamp_s
                self.faces = max(self.faces, *(face.face_id for face in found))

    def new_job(self) -> VideoJob:
        """The job of this run; it goes on where an earlier one has ended."""
        self._job = VideoJob(
            self.path,
            self._folder / "job",
            self._recognizer,
            options=self._options,
            annotate=self._annotate,
            name=self.name,
        )
        return self._job


def _work(reference: weakref.ref[VideoTask], stop: threading.Event) -> None:
    run = reference()
    if run is None:
        return
    try:
        job = run.new_job()
        del run
        outcome = job.run(
            cancel=lambda: stop.is_set() or reference() is None,
            report=lambda progress: _tell(reference, progress),
            on_result=lambda result: _take(reference, result),
        )
        if (run := reference()) is not None:
            run.outcome = outcome
    except Cancelled:
        # Before anything was read: there is no outcome, and it can go on from the start.
        pass
    except FerError as fault:
        if (run := reference()) is not None:
            run.error = str(fault)
    except Exception as fault:
        if (run := reference()) is not None:
            run.error = f"{run.name}: expected a video, got a fault ({fault}); try another file"
        raise


def _tell(reference: weakref.ref[VideoTask], progress: VideoProgress) -> None:
    if (run := reference()) is not None:
        run.progress = progress


def _take(reference: weakref.ref[VideoTask], result: FrameResult) -> None:
    if (run := reference()) is not None:
        run.take(result)
