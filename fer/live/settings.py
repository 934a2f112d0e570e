"""What a viewer may change while the stream runs; every change acts with the next frame."""

from __future__ import annotations

from dataclasses import dataclass

from fer.detection.base import SearchSettings
from fer.overlay import Blur

SENSITIVITIES: tuple[str, ...] = ("strict", "cautious", "balanced", "keen", "eager")
"""From few false alarms to few missed faces."""

# The least score of a new face, for each sensitivity.
_SCORES = dict(zip(SENSITIVITIES, (0.8, 0.7, SearchSettings().min_score, 0.55, 0.48), strict=True))


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """The controls of one stream.

    Attributes:
        sensitivity: One of ``SENSITIVITIES``.
        min_face: Side of the smallest face in pixels.
        smoothing_s: Time constant in seconds of the smoothing of probabilities and of the label;
            0 turns it off.
        threshold: Confidence below which the label is "unsure"; None is the model's own.
        mirror: Show the picture as a mirror does. Boxes stay in pixels of the camera's picture.
        blur: Whose faces are made unrecognisable.
        unblurred: Id of the face that ``blur="others"`` leaves; None blurs all.
        bars: Draw the three most probable emotions beside each face.
        paused: The picture stands still, and nothing is analysed.
        identity: Give a person who returns the old id, by their looks; these are kept in memory
            until the stream ends or this is turned off.
    """

    sensitivity: str = "balanced"
    min_face: int = 40
    smoothing_s: float = 0.25
    threshold: float | None = None
    mirror: bool = True
    blur: Blur = "nobody"
    unblurred: int | None = None
    bars: bool = True
    paused: bool = False
    identity: bool = True

    def search_settings(self) -> SearchSettings:
        """What the detector looks for with these controls."""
        return SearchSettings(self.min_face, _SCORES[self.sensitivity])
