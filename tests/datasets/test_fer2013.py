from __future__ import annotations

import gzip
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer.datasets import fer2013, read_fer2013
from fer.datasets.fer2013 import MAX_LINE_BYTES, PIXELS, _BadRow, _parse_pixels
from fer.errors import DatasetError
from tests.datasets.conftest import assert_same

Rows = list[tuple[str, str, str]]
Write = Callable[..., Path]

GOOD = " ".join(["7"] * PIXELS)
REST = " 7" * (PIXELS - 1)

BAD_ROWS = [
    pytest.param(("0", GOOD[:-2], "Training"), "expected 2304 values.*got 2303", id="few pixels"),
    pytest.param(("0", GOOD + " 7", "Training"), "expected 2304 values.*got 2305", id="many"),
    pytest.param(("0", "", "Training"), "expected 2304 values.*got 0", id="no pixels"),
    pytest.param(("0", "256" + REST, "Training"), r"0\.\.255, got 256", id="pixel above 255"),
    pytest.param(("0", "-1" + REST, "Training"), r"0\.\.255, got '-1'", id="pixel below 0"),
    pytest.param(("0", "9" * 30 + REST, "Training"), r"0\.\.255, got", id="huge pixel"),
    pytest.param(("0", "abc" + REST, "Training"), "whole numbers.*got 'abc'", id="text"),
    pytest.param(("0", GOOD + " abc", "Training"), "whole numbers.*got 'abc'", id="text at end"),
    pytest.param(("0", "1.5" + REST, "Training"), r"whole numbers.*got '1\.5'", id="fraction"),
    pytest.param(("0", "1e2" + REST, "Training"), "whole numbers.*got '1e2'", id="exponent"),
    pytest.param(("0", "7\t7" + REST, "Training"), "whole numbers", id="tab between pixels"),
    pytest.param(("7", GOOD, "Training"), r"emotion: expected 0\.\.6, got '7'", id="label 7"),
    pytest.param(("-1", GOOD, "Training"), r"emotion: expected 0\.\.6, got '-1'", id="label -1"),
    pytest.param(("happy", GOOD, "Training"), "emotion: .*got 'happy'", id="label in words"),
    pytest.param(("0_3", GOOD, "Training"), "emotion: .*got '0_3'", id="underscore in label"),
    pytest.param(("", GOOD, "Training"), "emotion: .*got ''", id="no label"),
    pytest.param(("0", GOOD, "Holdout"), "Usage: expected one of .*got 'Holdout'", id="Usage"),
    pytest.param(("0", GOOD, ""), "Usage: expected one of .*got ''", id="no Usage"),
    pytest.param(("0", "7" * MAX_LINE_BYTES, "Training"), "line below 65,536", id="endless line"),
]


def test_rows_come_back_in_file_order(
    rows: Rows, faces: npt.NDArray[np.uint8], write_csv: Write
) -> None:
    dataset = read_fer2013(write_csv(rows))
    np.testing.assert_array_equal(dataset.images, faces)
    assert dataset.images.dtype == np.uint8
    assert dataset.labels.tolist() == [0, 3, 6, 1, 3, 5]
    assert dataset.splits.tolist() == [0, 0, 0, 0, 1, 2]
    assert dataset.rows is not None and dataset.rows.tolist() == [1, 2, 3, 4, 5, 6]
    assert (dataset.source, dataset.skipped) == ("fer2013.csv", 0)


def test_gzip_and_plain_are_equal_and_told_apart_by_content(
    rows: Rows, write_csv: Write, tmp_path: Path
) -> None:
    misnamed = tmp_path / "misnamed.csv"
    misnamed.write_bytes(write_csv(rows, "fer2013.csv.gz").read_bytes())
    for packed in (misnamed, tmp_path / "fer2013.csv.gz"):
        assert_same(read_fer2013(packed), read_fer2013(write_csv(rows)))


@pytest.mark.parametrize(
    "columns", [("Usage", "pixels", "emotion"), ("pixels", "emotion", "Usage")]
)
def test_columns_may_come_in_any_order(
    rows: Rows, write_csv: Write, columns: tuple[str, ...]
) -> None:
    expected = read_fer2013(write_csv(rows))
    assert_same(read_fer2013(write_csv(rows, "other.csv", columns)), expected)


def test_quotes_bom_blank_lines_and_windows_line_ends_do_not_matter(
    rows: Rows, write_csv: Write, tmp_path: Path
) -> None:
    quoted = [(label, f'"{pixels}"', split) for label, pixels, split in rows]
    text = write_csv(quoted, line_end="\r\n\r\n").read_bytes()
    path = tmp_path / "windows.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text)
    assert_same(read_fer2013(path), read_fer2013(write_csv(rows)))


@pytest.mark.parametrize(("bad", "fault"), BAD_ROWS)
def test_bad_row_is_named_with_its_fault_or_counted_and_left_out(
    rows: Rows, write_csv: Write, bad: tuple[str, str, str], fault: str
) -> None:
    path = write_csv([*rows[:2], bad, *rows[2:]])
    with pytest.raises(DatasetError, match=rf"^fer2013.csv, row 3: .*{fault}") as caught:
        read_fer2013(path)
    assert "\n" not in str(caught.value) and "--skip-bad" in str(caught.value)
    dataset = read_fer2013(path, skip_bad=True)
    expected = read_fer2013(write_csv(rows, "good.csv"))
    np.testing.assert_array_equal(dataset.images, expected.images)
    np.testing.assert_array_equal(dataset.labels, expected.labels)
    assert dataset.rows is not None and dataset.rows.tolist() == [1, 2, 4, 5, 6, 7]
    assert dataset.skipped == 1


