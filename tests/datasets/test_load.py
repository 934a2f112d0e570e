from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer.datasets import cache_directory, open_dataset
from fer.errors import DatasetError

Rows = list[tuple[str, str, str]]
Write = Callable[..., Path]

SPLITS = ["Training"] * 4 + ["PublicTest", "PrivateTest"]
VOTES = [[place, 10 - place, 0, 0, 0, 0, 0, 0, 0, 0] for place in range(6)]


def test_file_and_its_folder_are_the_same_data_set(rows: Rows, write_csv: Write) -> None:
    path = write_csv(rows)
    np.testing.assert_array_equal(open_dataset(path).images, open_dataset(path.parent).images)
    assert open_dataset(str(path.parent)).source == "fer2013.csv"


def test_csv_goes_before_class_folders(
    rows: Rows, write_csv: Write, write_picture: Write, tmp_path: Path
) -> None:
    write_picture(tmp_path / "happy" / "1.png")
    assert len(open_dataset(tmp_path)) == 1
    write_csv(rows)
    assert len(open_dataset(tmp_path)) == 6


def test_cache_is_used_unless_told(rows: Rows, write_csv: Write) -> None:
    path = write_csv(rows)
    assert not isinstance(open_dataset(path, use_cache=False).images, np.memmap)
    assert not cache_directory().exists()
    assert isinstance(open_dataset(path).images, np.memmap)


def test_votes_are_attached_row_by_row(rows: Rows, write_csv: Write, write_votes: Write) -> None:
    dataset = open_dataset(write_csv(rows), ferplus=write_votes(VOTES, SPLITS))
    assert dataset.votes is not None
    assert dataset.votes.tolist() == VOTES


def test_votes_stay_with_their_images_when_rows_are_skipped(
    rows: Rows, write_csv: Write, write_votes: Write
) -> None:
    rows[1] = ("9", *rows[1][1:])
    dataset = open_dataset(write_csv(rows), ferplus=write_votes(VOTES, SPLITS), skip_bad=True)
    assert dataset.votes is not None
    assert dataset.votes.tolist() == VOTES[:1] + VOTES[2:]


@pytest.mark.parametrize(
    ("votes", "splits", "fault"),
    [
        (VOTES, SPLITS[::-1], r"^fer2013new\.csv: .*got PrivateTest where image 1 is Training"),
        (VOTES[:5], SPLITS[:5], r"expected 6 rows, one per image of fer2013\.csv, got 5"),
    ],
    ids=["another order", "another file"],
)
def test_votes_that_do_not_fit_are_refused(
    rows: Rows,
    write_csv: Write,
    write_votes: Write,
    votes: list[list[int]],
    splits: list[str],
    fault: str,
) -> None:
    with pytest.raises(DatasetError, match=fault):
        open_dataset(write_csv(rows), ferplus=write_votes(votes, splits))


def test_votes_for_class_folders_are_refused(
    tmp_path: Path, write_picture: Write, write_votes: Write
) -> None:
    write_picture(tmp_path / "tree" / "happy" / "1.png")
    with pytest.raises(DatasetError, match="whose row order FER\\+ votes follow"):
        open_dataset(tmp_path / "tree", ferplus=write_votes(VOTES, SPLITS))


def test_missing_path_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere: expected .*check the path"):
        open_dataset(tmp_path / "nowhere")
