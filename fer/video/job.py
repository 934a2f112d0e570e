"""One video from start to end: rows on disk as they come, an annotated MP4, cancel and resume.

A job lives in a folder of its own. Every few seconds it finishes a segment of the annotated video
and notes how far it is; a job that was cancelled or killed goes on from there. Nothing grows with
the length of the video except files.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from fer.decoding import Cancelled, Session
from fer.errors import MediaError
from fer.files import write_faults
from fer.overlay import OverlayStyle, draw_faces
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import FaceEmotion, FrameResult
from fer.tracking.cuts import CUT, SceneWatch
from fer.video.analysis import FrameAnalyzer, Pace, VideoOptions, VideoProgress
from fer.video.decoded import DecodedVideo, joined, picture_at
from fer.video.lookahead import look_ahead
from fer.video.reader import VideoInfo
from fer.video.records import last_record, looks_of, read_records, record_at, record_line
from fer.video.state import VideoOutcome, open_state, save_state
from fer.video.writer import SegmentWriter

DRAWN = OverlayStyle(ids=True)
"""What an annotated video shows of a face: also who it is, by number."""

_CHECKPOINT_S = 8.0
_REPORT_S = 0.2
_VERSION = 2


class VideoJob:
    """Analyses one video file.

    Args:
        path: The video.
        folder: Of this job alone; made if need be. A job that is found there goes on.
        recognizer: Finds and reads faces.
        options: Which frames, how smoothed.
        annotate: Also write ``annotated.mp4`` there.
        name: The video's name in messages; default is the file's own.

    Raises:
        InputError: If the folder holds a job of another video, model, detector or options, or
            cannot be used.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        recognizer: EmotionRecognizer,
        *,
        options: VideoOptions | None = None,
        annotate: bool = False,
        name: str | None = None,
    ) -> None:
        self.path, self.folder = path, folder
        self.name = name or path.name
        self._recognizer = recognizer
        self._options = options or VideoOptions()
        self._annotate = annotate
        self._records = folder / "frames.jsonl"
        with write_faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
        # As JSON has it: that is what it is compared with.
        identity = json.loads(json.dumps(self._identity()))
        self._state = open_state(folder, identity, self.name)
        with write_faults(self._records), self._records.open("ab") as records:
            # What was written after the last note is done again.
            records.truncate(self._state.rows_bytes)

    @property
    def annotated(self) -> Path:
        """Where the annotated video is, once there is one."""
        return self.folder / "annotated.mp4"

    def results(self) -> Iterator[FrameResult]:
        """The analysed frames so far, from disk, in the order of time."""
        return read_records(self._records, self._state.rows_bytes)

    def result_at(self, time_s: float) -> FrameResult | None:
        """The last analysed frame at or before a time in seconds."""
        return record_at(self._records, time_s, self._state.rows_bytes)

    def run(
        self,
        *,
        cancel: Callable[[], bool] = lambda: False,
        report: Callable[[VideoProgress], None] = lambda _progress: None,
        on_result: Callable[[FrameResult], None] = lambda _result: None,
    ) -> VideoOutcome:
        """Analyse the video, or what is left of it.

        Args:
            cancel: Asked for every frame; true ends the run, with everything so far kept.
            report: Called a few times a second.
            on_result: Called with every analysed frame of this run.

        Raises:
            MediaError: If the video cannot be read at all, or the folder cannot be written.
            Cancelled: If it is cancelled before a frame is read.
        """
        before = self._stamp()
        state = self._state
        with DecodedVideo(
            self.path,
            self.name,
            Session(cancel),
            state,
            self._options,
            every_frame=self._annotate,
        ) as video:
            if not state.read_to_end:
                self._read(video, cancel, report, on_result)
            info = video.info
            if not state.frames and not state.read_to_end:
                raise Cancelled
            if not state.frames:
                raise MediaError(
                    f"{self.name}: expected a video with frames that can be decoded, got none; "
                    "play it in a viewer and save it again"
                )
            note = self._join() if state.segments else ""
            reason = self._fault(info, changed=self._stamp() != before)
            return VideoOutcome(
                self.name,
                info,
                state.frames,
                state.analysed,
                state.end_s,
                finished=state.read_to_end,
                annotated=self.annotated if state.segments else None,
                reason=reason,
                note=note,
            )

    def _stamp(self) -> tuple[int, int]:
        try:
            facts = self.path.stat()
        except OSError as fault:
            raise MediaError(
                f"{self.name}: expected a readable file, got: {fault.strerror or fault}; check the "
                "path"
            ) from None
        return facts.st_size, facts.st_mtime_ns

    def _fault(self, info: VideoInfo, *, changed: bool) -> str:
        """What is wrong with the file, now that it has been read; one line."""
        state, faults = self._state, []
        if changed:
            faults.append("the file changed while it was read")
        if state.corrupt:
            packets = "packet" if state.corrupt == 1 else "packets"
            faults.append(f"{state.corrupt} corrupt {packets} skipped")
        claimed = info.duration_s
        if state.read_to_end and claimed and claimed - state.end_s > max(1.0, 0.05 * claimed):
            faults.append(f"{claimed:.1f} s promised by its header, {state.end_s:.1f} s found")
        if not faults:
            return ""
        return f"{self.name}: expected a whole video, got: {', '.join(faults)}; copy it again"

    def _identity(self) -> dict[str, object]:
        size, changed_ns = self._stamp()
        return {
            "version": _VERSION,
            "source": [self.name, size, changed_ns],
            **self._recognizer.identity(),
            "options": asdict(self._options),
            "annotate": self._annotate,
        }

    def _analyzer(self, info: VideoInfo) -> FrameAnalyzer:
        last = last_record(self._records) if self._state.rows_bytes else None
        analyzer = FrameAnalyzer(
            self._recognizer,
            self._options,
            info,
            known=last.faces if last else (),
            known_s=last.timestamp_s if last else 0.0,
            last_id=self._state.last_id,
        )
        if last is not None and self._options.identity:
            # No file holds what people look like: the video itself is looked at again.
            for look in looks_of(self.results()):
                with suppress(MediaError):
                    image = picture_at(self.path, self.name, look.timestamp_s, Session())
                    if image is not None:
                        analyzer.recall(image, look.faces)
        return analyzer

    def _read(
        self,
        video: DecodedVideo,
        cancel: Callable[[], bool],
        report: Callable[[VideoProgress], None],
        on_result: Callable[[FrameResult], None],
    ) -> None:
        state = self._state
        analyzer = self._analyzer(video.info)
        begun_before, corrupt_before = state.time_s is not None, state.corrupt
        pace: Pace | None = None
        share = 0.0
        shown: tuple[FaceEmotion, ...] = ()
        scene = SceneWatch()
        saved = reported = time.monotonic()
        stopped = False
        with ExitStack() as stack:
            # Also for what is only written when the file is closed.
            stack.enter_context(write_faults(self._records))
            rows = stack.enter_context(self._records.open("ab"))
            stack.callback(analyzer.close)
            segment: SegmentWriter | None = None
            for step in look_ahead(video.steps(), video.info, analyzer):
                share, image = step.share, step.image_bgr
                pace = pace or Pace(share if begun_before else 0.0)
                if step.wanted and image is not None:
                    result = analyzer.analyze(image, step.time_s)
                    shown = result.faces
                    rows.write(record_line(result))
                    state.analysed += 1
                    on_result(result)
                if self._annotate and image is not None:
                    if scene.difference(image) >= CUT and not step.wanted:
                        # Between two analysed frames: the faces were of another scene.
                        shown = ()
                    image = draw_faces(image, shown, DRAWN)
                    if segment is None:
                        segment = self._segment(image.shape, video.info.fps)
                    segment.write(image, step.time_s)
                if step.frames > state.frames:
                    state.time_s, state.end_s = step.time_s, step.end_s
                state.frames, state.due_s = step.frames, step.due_s
                state.corrupt = corrupt_before + step.corrupt
                state.corrupt_position = step.corrupt_position
                state.last_id = analyzer.last_id
                now = time.monotonic()
                if now - reported >= _REPORT_S:
                    reported = now
                    report(
                        pace.progress(share, step.time_s, state.frames, state.analysed, len(shown))
                    )
                stopped = cancel()
                if stopped:
                    break
                if now - saved >= _CHECKPOINT_S:
                    saved = now
                    self._checkpoint(rows, segment)
                    segment = None
            # Steps end early, too, where the run is cancelled.
            state.read_to_end = not (stopped or cancel())
            share = 1.0 if state.read_to_end else share
            self._checkpoint(rows, segment)
        if pace is not None:
            report(pace.progress(share, state.end_s, state.frames, state.analysed, len(shown)))

    def _segment(self, shape: tuple[int, ...], fps: float | None) -> SegmentWriter:
        height, width = shape[:2]
        file = self.folder / f"segment-{len(self._state.segments):05}.mp4"
        return SegmentWriter(file, width, height, fps)

    def _checkpoint(self, rows: IO[bytes], segment: SegmentWriter | None) -> None:
        """Note how far the job is; the next frame begins a new segment."""
        if segment is not None:
            segment.close()
            self._state.segments.append(segment.path.name)
        with write_faults(self._records):
            rows.flush()
            self._state.rows_bytes = os.path.getsize(self._records)
        save_state(self.folder, self._state)

    def _join(self) -> str:
        partial = self.folder / "annotated.partial"
        segments = [self.folder / name for name in self._state.segments]
        # Also what a cancelled run has made.
        note = joined(segments, self.path, self.name, partial, Session())
        with write_faults(self.annotated):
            os.replace(partial, self.annotated)
        return note
