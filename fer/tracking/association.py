"""Pairs of rows and columns at the least total cost: the assignment problem.

SciPy has it too, in a package that takes 35 MB of a server's memory; a frame has a few faces.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def least_cost_pairs(costs: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Assign every row to a column of its own, or the reverse where columns are fewer.

    The Hungarian method with potentials and shortest augmenting paths (Jonker & Volgenant 1987).

    Args:
        costs: ``(n, m)`` finite float64.

    Returns:
        ``min(n, m)`` pairs ``(row, column)``, rows ascending, with the least possible sum of costs.
    """
    if costs.shape[0] > costs.shape[1]:
        return sorted((row, column) for column, row in least_cost_pairs(costs.T))
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
    return sorted((row, column) for column, row in enumerate(owner) if row >= 0)
