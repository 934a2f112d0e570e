"""What is kept of a whole session: table, time line, summary, events, and faces if asked for."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from fer.export.events import MOST_EVENTS, Event
from fer.export.report import report_html
from fer.export.tally import StrongestReading
from fer.export.thumbnails import thumbnail
from fer.export.timeline import Floats, TimeLine
from fer.live.log import FrameLog
from fer.preprocessing import Image
from fer.results import FrameResult, Reader
from fer.tracking.summary import FaceSummary, SummaryCounter

# Rows, compressed: about an hour of one face.
_LOG_BYTES = 16 * 2**20
# An hour in steps of a second: what a part of it is zoomed to.
_STEPS = 4096
_MOST_FACES = 200


class SessionRecord:
    """One session; safe to use from any thread. Its memory has limits however long it is.

    Attributes:
        log: Every analysed frame, as the rows of a table.
        events: In the order in which they were given; times count from the first frame.
        keep_faces: Whether the face of every strongest reading is kept, for the report.
    """

    def __init__(self) -> None:
        self.log = FrameLog(_LOG_BYTES)
        self.events: tuple[Event, ...] = ()
        self._keep_faces = False
        self._lock = threading.Lock()
        self._line = TimeLine(steps=_STEPS)
        self._counter = SummaryCounter()
        self._going_on: dict[str, Event] = {}
        # Face id and label -> probability, time and JPEG of the strongest reading.
        self._faces: dict[tuple[int, str], tuple[float, float, bytes | None]] = {}

    @property
    def keep_faces(self) -> bool:
        """See above; turned off, those that were kept are gone."""
        return self._keep_faces

    @keep_faces.setter
    def keep_faces(self, wanted: bool) -> None:
        with self._lock:
            self._keep_faces = wanted
            if not wanted:
                self._faces.clear()

    @property
    def end_s(self) -> float:
        """Time of the newest frame, from the first."""
        return self._line.end_s

    def add(self, result: FrameResult, reader: Reader, frame: Image | None) -> None:
        """Take an analysed frame, with its pixels for the faces to keep unless they are hidden."""
        timed = self.log.add(result, reader)
        with self._lock:
            self._counter.add(result)
            self._line.add(timed)
            if self._keep_faces and frame is not None:
                self._keep(timed, frame)

    def _keep(self, result: FrameResult, frame: Image) -> None:
        for face in result.measured:
            # Rounded as the table is, which has to find the same reading the strongest.
            share = round(face.confidence, 6)
            key = (face.face_id, face.emotion or "")
            if face.emotion and share > self._faces.get(key, (0.0,))[0]:
                if key not in self._faces and len(self._faces) >= _MOST_FACES:
                    del self._faces[next(iter(self._faces))]
                time_s = round(result.timestamp_s, 6)
                self._faces[key] = (share, time_s, thumbnail(frame, face.box))

    def summary(self) -> tuple[FaceSummary, ...]:
        """Time per emotion, for all faces together and for each."""
        with self._lock:
            return self._counter.summary()

    def lanes(
        self, start_s: float, end_s: float, most: int
    ) -> tuple[tuple[str, ...], list[tuple[int, Floats, Floats]]]:
        """The part of the time line that lies in a window, in seconds from the first frame.

        Returns:
            The labels, and of every face that was there its id, times and mean probabilities.
        """
        with self._lock:
            found = [
                (who, *self._line.of_faces((who,), start_s, end_s, most))
                for who in self._line.face_ids()
            ]
            return self._line.labels, [lane for lane in found if len(lane[1])]

    def mark(self, label: str, at_s: float, *, span: bool = False) -> bool:
        """Note that something happens at a time by the clock of the stream.

        Of a span the next mark of the same label is the end. False where there was no frame to
        count from, or no room.
        """
        if self.log.start_s is None or len(self.events) >= MOST_EVENTS:
            return False
        event = Event(round(max(0.0, at_s - self.log.start_s), 3), label)
        begun = self._going_on.pop(label, None) if span else None
        if begun in self.events:
            ended = replace(begun, end_s=max(event.time_s, begun.time_s))
            self.events = tuple(ended if one is begun else one for one in self.events)
            return True
        self.events = (*self.events, event)
        if span:
            self._going_on[label] = event
        return True

    def going_on(self, label: str) -> bool:
        """Whether a span of that label has no end yet."""
        return self._going_on.get(label) in self.events

    def edit(
        self,
        shown: Sequence[Event],
        words: Mapping[int, tuple[str, str]],
        removed: Collection[int] = (),
    ) -> None:
        """Give events other words, and take some out; what came since they were shown stays.

        Args:
            shown: The events as they were when somebody began to edit them.
            words: Place among these -> label and note.
            removed: Places of those to take out.
        """
        edited: list[Event] = []
        place = 0
        for now in self.events:
            # Taken out since, if its time is not there any more; an end may have come, too.
            known = next((p for p in range(place, len(shown)) if shown[p].time_s == now.time_s), -1)
            one = now
            if known >= 0:
                place = known + 1
                if known in removed:
                    continue
                if known in words:
                    label, note = words[known]
                    one = replace(now, label=label, note=note)
            edited.append(one)
            for going, begun in self._going_on.items():
                if begun is now:
                    self._going_on[going] = one
        self.events = tuple(edited)

    def table(self, suffix: str) -> bytes:
        """The rows as a file, with the events; see ``FrameLog.table``."""
        return self.log.table(suffix, self.events)

    def report(self, title: str, settings: Mapping[str, str], accuracy: Sequence[str]) -> str:
        """A report of all that is in the table; takes seconds for an hour."""
        if self.log.dropped:
            gone = f"the first {self.log.dropped:,} frames gave way to newer ones"
            settings = {**settings, "Not in this report": gone}
        return report_html(
            self.log.rows(),
            title=title,
            events=sorted(self.events, key=lambda event: event.time_s),
            thumbnails=self._face if self._keep_faces else None,
            settings=settings,
            accuracy=accuracy,
        )

    def _face(self, peak: StrongestReading) -> bytes | None:
        _share, time_s, jpeg = self._faces.get((peak.face_id, peak.label), (0.0, None, None))
        return jpeg if time_s == peak.time_s else None
