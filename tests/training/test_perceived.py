"""What people see is joined from both heads by the votes, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from fer.evaluation.calibration import vote_calibration_error
from fer.labels import SEVEN_OF_FERPLUS
from fer.training.perceived import VOTE_ERROR, fit_perceived, join


def voters(n: int, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Heads of which only FER+'s knows what ten voters will say; votes drawn from it."""
    rng = np.random.default_rng(seed)
    known = rng.normal(0, 2, (n, 8))
    known[:, 7] -= 6
    shares = softmax(known, axis=1)
    votes = np.zeros((n, 10), np.uint8)
    votes[:, :8] = [rng.multinomial(10, row) for row in shares]
    return {"fer2013": rng.normal(0, 2, (n, 7)), "ferplus": 2 * known}, votes


def test_a_head_that_knows_nothing_gets_no_share_and_a_head_too_sure_a_temperature() -> None:
    logits, votes = voters(3000)
    joined = fit_perceived(logits, votes)
    assert joined.share == pytest.approx(0, abs=0.03)
    assert 1 < joined.temperature < 2
    assert joined.loss < joined.loss_held_out < joined.loss + 0.01
    assert (joined.n, sum(joined.prior)) == (3000, pytest.approx(1))


def test_the_other_head_gets_the_share_where_it_is_the_one_that_knows() -> None:
    logits, votes = voters(3000)
    swapped = {
        "fer2013": logits["ferplus"][:, list(SEVEN_OF_FERPLUS)],
        "ferplus": np.random.default_rng(1).normal(0, 2, (3000, 8)),
    }
    assert fit_perceived(swapped, votes).share > 0.9


def test_answers_are_sharpened_as_far_as_the_votes_allow() -> None:
    logits, votes = voters(3000)
    joined = fit_perceived(logits, votes)
    kept = np.where(votes > 1, votes, 0)[:, list(SEVEN_OF_FERPLUS)].astype(float)
    voted = kept.sum(axis=1) > 0
    shares = kept[voted] / kept[voted].sum(axis=1, keepdims=True)
    answers = softmax(join(joined, logits), axis=1)[voted]
    assert vote_calibration_error(answers, shares) == pytest.approx(VOTE_ERROR, abs=0.002)


def test_what_is_joined_does_not_depend_on_contempt() -> None:
    logits, votes = voters(200)
    joined = fit_perceived(logits, votes)
    other = {**logits, "ferplus": logits["ferplus"] + np.eye(8)[7] * 50}
    np.testing.assert_array_equal(join(joined, other), join(joined, logits))


def test_faces_that_all_voters_agree_on_are_no_reason_for_infinite_weights() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 60)
    votes = np.zeros((60, 10), np.uint8)
    votes[np.arange(60), np.asarray(SEVEN_OF_FERPLUS)[labels]] = 10
    sure = np.eye(7)[labels] * 5
    ferplus = np.zeros((60, 8))
    ferplus[:, list(SEVEN_OF_FERPLUS)] = sure
    joined = fit_perceived({"fer2013": sure, "ferplus": ferplus}, votes)
    assert np.isfinite(join(joined, {"fer2013": sure, "ferplus": ferplus})).all()
    assert joined.temperature > 0
