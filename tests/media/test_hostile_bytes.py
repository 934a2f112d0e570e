"""A small sample of what ``benchmarks.fuzz_decoders`` and ``benchmarks.cold_run`` do at length."""

from pathlib import Path

import pandas as pd

from benchmarks import cold_run, fuzz_decoders


def test_mutated_files_are_read_or_refused_in_one_line() -> None:
    report = fuzz_decoders.fuzz(200, first=50_000)
    assert report.cases == 200
    assert report.faults == []
    # Both happen, or the sample would say nothing.
    assert report.read > 10 and report.refused > 10


def test_a_case_is_the_same_bytes_every_time() -> None:
    files = fuzz_decoders.seeds()
    first = [fuzz_decoders.case(number, files) for number in range(40)]
    assert first == [fuzz_decoders.case(number, files) for number in range(40)]
    assert {kind for kind, _data in first} == {"picture", "archive", "video"}


def test_a_folder_with_broken_pictures_gives_a_row_for_each_and_exit_code_one(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    # All ten ways to be broken, and all five formats whole.
    cold_run.generate(folder, 15, 10)
    code, _seconds = cold_run.run(folder, tmp_path / "faces.csv")
    table = pd.read_csv(tmp_path / "faces.csv")
    assert code == 1
    reasons = table[table["status"] == "error"]
    assert len(reasons) == 10 and reasons["reason"].str.contains("expected").all()
    assert table.loc[table["status"] != "error", "source"].nunique() == 5
    assert (reasons["source"].str.contains("broken")).all()
