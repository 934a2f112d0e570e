"""What a table of results adds up to: per recording and person, in one pass over the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from fer.export.events import Event
from fer.export.timeline import TimeLine
from fer.labels import UNSURE
from fer.results import Box

Row = Mapping[str, Any]

# Pictures that are listed one by one, and persons of a recording.
_MOST_PICTURES = 300
_MOST_PERSONS = 24


@lru_cache(maxsize=16)
def _shares(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Label and name of each column of probabilities."""
    return tuple((name[2:], name) for name in names if name.startswith("p_"))


@dataclass(frozen=True, slots=True)
class StrongestReading:
    """The strongest reading of an emotion.

    Attributes:
        source: Picture, video or session.
        person: Whose; in pictures "Face 1", counted from the largest.
        label: The emotion that was on show.
        share: Its probability.
        box: Of the face, in pixels of the picture or frame.
        face_id: As in the table.
        time_s: When, in seconds; None in a picture.
    """

    source: str
    person: str
    label: str
    share: float
    box: Box
    face_id: int
    time_s: float | None = None


@dataclass(slots=True)
class Counts:
    """Readings by the emotion on show, "unsure" where there was none."""

    readings: dict[str, int] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    first_s: float = 0.0
    last_s: float = 0.0
    peaks: dict[str, StrongestReading] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Readings of all emotions."""
        return sum(self.readings.values())

    def shares(self) -> dict[str, float]:
        """Emotion -> share of the readings, largest first."""
        ranked = sorted(self.readings.items(), key=lambda item: (-item[1], item[0]))
        return {label: n / self.total for label, n in ranked}

    def mean_confidence(self, label: str) -> float:
        """Of the readings of an emotion."""
        return self.confidence[label] / self.readings[label]

    def add(self, row: Row, time_s: float | None = None) -> None:
        """Take a reading."""
        label = row["emotion"] or UNSURE
        if time_s is not None:
            self.first_s = time_s if not self.readings else min(self.first_s, time_s)
            self.last_s = max(self.last_s, time_s)
        self.readings[label] = self.readings.get(label, 0) + 1
        self.confidence[label] = self.confidence.get(label, 0.0) + float(row["confidence"])

    def top(self, row: Row, person: str, time_s: float | None) -> None:
        """Remember a reading that is the strongest of its emotion so far."""
        label = row["emotion"]
        before = self.peaks.get(label)
        share = float(row["confidence"])
        if label and (before is None or share > before.share):
            box = Box(*(int(row[name]) for name in ("x", "y", "width", "height")))
            number = int(row["face_id"])
            self.peaks[label] = StrongestReading(
                row["source"], person, label, share, box, number, time_s
            )


@dataclass(slots=True)
class Recording:
    """A video or session.

    Attributes:
        frames: Frames that were read.
        empty: Of these, without a face.
        start_s: Time of the first frame.
        end_s: Time of the last frame.
        persons: Name -> what was read.
        line: The probabilities over time, by name.
        left_out: Persons that are forgotten, since they were on show most briefly of many.
        gap_s: Between the last two frames.
        during: Event -> name -> what was read within it.
    """

    source: str
    frames: int = 0
    empty: int = 0
    start_s: float = 0.0
    end_s: float = 0.0
    gap_s: float = 0.0
    persons: dict[str, Counts] = field(default_factory=dict)
    line: TimeLine = field(default_factory=TimeLine)
    during: dict[Event, dict[str, Counts]] = field(default_factory=dict)
    left_out: int = 0

    @property
    def length_s(self) -> float:
        """Where it ends: the last frame lasts as long as the others, or as the one before it."""
        usual = (self.end_s - self.start_s) / max(1, self.frames - 1)
        return self.end_s + min(usual, self.gap_s)

    @property
    def people(self) -> int:
        """How many persons were told apart."""
        return len(self.persons) + self.left_out

    def shown(self) -> list[str]:
        """The persons that are shown, longest on show first."""
        known = [name for name in self.line.face_ids() if name in self.persons]
        return known[:_MOST_PERSONS]

    def next_frame(self, time_s: float, *, empty: bool) -> None:
        """Take a frame, before what was read in it."""
        if not self.frames:
            self.start_s = self.end_s = time_s
        self.frames += 1
        self.empty += empty
        self.gap_s = max(0.0, time_s - self.end_s)
        self.end_s = max(self.end_s, time_s)

    def add(self, row: Row, person: str, events: Sequence[Event]) -> None:
        """Take a reading of a person."""
        time_s = float(row["time_s"])
        counts = self.persons.get(person)
        if counts is None:
            if len(self.persons) >= 10 * _MOST_PERSONS:
                # Bounded however many pass by.
                del self.persons[min(self.persons, key=lambda name: self.persons[name].total)]
                self.left_out += 1
            counts = self.persons[person] = Counts()
        counts.add(row, time_s)
        counts.top(row, person, time_s)
        self.line.put(
            person, time_s, {label: row[column] or 0.0 for label, column in _shares(tuple(row))}
        )
        for event in events:
            if event.holds(time_s):
                self.during.setdefault(event, {}).setdefault(person, Counts()).add(row, time_s)


@dataclass(slots=True)
class PictureTally:
    """What was read in one picture."""

    source: str
    readings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """What a table adds up to.

    Attributes:
        everything: All readings together.
        pictures: The first pictures, one by one.
        picture_count: How many there are.
        picture_faces: Readings of pictures alone.
        recordings: Videos and sessions.
        faults: Source and reason of what could not be read, or not whole.
        model: Name, version and classes of what read the faces; the last, if there were several.
    """

    everything: Counts = field(default_factory=Counts)
    pictures: list[PictureTally] = field(default_factory=list)
    picture_count: int = 0
    picture_faces: Counts = field(default_factory=Counts)
    recordings: dict[str, Recording] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    model: tuple[str, str, tuple[str, ...]] = ("", "", ())


def tally(rows: Iterable[Row], *, events: Sequence[Event] = ()) -> Tally:
    """Add up the rows of a table; memory does not grow with their number.

    Args:
        rows: As ``fer.export.schema.to_rows`` makes them, those of a frame one after the other;
            in videos and sessions whoever has a name has it in ``person``.
        events: Spans within which readings are counted too.
    """
    found = Tally()
    last: tuple[str, float | None] | None = None
    for row in rows:
        source, time_s = str(row["source"]), row["time_s"]
        new, last = (source, time_s) != last, (source, time_s)
        if row["reason"]:
            found.faults.append((source, str(row["reason"])))
        if row["status"] == "error" or (row["status"] == "partial" and row["face_id"] is None):
            continue
        if time_s is None:
            _add_picture(found, row, new=new)
            continue
        recording = found.recordings.setdefault(source, Recording(source))
        if new:
            recording.next_frame(float(time_s), empty=row["status"] == "no face")
        if not row["measured"]:
            continue
        person = row["person"] or f"Person {int(row['face_id'])}"
        _note_model(found, row)
        found.everything.add(row)
        recording.add(row, person, events)
    return found


def _add_picture(found: Tally, row: Row, *, new: bool) -> None:
    found.picture_count += new
    if new and len(found.pictures) < _MOST_PICTURES:
        found.pictures.append(PictureTally(str(row["source"])))
    if not row["measured"]:
        return
    _note_model(found, row)
    found.everything.add(row)
    found.picture_faces.add(row)
    found.picture_faces.top(row, f"Face {int(row['face_id']) + 1}", None)
    if found.pictures and found.pictures[-1].source == row["source"]:
        found.pictures[-1].readings.append(str(row["reading"]))


def _note_model(found: Tally, row: Row) -> None:
    if found.model[:2] != (row["model"], row["model_version"]):
        labels = tuple(label for label, _name in _shares(tuple(row)))
        found.model = (str(row["model"]), str(row["model_version"]), labels)
