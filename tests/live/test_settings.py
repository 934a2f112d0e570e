from itertools import pairwise

from fer import SearchSettings
from fer.live.settings import SENSITIVITIES, LiveSettings


def test_the_controls_start_with_the_detectors_own_settings() -> None:
    assert LiveSettings().search_settings() == SearchSettings(min_face=40)


def test_every_step_of_sensitivity_asks_for_less_proof() -> None:
    steps = [LiveSettings(sensitivity=name).search_settings() for name in SENSITIVITIES]
    for before, after in pairwise(steps):
        assert after.min_score < before.min_score


def test_the_smallest_face_reaches_the_detector() -> None:
    assert LiveSettings(min_face=64).search_settings().min_face == 64
