"""Recall, false alarms, who is who, and steadiness on generated clips, against plain Haar.

Run ``python -m benchmarks.bench_following``. Ours is what the webcam page does with its controls
as they start: following detector, classifier, tracker, at most three faces of a frame looked at
for who they are. Faces that are held on show without being found are not counted. Plain Haar is
the loop of the tutorials, ``detectMultiScale(grey, 1.1, 5)`` over the whole frame, every face read
by the same classifier, numbered in the order in which it comes.

An identity switch is a face whose id changes while it is followed; a return, a face that comes
back after half a second or more, recognised if it has its old id; a merge, an id that is given to
a second person. A flip is a change of a face's label without a change of its expression; the lag
the longest time from a change of its expression to the label that says so. The last column is the
most processor time that saying who is who took in one frame.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields

import cv2
import cv2.data
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.clips import EMPTY, FACES, FPS, PEOPLE, Clip, play
from benchmarks.portraits import Truth, portrait
from fer import EmotionRecognizer
from fer.detection.cascade import CASCADE_FILE
from fer.labels import UNSURE
from fer.live.settings import LiveSettings
from fer.preprocessing import Image, crop_face, to_grey
from fer.results import Box, FaceEmotion
from fer.tracking.appearance import shared_appearance
from fer.tracking.tracker import FaceTracker

# Identity, box and label of each face that a method reports.
Report = list[tuple[int, Box, str]]
# The report of a frame, and the milliseconds that saying who is who took.
Method = Callable[[Image, float], tuple[Report, float]]

# Seconds without a face after which its coming is a return.
_AWAY = 0.5


@dataclass
class Score:
    """Counts of one method on one or more clips."""

    frames: int = 0
    asked: int = 0
    found: int = 0
    false: int = 0
    switches: int = 0
    returns: int = 0
    recognised: int = 0
    merges: int = 0
    flips: int = 0
    face_frames: int = 0
    lag_s: float = 0.0
    largest_ms: float = 0.0
    _ids: dict[int, int] = field(default_factory=dict)
    _seen: dict[int, int] = field(default_factory=dict)
    _owners: dict[int, int] = field(default_factory=dict)
    _labels: dict[int, str] = field(default_factory=dict)
    # Identity -> its expression, and the frame in which that began, until the label says so.
    _expressions: dict[int, str] = field(default_factory=dict)
    _late: dict[int, int] = field(default_factory=dict)

    def add(self, report: Report, truths: tuple[Truth, ...]) -> None:
        """Count one frame; as CLEAR MOT does, a face keeps its match while that still fits."""
        self.frames += 1
        left = list(report)
        for truth in truths:
            known = self._ids.get(truth.identity)
            match = min(
                (one for one in left if fits(one[1], truth.box)),
                key=lambda one: (one[0] != known, _distance(one[1], truth.box)),
                default=None,
            )
            self.asked += truth.visible
            if match is None:
                continue
            left.remove(match)
            self.found += truth.visible
            self.face_frames += 1
            identity, _, label = match
            if truth.visible:
                self._identify(truth.identity, identity)
            self.flips += self._labels.get(truth.identity, label) != label
            self._labels[truth.identity] = label
            self._compare(truth, label)
        self.false += sum(not any(fits(one[1], t.box) for t in truths) for one in left)

    def _compare(self, truth: Truth, label: str) -> None:
        who = truth.identity
        if self._expressions.get(who, truth.expression) != truth.expression:
            self._late[who] = self.frames
            self.flips -= 1
        self._expressions[who] = truth.expression
        if who in self._late:
            self.lag_s = max(self.lag_s, (self.frames - self._late[who]) / FPS)
            if label == truth.expression:
                del self._late[who]

    def _identify(self, person: int, identity: int) -> None:
        same = self._ids.get(person, identity) == identity
        if self.frames - self._seen.get(person, self.frames) > _AWAY * FPS:
            self.returns += 1
            self.recognised += same
        else:
            self.switches += not same
        self.merges += self._owners.setdefault(identity, person) != person and not (
            same and person in self._ids
        )
        self._ids[person], self._seen[person] = identity, self.frames

    def merged(self, other: Score) -> Score:
        """The sum of two scores."""
        names = [one.name for one in fields(self) if not one.name.startswith("_")]
        total = Score(**{name: getattr(self, name) + getattr(other, name) for name in names})
        for name in ("lag_s", "largest_ms"):
            setattr(total, name, max(getattr(self, name), getattr(other, name)))
        return total

    @property
    def recall(self) -> float:
        """Share of visible faces that were found."""
        return self.found / self.asked if self.asked else float("nan")

    @property
    def false_per_minute(self) -> float:
        """Boxes without a face."""
        return self.false / (self.frames / FPS / 60)

    @property
    def flips_per_minute(self) -> float:
        """Changes of the label of one face beyond those of its expression."""
        return self.flips / (self.face_frames / FPS / 60) if self.face_frames else float("nan")


def _distance(a: Box, b: Box) -> float:
    return float(
        np.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2)
    )


def fits(box: Box, truth: Box) -> bool:
    """Whether a box is on a face: centre within 0.4 of its side, size within a factor of 1.7."""
    return _distance(box, truth) < 0.4 * truth.width and 1 / 1.7 < box.width / truth.width < 1.7


def ours(recognizer: EmotionRecognizer) -> Method:
    """The webcam page's way."""
    stream = recognizer.for_stream(LiveSettings().search_settings())
    tracker = FaceTracker(recognizer.threshold, embedder=shared_appearance(), looks=3)

    def step(frame: Image, time_s: float) -> tuple[Report, float]:
        found = stream.analyze(frame)
        started = time.thread_time()
        faces = tracker.update(found, time_s, frame)
        took_ms = (time.thread_time() - started) * 1000
        report = [(one.face_id, one.box, one.emotion or UNSURE) for one in faces if one.measured]
        return report, took_ms

    return step


