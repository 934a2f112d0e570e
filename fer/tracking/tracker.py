"""Identity and steadiness over time: who is who, from place and from appearance.

Timestamps are passed in, never read from a clock, so that the same input gives the same output.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fer.preprocessing import Image
from fer.results import FaceEmotion
from fer.tracking.appearance import Floats
from fer.tracking.association import least_cost_pairs
from fer.tracking.cuts import CHANGE, CUT, STIR, SceneWatch
from fer.tracking.identity import KEPT, STRANGER, Embedder, People
from fer.tracking.track import Track, TrackerSettings, named

__all__ = ["FaceTracker", "TrackerSettings"]

# How far from where it is expected a face may be found, in sides of its box: a head that is thrown
# about moves at ten sides a second. After a gap it may be a little farther off.
_TREMBLE = 0.5
_SIDES_PER_S = 10.0
_REACH = 1.5
_REACH_PER_S = 1.0
# Two sizes of one face in neighbouring frames.
_LARGEST_RATIO = 2.0
# At a few frames a second, a face is remembered for so many of them at least.
_REMEMBERED_FRAMES = 4

_LEAST_HOLD_S = 0.1
# A face that was not found for more frames than this is hidden, and gives way by so many sides.
_HIDDEN_FRAMES = 1.6
_HIDDEN_COST = 0.4

# A picture that changes so many times as much as the one before changes suddenly: a camera that
# moves goes on moving.
_SUDDEN = 3.0
# Whoever comes back to a place after so long may be somebody else.
_DOUBT_S = 0.25
# Faces of which so much is covered may be taken for each other.
_TOUCHING = 0.15
# So many looks in a row that are nobody's who is known make somebody new of a face in doubt.
_UNKNOWN_LOOKS = 2


class FaceTracker:
    """Gives every face of a stream a stable id and smooths what is read from it.

    Boxes are assigned to faces at the least cost of all together, with where each face should be
    by now as the cost; so a face that is hidden for a moment, or crosses another, keeps its
    identity. Given the frames, it sees where the film is cut: then every face begins anew. Given
    an ``Embedder`` too, a face that comes, or is in doubt, is compared with all that were seen.

    Args:
        threshold: Confidence below which the smoothed emotion is None.
        settings: Time constants.
        embedder: Tells people apart; None for place alone.
        looks: How many faces of a frame it may look at; None for all.
    """

    def __init__(
        self,
        threshold: float = 0.0,
        settings: TrackerSettings | None = None,
        *,
        embedder: Embedder | None = None,
        looks: int | None = None,
    ) -> None:
        self.threshold = threshold
        self.settings = settings or TrackerSettings()
        self.last_id = 0
        self._embedder = embedder
        self._looks = looks
        self._scene = SceneWatch()
        self._difference = 0.0
        self._people = People()
        self._tracks: list[Track] = []
        self._frame = 0
        self._last_s: float | None = None
        self._interval_s = 0.0

    def update(
        self, faces: Sequence[FaceEmotion], timestamp_s: float, frame: Image | None = None
    ) -> tuple[FaceEmotion, ...]:
        """Take the faces of one frame; return those on show, with ids from 1.

        Args:
            faces: As ``EmotionRecognizer.analyze`` returns them.
            timestamp_s: Time of the frame in seconds; never goes back.
            frame: ``(h, w)`` grey or ``(h, w, 3)`` BGR uint8; without it there are no cuts, and
                place alone decides who is who.

        Returns:
            The faces with ``face_id`` set and smoothed values, largest first; a face that was
            missed for less than ``hold_s`` is among them, with its last values and not
            ``measured``.
        """
        self._frame += 1
        self._forget(timestamp_s)
        pairs = self._assign(faces, timestamp_s)
        difference = self._scene.difference(frame) if frame is not None else 0.0
        stirred = difference >= max(STIR, _SUDDEN * self._difference)
        self._difference = difference
        if difference >= CUT or (difference >= CHANGE and not pairs):
            self.reset()
            pairs = []
        for t, f in pairs:
            track = self._tracks[t]
            if stirred or timestamp_s - track.last_seen_s > _DOUBT_S:
                # Nothing speaks for who was here then: the first look decides.
                track.in_doubt, track.unknown = True, _UNKNOWN_LOOKS - 1
            track.follow(faces[f], timestamp_s, self.settings, self.threshold)
            track.frame = self._frame
        found = {f for _, f in pairs}
        self._tracks += [
            Track(
                named(face, 0, self.threshold),
                face,
                timestamp_s,
                timestamp_s,
                self._frame,
                threshold=self.threshold,
            )
            for f, face in enumerate(faces)
            if f not in found
        ]
        here = [track for track in self._tracks if track.frame == self._frame]
        if frame is not None and self._embedder is not None:
            self._look(here, frame, self._embedder)
        for track in here:
            if not track.identity:
                track.rename(self._new_id(), self.threshold)
        return self._shown(timestamp_s)

    def reset(self) -> None:
        """End every track, as at a cut or when the frame size changes; who was seen is kept."""
        self._tracks = []

    def look_with(self, embedder: Embedder | None) -> None:
        """Tell people apart by their looks from now on, or by place alone."""
        if embedder is None:
            self.forget_people()
        self._embedder = embedder

    def forget_people(self) -> None:
        """Forget what everybody looks like; whoever returns is somebody new."""
        self._people = People()

    def restore(self, faces: Sequence[FaceEmotion], timestamp_s: float, last_id: int) -> None:
        """Go on after faces that an earlier run has shown.

        Args:
            faces: Of its last frame.
            timestamp_s: Time of that frame.
            last_id: The highest id that it gave.
        """
        self._tracks = [
            Track(face, face, timestamp_s, timestamp_s, threshold=self.threshold) for face in faces
        ]
        self.last_id, self._last_s = last_id, timestamp_s

    def recall(self, frame: Image, face: FaceEmotion) -> None:
        """Learn what somebody looks like to whom an earlier run has given an id."""
        look = self._embedder.embed(frame, face) if self._embedder is not None else None
        if look is not None:
            self._people.remember(face.face_id, look)

    def _new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def _forget(self, timestamp_s: float) -> None:
        """Drop tracks that are gone: whoever comes after a long pause has just come."""
        # What the stream's frames usually are apart: the gap just now may be a pause.
        frames_s = _REMEMBERED_FRAMES * self._interval_s
        remember_s = max(self.settings.remember_s, self.settings.hold_s, frames_s)
        if self._last_s is not None:
            gap = timestamp_s - self._last_s
            self._interval_s += 0.3 * (min(gap, 1.0) - self._interval_s)
        self._last_s = timestamp_s
        self._tracks = [
            track for track in self._tracks if timestamp_s - track.last_seen_s <= remember_s
        ]

    def _shown(self, timestamp_s: float) -> tuple[FaceEmotion, ...]:
        """Faces that were found, and those that are held, largest first."""
        shown = [
            track.face if track.frame == self._frame else track.held()
            for track in self._tracks
            if track.frame == self._frame or timestamp_s - track.last_seen_s <= self._hold_s(track)
        ]
        return tuple(sorted(shown, key=lambda face: (-face.box.area, face.face_id)))

    def _hold_s(self, track: Track) -> float:
        """How long a face is shown that is not found; not longer than it was seen before."""
        hold_s = min(self.settings.hold_s, track.last_seen_s - track.first_seen_s)
        return max(hold_s, _LEAST_HOLD_S, 2 * self._interval_s)

    def _assign(self, faces: Sequence[FaceEmotion], timestamp_s: float) -> list[tuple[int, int]]:
        """Pairs of track and face, at the least cost of all together, in sides of a box."""
        if not self._tracks or not faces:
            return []
        old, new = _boxes([track.raw for track in self._tracks]), _boxes(faces)
        expected = np.array([track.expected(timestamp_s) for track in self._tracks])
        gaps = np.array([timestamp_s - track.last_seen_s for track in self._tracks])[:, None]
        side = np.maximum(np.maximum(old[:, None, 2], new[:, 2]), 1)
        middle = new[:, :2] + new[:, 2:] / 2
        away = np.linalg.norm(expected[:, None] - middle, axis=2) / side
        # The velocity may be wrong: a face that stopped is found where it was seen last.
        stayed = np.linalg.norm((old[:, :2] + old[:, 2:] / 2)[:, None] - middle, axis=2) / side
        growth = np.abs(np.log((old[:, None, 2] + 1) / (new[:, 2] + 1)))
        reach = np.minimum(_TREMBLE + _SIDES_PER_S * gaps, _REACH + _REACH_PER_S * gaps)
        possible = np.minimum(away, stayed) <= reach
        possible &= (growth < np.log(_LARGEST_RATIO)) | (_common(old, new) > 0)
        costs = away + 0.25 * stayed + 0.5 * growth
        # Of two that are expected at one place, the one that was seen all along is it: the other
        # is behind it.
        costs += _HIDDEN_COST * (gaps > _HIDDEN_FRAMES * self._interval_s)
        costs[~possible] = np.inf
        return least_cost_pairs(costs)

    def _look(self, here: Sequence[Track], frame: Image, embedder: Embedder) -> None:
        """Ask the appearance of those who came, who are in doubt, or were looked at too seldom."""
        boxes = _boxes([track.raw for track in here])
        covered = _common(boxes, boxes) > _TOUCHING * boxes[:, 2:3] * boxes[:, 3:4]
        touching = covered.sum(axis=1) > 1
        for track, touches in zip(here, touching, strict=True):
            track.in_doubt |= bool(touches)
        apart = [track for track, touches in zip(here, touching, strict=True) if not touches]
        came = [track for track in here if not track.looks]
        doubted = [track for track in apart if track.looks and track.in_doubt]
        seldom = [track for track in apart if track.due and not track.in_doubt]
        asked = [*came, *doubted, *seldom][: self._looks]
        looks = []
        for track in asked:
            track.looks += 1
            look = embedder.embed(frame, track.raw)
            if look is None:
                # Too small to tell: place alone decides.
                track.in_doubt = False
            elif track in seldom:
                if self._people.distance(track.identity, look) < KEPT:
                    self._people.remember(track.identity, look)
            else:
                looks.append((track, look))
        if looks:
            self._recognise(here, looks)

    def _recognise(self, here: Sequence[Track], looks: list[tuple[Track, Floats]]) -> None:
        """Name faces of one frame by their appearance, all of them together."""
        asked = [track for track, _ in looks]
        taken = {track.identity for track in here if not (track in asked or track.in_doubt)}
        found = self._people.match(
            [look for _, look in looks], [track.identity for track in asked], taken
        )
        given = {identity for identity in found if identity}
        left = []
        for (track, look), identity in zip(looks, found, strict=True):
            own = track.identity
            if identity is None and own and own not in given:
                far = self._people.distance(own, look)
                track.unknown += 1
                if far == float("inf"):
                    identity = own
                elif far < STRANGER and track.unknown < _UNKNOWN_LOOKS:
                    # One bad look is no reason to call it somebody else.
                    continue
            if identity is None:
                identity = self._new_id()
            if identity != own:
                left.append(own)
                track.rename(identity, self.threshold)
            track.in_doubt, track.unknown = False, 0
            self._people.remember(identity, look)
        self._make_way(asked, given, [own for own in left if own and own not in given])

    def _make_way(self, asked: list[Track], given: set[int], left: list[int]) -> None:
        """Others lose an identity that was given away: one in doubt gets what became free."""
        for track in [one for one in self._tracks if one not in asked and one.identity in given]:
            if track.frame == self._frame:
                track.rename(left.pop() if left else self._new_id(), self.threshold)
            else:
                self._tracks.remove(track)


def _boxes(faces: Sequence[FaceEmotion]) -> npt.NDArray[np.float64]:
    """``(n, 4)``: x, y, width, height."""
    return np.array(
        [(box.x, box.y, box.width, box.height) for box in (face.box for face in faces)], np.float64
    ).reshape(-1, 4)


def _common(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pixels that every box of ``a`` shares with every box of ``b``, ``(n, m)``."""
    low = np.maximum(a[:, None, :2], b[:, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[:, :2] + b[:, 2:])
    return np.asarray(np.maximum(high - low, 0).prod(axis=2))
