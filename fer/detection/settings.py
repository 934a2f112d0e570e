"""How a cascade searches, for a stream and for photos."""

from __future__ import annotations

from dataclasses import dataclass

from fer.errors import InputError


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How a cascade searches.

    Attributes:
        min_face: Smallest face as a fraction of the shorter side of the frame.
        working_side: The frame is shrunk so that its shorter side has at most this many pixels;
            the time of a search grows with its square.
        scale_factor: Ratio between two steps of the search pyramid.
        min_neighbours: Raw hits that make a face; higher finds fewer and surer faces.
        min_score: Detections with a lower last-stage weight are dropped; real faces have 2 to 8.
        refine: Look at every face again in fine steps: what is none is dropped, and the box of
            what is one gets exact. Coarse steps alone give false alarms and boxes 15 % off.
    """

    min_face: float = 0.08
    working_side: int = 320
    scale_factor: float = 1.3
    min_neighbours: int = 2
    min_score: float = 1.7
    refine: bool = True

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            InputError: Naming the field, its range and the value.
        """
        ranges = {
            "min_face": (0.01, 1.0),
            "working_side": (24, 10_000),
            "scale_factor": (1.01, 2.0),
            "min_neighbours": (0, 100),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(
                    f"{name}: expected a value in {low}..{high}, got {value}; change it"
                )


STILL_SETTINGS = DetectorSettings(
    min_face=0.03,
    working_side=640,
    scale_factor=1.1,
    min_neighbours=4,
    min_score=2.5,
    refine=False,
)
"""For photos, where time matters less and faces may be small."""
