import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from fer.tracking.association import least_cost_pairs


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
def test_the_pairs_cost_as_little_as_scipys(rows: int, columns: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    # Whole numbers tie; the large ones are what the tracker calls impossible.
    costs = draw.integers(0, 6, (rows, columns)).astype(float)
    costs[draw.random(costs.shape) < 0.3] = 1e6
    pairs = least_cost_pairs(costs)
    assert len(pairs) == min(rows, columns)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert pairs == sorted(pairs)
    best = costs[linear_sum_assignment(costs)].sum()
    assert sum(costs[pair] for pair in pairs) == pytest.approx(best, abs=1e-6)


def test_two_hundred_faces_are_assigned() -> None:
    costs = np.random.default_rng(0).random((200, 180))
    total = sum(costs[pair] for pair in least_cost_pairs(costs))
    assert total == pytest.approx(costs[linear_sum_assignment(costs)].sum())
