"""Who was seen in one stream or file: embeddings of each person, in memory, for as long as it is.

Nobody is known by name, nothing is compared with another stream, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np

from fer.preprocessing import Image
from fer.results import FaceEmotion
from fer.tracking.appearance import Floats
from fer.tracking.association import least_cost_pairs

SAME = 0.51
"""Embeddings closer than this are of one person. Measured on 11 people in 42 photographs, most with
another expression in each, among 102 others: who comes back in another picture is recognised by
one look in 76 of 100 visits, by three in 92, by five in 94, and taken for another in at most 1."""
KEPT = 0.6
"""Whoever is where they were expected is believed to be the same up to here."""

STRANGER = 0.72
"""Farther than this from all that is known of a person, it is somebody else."""

# Looks of a person that are kept: a turned head is far from a straight one.
_LOOKS = 8
# A look that is as close to one that is kept teaches nothing.
_NEW_LOOK = 0.25
_MOST_PEOPLE = 500


class Embedder(Protocol):
    """What makes numbers of a face; ``Appearance`` is one."""

    def embed(self, frame: Image, face: FaceEmotion) -> Floats | None:
        """``(n,)`` float32, or None where nothing can be told from it."""
        ...


class People:
    """Everybody who was seen, by identity."""

    def __init__(self) -> None:
        self._looks: dict[int, list[Floats]] = {}

    def remember(self, identity: int, look: Floats) -> None:
        """Keep a look of a person, unless a similar one is kept."""
        looks = self._looks.pop(identity, [])
        if not looks or _nearest(looks, look) > _NEW_LOOK:
            # The first was seen when the track began; the newest are the most like the next.
            looks = [*looks[:1], *looks[1:][-(_LOOKS - 2) :], look]
        self._looks[identity] = looks
        while len(self._looks) > _MOST_PEOPLE:
            # Who was not seen for the longest time comes first.
            del self._looks[next(iter(self._looks))]

    def distance(self, identity: int, look: Floats) -> float:
        """From the closest look of a person; infinite when there is none."""
        return _nearest(self._looks.get(identity, ()), look)

    def match(
        self, looks: Sequence[Floats], expected: Sequence[int | None], taken: Collection[int]
    ) -> list[int | None]:
        """Who the faces of one frame are, each somebody else.

        Args:
            looks: Of the faces in question.
            expected: Who each was until now, or None for a face that has just come.
            taken: Identities of others in the frame, of whom there is no doubt.

        Returns:
            An identity for each; None for somebody who was never seen.
        """
        known = [identity for identity in self._looks if identity not in taken]
        costs = np.full((len(looks), len(known)), np.inf)
        for row, (look, own) in enumerate(zip(looks, expected, strict=True)):
            for column, identity in enumerate(known):
                distance = self.distance(identity, look)
                if identity == own and distance < SAME:
                    # Place and look agree: of two that look alike, each stays who it was.
                    costs[row, column] = 0.0
                elif distance < (KEPT if identity == own else SAME):
                    costs[row, column] = distance
        found: list[int | None] = [None] * len(looks)
        for row, column in least_cost_pairs(costs):
            found[row] = known[column]
        return found


def _nearest(looks: Sequence[Floats], look: Floats) -> float:
    if not looks:
        return float("inf")
    return float(np.sqrt(np.square(np.stack(looks) - look).sum(axis=1).min()))
