"""Pairs of rows and columns at the least total cost: the assignment problem with a gate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_NEVER = 1e6


def least_cost_pairs(costs: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """As many pairs as can be, each row and column in one at most, at the least sum of costs.

    Args:
        costs: ``(n, m)`` float64, much less than 1e6; infinite where a pair is impossible.

    Returns:
        Pairs ``(row, column)``, rows ascending.
    """
    possible = np.isfinite(costs)
    rows = np.flatnonzero(possible.any(axis=1))
    if not rows.size:
        return []
    best = costs[rows].argmin(axis=1)
    if np.unique(best).size == rows.size:
        return list(zip(rows.tolist(), best.tolist(), strict=True))
    # Only faces that crowd each other come here: a stream does without these 35 MB until then.
    from scipy.optimize import linear_sum_assignment

    chosen = zip(*linear_sum_assignment(np.where(possible, costs, _NEVER)), strict=True)
    return [(int(row), int(column)) for row, column in chosen if possible[row, column]]
