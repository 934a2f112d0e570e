"""Detection in a stream: look where the faces were, and search the rest a slice a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from fer.boxes import containment, iou, merge_overlapping
from fer.detection.cascade import CascadeDetector
from fer.detection.views import TURNED, UPRIGHT, View
from fer.preprocessing import Image, check_frame, to_grey
from fer.results import Box, Detection

SCAN_EVERY = 4
"""Frames from one slice of the search for new faces to the next, unless told otherwise."""

# A full search in slices: the smallest sizes take the longest, so they are searched in two halves
# that overlap by a face. Turned faces are looked for from this size on.
_BANDS = (1.0, 1.9, 4.0)
_TURNED_FROM = 0.14
# What is this sure needs no second opinion; what is less sure is asked about again and again, and
# given up when the answers are no. Confidence in a face grows to at most so many noes in a row.
_SURE_SCORE = 4.0
_ASK_EVERY = 10
_MOST_TRUST = 3
# A face that is found no more is looked for where it was, for so many frames.
_LOST_FRAMES = 30
# A face that moved less than so many of its sides since the frame before is looked for closely
# first, which takes little more than half the time.
_STILL = 0.05
# Two detections are one face when they overlap so much.
_SAME_IOU = 0.3
_SAME_CONTAINMENT = 0.6


@dataclass(slots=True)
class _Known:
    detection: Detection
    view: View = UPRIGHT
    missed: int = 0
    trust: int = 0
    asked: int = 0
    still: bool = False

    @property
    def visible(self) -> bool:
        """Whether it is found now, and taken for a face."""
        return not self.missed and self.trust > 0


def _same(a: Box, b: Box) -> bool:
    return iou(a, b) > _SAME_IOU or containment(a, b) > _SAME_CONTAINMENT


def _moved(before: Box, now: Box) -> float:
    """How far the centre moved, and how much the size changed, in sides of the box."""
    x = now.x + now.width / 2 - before.x - before.width / 2
    y = now.y + now.height / 2 - before.y - before.height / 2
    return max(abs(x), abs(y), abs(now.width - before.width)) / max(before.width, 1)


class FollowingDetector:
    """A detector for one stream: around known faces in every frame, elsewhere a slice a time.

    A search around a known face costs a small part of a search of the whole frame. A face that is
    lost there is looked for tilted and in profile, then in the whole frame at once. New faces are
    found by searching the frame in slices, one every ``scan_every`` frames: upright faces in bands
    of size, and in turn tilted faces and profiles. While no face is known, every frame is searched
    as a whole.

    It remembers the faces of the frame before: never share one between streams, and do not give
    it photos.

    Args:
        detector: Does the searching.
        scan_every: Frames from one slice to the next; 1 searches a slice in every frame.
        max_followed: With more faces than this the whole frame is searched always, which is
            cheaper then.
    """

    def __init__(
        self, detector: CascadeDetector, *, scan_every: int = SCAN_EVERY, max_followed: int = 6
    ) -> None:
        self.detector = detector
        self.scan_every = scan_every
        self.max_followed = max_followed
        self._shape: tuple[int, ...] = ()
        self._known: list[_Known] = []
        self._since_scan = 0
        self._slices: Iterator[tuple[int, View]] = iter(())
        self._turned = cycle(TURNED)

    def detect(self, frame: Image) -> tuple[Detection, ...]:
        """As ``CascadeDetector.detect``, for the next frame of the stream."""
        grey = to_grey(check_frame(frame))
        if grey.shape != self._shape:
            self._shape, self._known, self._slices = grey.shape, [], iter(())
        visible = [known for known in self._known if not known.missed]
        if len(visible) > self.max_followed:
            self._known = [_Known(found, trust=1) for found in self.detector.detect_grey(grey)]
            return tuple(known.detection for known in self._known)
        lost = self._follow(grey)
        self._known = [k for k in self._known if k.missed or self._ask(grey, k)]
        self._add(grey, self._scan(grey, lost))
        self._known = [known for known in self._known if known.missed <= _LOST_FRAMES]
        return tuple(known.detection for known in self._known if known.visible)

    def _ask(self, grey: Image, known: _Known) -> bool:
        """Ask for a second opinion where it is time for one; False gives the face up."""
        if known.detection.score >= _SURE_SCORE:
            known.trust = max(known.trust, 1)
            return True
        known.asked += 1
        if known.trust > 0 and known.asked % _ASK_EVERY:
            return True
        agreed = self.detector.confirms(grey, known.detection.box, known.view)
        known.trust = min(known.trust + 1, _MOST_TRUST) if agreed else known.trust - 1
        return known.trust >= 0

    def _follow(self, grey: Image) -> bool:
        """Look around every known face; returns whether one was lost in this frame."""
        lost = False
        for known in self._known:
            found = self._look(grey, known)
            if found is None:
                lost = lost or not known.missed
                known.missed += 1
                known.still = False
            else:
                known.still = _moved(known.detection.box, found[0].box) < _STILL
                known.detection, known.view = found
                known.missed = 0
        # Two that became one: one of the searches found the neighbour.
        visible = [known for known in self._known if not known.missed]
        kept = merge_overlapping(known.detection for known in visible)
        for known in visible:
            if known.detection not in kept:
                known.missed = 1
                lost = True
            else:
                kept.remove(known.detection)
        return lost

    def _look(self, grey: Image, known: _Known) -> tuple[Detection, View] | None:
        box = known.detection.box
        if known.still:
            found = self.detector.search_near(grey, box, known.view, closely=True)
            if found is not None:
                return found, known.view
        views = [known.view]
        if not known.missed:
            views += [view for view in (UPRIGHT, *TURNED) if view != known.view]
        else:
            # Gone for a while: one other view a frame is enough.
            views.append((UPRIGHT, *TURNED)[known.missed % (1 + len(TURNED))])
        for view in views:
            found = self.detector.search_near(grey, box, view)
            if found is not None:
                return found, view
        return None

    def _scan(self, grey: Image, lost: bool) -> list[_Known]:
        """New faces: everywhere when there is reason to, else in the next slice."""
        blind = all(known.missed for known in self._known)
        self._since_scan += 1
        if lost or blind:
            self._since_scan = 0
            found = [_Known(one) for one in self.detector.detect_grey(grey)]
            return found or (self._turned_faces(grey) if blind else [])
        if self._since_scan < self.scan_every:
            return []
        self._since_scan = 0
        band, view = next(self._slices, (-1, UPRIGHT))
        if band < 0:
            self._slices = iter([(0, UPRIGHT), (1, UPRIGHT), (2, UPRIGHT), (3, UPRIGHT)])
            return self._turned_faces(grey)
        return [_Known(one, view) for one in self._slice(grey, band)]

    def _turned_faces(self, grey: Image) -> list[_Known]:
        """Tilted faces or profiles, another kind each time."""
        view = next(self._turned)
        area = Box(0, 0, grey.shape[1], grey.shape[0])
        sizes = (max(_TURNED_FROM, self.detector.settings.min_face), 1.0)
        return [_Known(one, view) for one in self.detector.search_part(grey, area, sizes, view)]

    def _slice(self, grey: Image, band: int) -> tuple[Detection, ...]:
        height, width = grey.shape
        smallest = self.detector.settings.min_face
        whole = Box(0, 0, width, height)
        if band >= 2:
            low = smallest * _BANDS[band - 1] / 1.2
            high = smallest * _BANDS[2] if band == 2 else 1.0
            return self.detector.search_part(grey, whole, (low, min(high, 1.0)))
        overlap = round(smallest * _BANDS[1] * min(height, width))
        middle = width // 2
        left = Box(0, 0, min(width, middle + overlap // 2), height)
        right = Box(max(0, middle - overlap // 2), 0, width - max(0, middle - overlap // 2), height)
        sizes = (smallest, smallest * _BANDS[1])
        return self.detector.search_part(grey, right if band else left, sizes)

    def _add(self, grey: Image, found: list[_Known]) -> None:
        """Take what a search found, unless it is known; a lost face is found again.

        A face that is new needs a second opinion, since false ones would be followed as well.
        """
        for new in found:
            box = new.detection.box
            same = [known for known in self._known if _same(known.detection.box, box)]
            if any(not known.missed for known in same):
                continue
            if same:
                new.trust = max(known.trust for known in same)
            elif not self.detector.confirms(grey, box, new.view):
                continue
            # A weak one that is new has to be agreed on twice, now and in the next frame.
            elif new.detection.score >= _SURE_SCORE or new.view.profile:
                new.trust = 1
            self._known = [known for known in self._known if known not in same]
            self._known.append(new)