def plain(recognizer: EmotionRecognizer) -> Method:
    """The tutorials' way."""
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + CASCADE_FILE)
    classifier = recognizer.classifier

    def step(frame: Image, _time_s: float) -> tuple[Report, float]:
        grey = to_grey(frame)
        boxes = [Box(*map(int, box)) for box in cascade.detectMultiScale(grey, 1.1, 5)]
        rows = (
            classifier.predict(np.stack([crop_face(grey, box) for box in boxes])) if boxes else []
        )
        labels = [
            classifier.labels[row.argmax()] if row.max() >= recognizer.threshold else UNSURE
            for row in rows
        ]
        numbered = enumerate(zip(boxes, labels, strict=True))
        return [(i, box, label) for i, (box, label) in numbered], 0.0

    return step


METHODS = {"ours": ours, "plain Haar 1.1/5": plain}


def measure(clip: Clip, method: Method, seconds: float, every: int = 1) -> Score:
    """One method on one clip, or on every so many frames of it for one without a memory."""
    score = Score()
    for index, (time_s, (frame, truths)) in enumerate(play(clip, seconds)):
        if index % every == 0:
            report, took_ms = method(frame, time_s)
            score.add(report, truths)
            score.largest_ms = max(score.largest_ms, took_ms)
    return score


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table.

    Args:
        arguments: Command line; default none, as ``python -m benchmarks`` calls it.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each clip")
    parser.add_argument("--only", help="clips whose name holds this, or one of a|b")
    parser.add_argument(
        "--plain-every",
        type=int,
        default=5,
        metavar="N",
        help="plain Haar knows nothing of the frame before: it gets every N-th frame, and its "
        "label flips are counted among those",
    )
    parser.add_argument("--ours", action="store_true", help="leave plain Haar out")
    options = parser.parse_args(arguments or [])
    cv2.setNumThreads(1)
    # Reading the network in is no part of a frame.
    known = FaceEmotion(Box(151, 105, 230, 230), None, 0.0, {})
    shared_appearance().embed(portrait("hopper"), known)
    recognizer = EmotionRecognizer.load()
    names = ["ours"] if options.ours else list(METHODS)
    table = Table(title=f"Clips of {options.seconds:g} s, 640 x 480, 30 fps", title_justify="left")
    for heading in (
        "clip",
        "",
        "recall",
        "false/min",
        "id switches",
        "returns",
        "merges",
        "label flips/min",
        "lag s",
        "largest ms",
    ):
        table.add_column(heading, justify="left" if heading in ("clip", "") else "right")
    totals = {name: Score() for name in names}
    for title, clip in {**FACES, **PEOPLE, **EMPTY}.items():
        if options.only and not any(part in title for part in options.only.split("|")):
            continue
        for name in names:
            every = 1 if name == "ours" else options.plain_every
            score = measure(clip, METHODS[name](recognizer), options.seconds, every)
            totals[name] = totals[name].merged(score)
            table.add_row(*_row(title, name, score))
            print("  ".join(_row(title, name, score)), file=sys.stderr, flush=True)
        table.add_section()
    for name, score in totals.items():
        table.add_row(*_row("all", name, score))
    Console(width=110).print(table)


def _row(title: str, name: str, score: Score) -> list[str]:
    texts = (
        f"{score.recall:.3f}",
        f"{score.false_per_minute:.1f}",
        f"{score.switches}",
        f"{score.recognised} of {score.returns}" if score.returns else "-",
        f"{score.merges}",
        f"{score.flips_per_minute:.1f}",
        f"{score.lag_s:.2f}" if score.lag_s else "-",
        f"{score.largest_ms:.1f}" if score.largest_ms else "-",
    )
    return [title, name, *("-" if text == "nan" else text for text in texts)]


if __name__ == "__main__":
    main(sys.argv[1:])
