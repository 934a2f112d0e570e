"""A small sample of what ``benchmarks.fuzz_decoders`` and ``benchmarks.cold_run`` do at length."""

from pathlib import Path

import pandas as pd

from benchmarks import cold_run, fuzz_cases, fuzz_decoders


def test_hostile_files_are_read_or_refused_in_one_line_within_the_deadline() -> None:
    report = fuzz_decoders.fuzz(300, first=50_000)
    assert report.cases == 300
    assert not report.faults and not report.over_deadline and not report.ended
    # Both happen, or the sample would say nothing.
    assert report.read > 30 and report.refused > 30


def test_a_case_is_the_same_bytes_every_time() -> None:
    first = [fuzz_cases.case(number) for number in range(60)]
    assert first == [fuzz_cases.case(number) for number in range(60)]
    assert {kind for kind, _ in first} == {"picture", "archive", "video", "data.csv", "data.zip"}


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
