import numpy as np
import pytest

from fer.video.peaks import Peak, peaks_of


@pytest.mark.parametrize(
    ("happy", "expected"),
    [
        pytest.param([0.2, 0.7, 0.9, 0.8, 0.1], [(2, 0.9)], id="the top of a stretch"),
        pytest.param([0.9, 0.1, 0.8, 0.1, 0.1], [(0, 0.9)], id="no second one close by"),
        pytest.param([0.8, 0.1, 0.1, 0.1, 0.9], [(4, 0.9), (0, 0.8)], id="strongest first"),
        pytest.param([np.nan, 0.6, np.nan, np.nan, 0.4], [(1, 0.6)], id="away, and too little"),
        pytest.param([], [], id="nobody"),
    ],
)
def test_a_peak_is_where_an_emotion_is_strongest(
    happy: list[float], expected: list[tuple[int, float]]
) -> None:
    rows = np.array([[value, 1 - value] for value in happy]).reshape(-1, 2)
    found = peaks_of(np.arange(len(happy)) * 0.4, rows, ("happy", "neutral"))
    assert found == [Peak(step * 0.4, "happy", share) for step, share in expected]