def test_row_with_too_few_columns_is_bad(write_csv: Write, tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text(f"emotion,pixels,Usage\n0,{GOOD}\n")
    with pytest.raises(DatasetError, match=r"^short\.csv, row 1: .*3 columns, got 2"):
        read_fer2013(path)


def test_without_a_column_of_splits_every_row_is_of_training_and_said_so(
    rows: Rows, write_csv: Write
) -> None:
    dataset = read_fer2013(write_csv(rows, "train.csv", columns=("emotion", "pixels")))
    assert len(dataset.split("Training")) == len(rows)
    assert dataset.notes == ("There is no column Usage: all rows were taken as Training.",)


def test_pictures_without_labels_are_refused_by_name(rows: Rows, write_csv: Write) -> None:
    with pytest.raises(DatasetError, match=r"^test\.csv: expected labels beside the pixels"):
        read_fer2013(write_csv(rows, "test.csv", columns=("pixels",)))


@pytest.mark.parametrize("missing", ["emotion", "pixels"])
def test_missing_column_is_named(rows: Rows, write_csv: Write, missing: str) -> None:
    columns = [name for name in ("emotion", "pixels", "Usage") if name != missing]
    with pytest.raises(DatasetError, match=rf"^fer2013\.csv: .*'{missing}' is missing"):
        read_fer2013(write_csv(rows, columns=columns), skip_bad=True)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", r"^a\.csv: expected the columns .*got an empty file"),
        (b"emotion,pixels,Usage\n", r"^a\.csv: expected at least one good row"),
        (b"\x89PNG\r\n\xff\xfe\xfd", r"a\.csv: expected"),
        (None, r"a\.csv: expected .*found none; check the path"),
    ],
    ids=["empty", "header alone", "binary", "missing"],
)
def test_what_is_no_data_set_says_so(tmp_path: Path, content: bytes | None, fault: str) -> None:
    if content is not None:
        (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=fault):
        read_fer2013(tmp_path / "a.csv")
    with pytest.raises(DatasetError, match="expected a readable FER-2013 file"):
        read_fer2013(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "damaged"])
def test_broken_gzip_names_the_row_before_the_break(
    rows: Rows, write_csv: Write, damage: str
) -> None:
    path = write_csv(rows * 20, "fer2013.csv.gz")
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        del content[len(content) // 2 :]
    else:
        content[-8:-4] = b"\0\0\0\0"  # the checksum
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"^fer2013\.csv\.gz, after row \d+: expected a whole"):
        read_fer2013(path)
    dataset = read_fer2013(path, skip_bad=True)
    assert 0 < len(dataset) <= 120
    assert dataset.skipped == 1
    assert "damaged after row" in dataset.notes[0]


def test_gzip_that_breaks_before_the_first_row_is_an_error_even_when_skipping(
    rows: Rows, write_csv: Write
) -> None:
    path = write_csv(rows, "fer2013.csv.gz")
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(DatasetError, match="after row 0: expected a whole gzip file"):
        read_fer2013(path, skip_bad=True)


def test_small_gzip_of_one_endless_line_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"emotion,pixels,Usage\n")
        for _ in range(64):
            file.write(b"0" * 1_000_000)
    with pytest.raises(DatasetError, match=r"row 1: expected a line below 65,536 bytes"):
        read_fer2013(path)


def test_a_gzip_that_expands_beyond_reason_is_refused_on_the_way(
    rows: Rows, write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fer2013, "_RATIO_FROM", 100_000)
    monkeypatch.setattr(fer2013, "MAX_RATIO", 2)
    read_fer2013(write_csv(rows * 100, "plain.csv"))
    with pytest.raises(DatasetError, match="packed at most 2 to 1, got more"):
        read_fer2013(write_csv(rows * 100, "bomb.csv.gz"))


def test_more_rows_than_asked_for_are_refused(rows: Rows, write_csv: Write) -> None:
    path = write_csv(rows, "fer2013.csv")
    assert len(read_fer2013(path, most_rows=len(rows))) == len(rows)
    with pytest.raises(DatasetError, match="rows, got more; give its path"):
        read_fer2013(path, most_rows=len(rows) - 1)


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013.csv.gz"])
def test_progress_rises_to_one(rows: Rows, write_csv: Write, name: str) -> None:
    seen: list[float] = []
    read_fer2013(write_csv(rows * 100, name), progress=seen.append)
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert 0 <= seen[0] and seen[-1] == 1


@given(st.integers(0, PIXELS - 1), st.text("0123456789abc.+-_exn\t", max_size=6))
@settings(deadline=None, max_examples=200)
def test_a_pixel_is_taken_only_when_it_is_a_number_up_to_255(place: int, odd: str) -> None:
    parts = ["7"] * PIXELS
    parts[place] = odd
    text = " ".join(parts).encode()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if odd.isdigit() and int(odd) <= 255:
            assert _parse_pixels(text)[place] == int(odd)
        else:
            with pytest.raises(_BadRow):
                _parse_pixels(text)
