from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer.tracking.association import least_cost_pairs


@given(
    rows=st.integers(1, 5),
    columns=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
    impossible=st.sampled_from([0.0, 0.3, 0.8, 1.0]),
)
def test_as_many_possible_pairs_as_there_can_be_at_the_least_cost(
    rows: int, columns: int, seed: int, impossible: float
) -> None:
    draw = np.random.default_rng(seed)
    # Whole numbers tie.
    costs = draw.integers(0, 6, (rows, columns)).astype(float)
    costs[draw.random(costs.shape) < impossible] = np.inf
    pairs = least_cost_pairs(costs)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert pairs == sorted(pairs)
    # Every way there is, on a square table.
    side = max(rows, columns)
    square = np.full((side, side), np.inf)
    square[:rows, :columns] = costs
    ways = [square[range(side), way] for way in permutations(range(side))]
    fewest, least = min((np.isinf(way).sum(), way[np.isfinite(way)].sum()) for way in ways)
    assert len(pairs) == side - fewest
    assert sum(costs[pair] for pair in pairs) == pytest.approx(least)
