from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fer.datasets import (
    argmax_labels,
    majority_labels,
    not_a_face,
    read_ferplus,
    vote_distribution,
)
from fer.datasets.ferplus import (
    VOTE_COLUMNS,
    drop_single_votes,
    seven_labels,
    seven_shares,
)
from fer.errors import DatasetError
from fer.labels import FER2013, FERPLUS

Write = Callable[..., Path]

# neutral happy surprise sad angry disgust fear contempt unknown NF
CASES = [
    pytest.param([4, 0, 0, 1, 3, 2, 0, 0, 0, 0], -1, 0, id="4 of 9 is no majority"),
    pytest.param([6, 0, 1, 1, 0, 0, 0, 0, 2, 0], 0, 0, id="single votes are dropped"),
    pytest.param([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], -1, 0, id="half is not more than half"),
    pytest.param([4, 1, 1, 1, 1, 1, 1, 0, 0, 0], 0, 0, id="majority of what remains"),
    pytest.param([0, 0, 0, 0, 0, 0, 0, 10, 0, 0], 7, 7, id="contempt"),
    pytest.param([0, 2, 0, 0, 0, 0, 0, 0, 8, 0], -1, -1, id="unknown"),
    pytest.param([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], -1, -1, id="not a face"),
    pytest.param([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], -1, 0, id="only single votes"),
    pytest.param([0] * 10, -1, -1, id="no vote"),
]

vote_rows = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 8), st.just(10)), elements=st.integers(0, 10)
)


@pytest.mark.parametrize(("votes", "majority", "argmax"), CASES)
def test_labels_follow_the_protocol(votes: list[int], majority: int, argmax: int) -> None:
    array = np.array([votes], np.uint8)
    assert majority_labels(array).tolist() == [majority]
    assert argmax_labels(array).tolist() == [argmax]


def test_single_votes_are_set_to_zero() -> None:
    assert drop_single_votes(np.array([[0, 1, 2, 10]], np.uint8)).tolist() == [[0, 0, 2, 10]]


def test_not_a_face_needs_more_than_half() -> None:
    votes = np.zeros((2, 10), np.uint8)
    votes[:, 9] = (5, 6)
    votes[:, 0] = (5, 4)
    assert not_a_face(votes).tolist() == [False, True]


def test_distribution_shares_the_emotion_votes() -> None:
    votes = np.array([[6, 2, 1, 0, 0, 0, 0, 0, 1, 0], [0] * 9 + [10]], np.uint8)
    shares, weight = vote_distribution(votes)
    np.testing.assert_allclose(shares[0], [0.75, 0.25, 0, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(shares[1], 1 / 8)
    assert weight.tolist() == [1, 0]
    assert shares.dtype == weight.dtype == np.float32


@given(vote_rows)
@settings(deadline=None)
def test_a_majority_is_always_the_largest_vote(votes: npt.NDArray[np.uint8]) -> None:
    majority = majority_labels(votes)
    kept = majority >= 0
    np.testing.assert_array_equal(majority[kept], argmax_labels(votes)[kept])


@given(vote_rows)
@settings(deadline=None)
def test_distributions_sum_to_one(votes: npt.NDArray[np.uint8]) -> None:
    np.testing.assert_allclose(vote_distribution(votes)[0].sum(axis=1), 1, rtol=1e-5)


def test_votes_are_read_in_file_order(write_votes: Write) -> None:
    votes = [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0], [0] * 9 + [10]]
    path = write_votes(votes, ["Training", "PrivateTest"])
    read, codes = read_ferplus(path)
    assert read.tolist() == votes and read.dtype == np.uint8
    assert codes is not None and codes.tolist() == [0, 2]


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    path.write_text(",".join(reversed(VOTE_COLUMNS)) + "\n0,1,2,3,4,5,6,7,8,9\n")
    votes, codes = read_ferplus(path)
    assert votes.tolist() == [[9, 8, 7, 6, 5, 4, 3, 2, 1, 0]] and codes is None


def test_fields_beyond_the_header_shift_no_vote(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    path.write_text(",".join(VOTE_COLUMNS) + "\n" + "0,1,2,3,4,5,6,7,8,9,3\n" * 3)
    votes, _codes = read_ferplus(path)
    assert votes.tolist() == [list(range(10))] * 3


@pytest.mark.parametrize("bad", [["11"], ["-1"], ["1.5"], ["many"], [""], ["nan"], []])
def test_bad_vote_names_file_and_row(write_votes: Write, bad: list[str]) -> None:
    path = write_votes([[10] + [0] * 9, bad + [0] * 9], ["Training"] * 2)
    with pytest.raises(DatasetError, match=r"^fer2013new\.csv, row 2: expected whole votes"):
        read_ferplus(path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (",".join(VOTE_COLUMNS[:-1]).encode(), r"^votes\.csv: .*missing NF"),
        (",".join(VOTE_COLUMNS).encode(), r"^votes\.csv: expected"),
        (b"", r"^votes\.csv: expected"),
        (b"\xff\xfe\x00\x80", "expected a readable FER"),
        (None, "found no file; check the path"),
    ],
)
def test_a_file_without_votes_is_one_clear_line(
    tmp_path: Path, content: bytes | None, fault: str
) -> None:
    if content is not None:
        (tmp_path / "votes.csv").write_bytes(content + b"\n" * bool(content))
    with pytest.raises(DatasetError, match=fault):
        read_ferplus(tmp_path / "votes.csv")


def test_seven_classes_are_the_votes_without_contempt_in_fer2013s_order() -> None:
    votes = np.zeros((4, 10), np.uint8)
    votes[0, [FERPLUS.index("sad"), FERPLUS.index("contempt")]] = 6, 4
    votes[1, FERPLUS.index("contempt")] = 10
    votes[2, [FERPLUS.index("happy"), FERPLUS.index("fear"), FERPLUS.index("angry")]] = 6, 3, 1
    votes[3, 8] = 10  # unknown
    labels = seven_labels(majority_labels(votes))
    assert labels.tolist() == [FER2013.index("sad"), -1, FER2013.index("happy"), -1]
    shares, voted = seven_shares(votes)
    assert voted.tolist() == [True, False, True, False]
    assert shares[0, FER2013.index("sad")] == 1
    # A single vote is dropped.
    assert shares[2, FER2013.index("angry")] == 0
    assert shares[2, FER2013.index("fear")] == pytest.approx(1 / 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
