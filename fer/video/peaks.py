"""Where on a time line an emotion is strongest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer.export.timeline import Floats

# A peak is at least so probable, and so far from a greater one of the same emotion.
_LEAST_PEAK = 0.5
_PEAKS_APART_S = 1.0
_RESTING = "neutral"


@dataclass(frozen=True, slots=True)
class Peak:
    """A moment at which an emotion of a person was strongest.

    Attributes:
        time_s: In seconds.
        label: The emotion.
        share: Its mean probability then, 0 to 1.
    """

    time_s: float
    label: str
    share: float


def peaks_of(times: Floats, rows: Floats, labels: Sequence[str]) -> list[Peak]:
    """The moments at which a person shows most of an emotion, strongest first; rest is none.

    A stretch in which one emotion leads has one.

    Args:
        times: ``(n,)`` seconds.
        rows: ``(n, k)`` probabilities; NaN where the person was away.
        labels: The k classes.
    """
    known = np.nan_to_num(rows)
    share = known.max(axis=1, initial=0.0)
    resting = [label == _RESTING for label in labels]
    leads = np.where(share >= _LEAST_PEAK, known.argmax(axis=1), -1)
    leads[(leads >= 0) & np.take(resting, leads)] = -1
    stretches = np.split(np.arange(len(rows)), np.flatnonzero(np.diff(leads)) + 1)
    tops = [int(steps[share[steps].argmax()]) for steps in stretches if (leads[steps] >= 0).any()]
    found: list[Peak] = []
    for top in sorted(tops, key=lambda step: -share[step]):
        peak = Peak(float(times[top]), labels[leads[top]], float(share[top]))
        if all(
            one.label != peak.label or abs(one.time_s - peak.time_s) >= _PEAKS_APART_S
            for one in found
        ):
            found.append(peak)
    return found
