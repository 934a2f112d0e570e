import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from fer.tracking.association import least_cost_pairs


@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
    impossible=st.sampled_from([0.0, 0.3, 0.8, 1.0]),
)
def test_as_many_possible_pairs_as_scipy_finds_and_at_the_same_cost(
    rows: int, columns: int, seed: int, impossible: float
) -> None:
    draw = np.random.default_rng(seed)
    # Whole numbers tie.
    costs = draw.integers(0, 6, (rows, columns)).astype(float)
    costs[draw.random(costs.shape) < impossible] = np.inf
    pairs = least_cost_pairs(costs)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert pairs == sorted(pairs)
    dear = np.where(np.isfinite(costs), costs, 1e6)
    chosen = dear[linear_sum_assignment(dear)]
    assert len(pairs) == (chosen < 1e6).sum()
    assert sum(costs[pair] for pair in pairs) == pytest.approx(chosen[chosen < 1e6].sum())


def test_two_hundred_faces_are_assigned() -> None:
    costs = np.random.default_rng(0).random((200, 180))
    total = sum(costs[pair] for pair in least_cost_pairs(costs))
    assert total == pytest.approx(costs[linear_sum_assignment(costs)].sum())
