"""Pairs of rows and columns at the least total cost: the assignment problem with a gate.

SciPy has it too, in a package that takes 35 MB of a server's memory; a frame has a few faces.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_NEVER = 1e6


def least_cost_pairs(costs: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """As many pairs as can be, each row and column in one at most, at the least sum of costs.

    Where every row can have the column that suits it best, as of faces that do not crowd each
    other, nothing is searched; else those who compete are sorted out among themselves.

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
    pairs = []
    for group, columns in _groups(possible):
        part = costs[np.ix_(group, columns)]
        pairs += [
            (group[i], columns[j])
            for i, j in _hungarian(np.where(np.isfinite(part), part, _NEVER))
            if math.isfinite(part[i, j])
        ]
    return sorted(pairs)


def _groups(possible: npt.NDArray[np.bool_]) -> list[tuple[list[int], list[int]]]:
    """Rows and columns that are linked by possible pairs."""
    left, groups = set(np.flatnonzero(possible.any(axis=1)).tolist()), []
    while left:
        rows: npt.NDArray[np.bool_] = np.zeros(len(possible), np.bool_)
        rows[left.pop()] = True
        while True:
            columns = possible[rows].any(axis=0)
            more = np.asarray(possible[:, columns].any(axis=1))
            if (more == rows).all():
                break
            rows = more
        members = np.flatnonzero(rows).tolist()
        left.difference_update(members)
        groups.append((members, np.flatnonzero(columns).tolist()))
    return groups


def _hungarian(costs: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Every row with a column of its own, or the reverse where columns are fewer.

    The Hungarian method with potentials and shortest augmenting paths (Jonker & Volgenant 1987).
    """
    if costs.shape[0] > costs.shape[1]:
        return [(row, column) for column, row in _hungarian(costs.T)]
    rows, columns = costs.shape
    table = costs.tolist()
    row_price, column_price = [0.0] * rows, [0.0] * columns
    owner = [-1] * columns  # the row of each column
    for start in range(rows):
        # Dijkstra from a free row to the nearest free column, over costs reduced by the prices.
        distance, before = [math.inf] * columns, [-1] * columns
        open_columns = set(range(columns))
        row, reached, last = start, 0.0, -1
        closed: list[int] = []
        while True:
            for column in open_columns:
                length = reached + table[row][column] - row_price[row] - column_price[column]
                if length < distance[column]:
                    distance[column], before[column] = length, last
            last = min(open_columns, key=distance.__getitem__)
            reached = distance[last]
            if owner[last] < 0:
                break
            open_columns.remove(last)
            closed.append(last)
            row = owner[last]
        row_price[start] += reached
        for column in closed:
            row_price[owner[column]] += reached - distance[column]
            column_price[column] -= reached - distance[column]
        # Everybody on the path moves over by one, which frees a place for the first.
        while last >= 0:
            previous = before[last]
            owner[last] = start if previous < 0 else owner[previous]
            last = previous
    return [(row, column) for column, row in enumerate(owner) if row >= 0]
