import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer import Box, FaceEmotion
from fer.export.schema import (
    SCHEMA_VERSION,
    SourceResult,
    columns,
    to_csv,
    to_frame,
    to_rows,
)
from fer.export.tables import table_bytes
from fer.results import Reader

LABELS = ("sad", "happy")
READER = Reader("xs", "1", "perceived", LABELS)


def face(face_id: int = 0, emotion: str | None = "happy") -> FaceEmotion:
    return FaceEmotion(Box(1, 2, 30, 40), emotion, 0.75, {"sad": 0.25, "happy": 0.75}, 4.5, face_id)


RESULTS = [
    SourceResult("two, faces.jpg", (face(0), face(1, None))),
    SourceResult("landscape.jpg"),
    SourceResult("broken.jpg", reason="broken.jpg: expected a picture, got text"),
]


def rows(results: list[SourceResult] | None = None) -> list[dict[str, object]]:
    return to_rows(RESULTS if results is None else results, READER)


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (SourceResult("a", (face(),)), "ok"),
        (SourceResult("a"), "no face"),
        (SourceResult("a", reason="unreadable"), "error"),
        (SourceResult("a", (face(),), reason="cut short", partial=True), "partial"),
    ],
)
def test_status_says_what_came_of_an_input(result: SourceResult, status: str) -> None:
    assert result.status == status


def test_the_label_set_alone_decides_the_columns() -> None:
    rich = replace(face(), affect=(0.5, -0.2), points=((1.0, 2.0),) * 6, roll=3.0)
    results = [*RESULTS, SourceResult("rich.jpg", (rich,))]
    # Whatever a block of rows begins with.
    for one in results:
        assert list(rows([one])[0]) == list(columns(LABELS))
    assert {tuple(row) for row in rows(results)} == {tuple(columns(LABELS))}


def test_the_documentation_lists_every_column_in_order() -> None:
    text = Path("docs/results.md").read_text(encoding="utf-8")
    listed = [
        re.findall(r"`([^`]+)`", line.split("|")[1])
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    assert [name for names in listed for name in names] == list(columns(["<label>"]))
    assert f"version of these columns: {SCHEMA_VERSION}" in text


def test_a_held_face_says_where_it_was_and_claims_nothing() -> None:
    held = replace(face(3), measured=False, detection_score=None)
    alone, beside = rows([SourceResult("a.mp4", (held,)), SourceResult("b.mp4", (face(1), held))])[
        :2
    ]
    assert (alone["status"], alone["measured"], alone["face_id"]) == ("no face", False, 3)
    assert {alone[name] for name in ("emotion", "confidence", "p_happy", "detection_score")} == {
        None
    }
    assert (beside["status"], beside["measured"], beside["emotion"]) == ("ok", True, "happy")


def test_there_is_one_row_per_face_and_one_per_input_without() -> None:
    assert [(row["source"], row["status"], row["face_id"]) for row in rows()] == [
        ("two, faces.jpg", "ok", 0),
        ("two, faces.jpg", "ok", 1),
        ("landscape.jpg", "no face", None),
        ("broken.jpg", "error", None),
    ]
    assert {row["schema_version"] for row in rows()} == {SCHEMA_VERSION}
    assert {row["label_set"] for row in rows()} == {"perceived"}


def test_csv_holds_what_the_rows_hold() -> None:
    read = list(csv.DictReader(io.StringIO(to_csv(rows()))))
    assert [row["source"] for row in read] == [row["source"] for row in rows()]
    assert [row["face_id"] for row in read] == ["0", "1", "", ""]
    assert [row["p_happy"] for row in read] == ["0.75", "0.75", "", ""]
    assert [row["emotion"] for row in read] == ["happy", "", "", ""]
    assert [row["reading"] for row in read] == ["happy 75%", "unsure, happy 75%?", "", ""]
    assert read[3]["reason"] == "broken.jpg: expected a picture, got text"


# Many names to a table: making the table is what takes the time.
@settings(max_examples=12)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=8, max_size=24))
def test_csv_carries_any_file_name(names: list[str]) -> None:
    results = [SourceResult(name) for name in names]
    read = list(csv.DictReader(io.StringIO(to_csv(rows(results)), newline="")))
    assert [row["source"].removeprefix("'") for row in read] == [
        name.removeprefix("'") for name in names
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_name_that_a_spreadsheet_would_run_is_defused(start: str) -> None:
    result = SourceResult(f"{start}cmd|' /C calc'!A0.jpg", reason=f"{start}1+1")
    (read,) = csv.DictReader(io.StringIO(to_csv(rows([result])), newline=""))
    assert read["source"].startswith(f"'{start}")
    assert read["reason"].startswith(f"'{start}")


def test_frames_of_a_video_carry_their_time_and_pictures_none() -> None:
    frames = [SourceResult("clip.mp4", (face(),), time_s=time) for time in (0.0, 1 / 3)]
    table = to_frame(rows([*frames, SourceResult("a.jpg")]))
    assert table["time_s"].tolist() == [0.0, 0.333333, pd.NA]


def test_a_column_without_values_keeps_its_type() -> None:
    table = to_frame(rows([SourceResult("a.jpg")]))
    assert str(table["time_s"].dtype) == str(table["p_sad"].dtype) == "Float64"
    assert str(table["face_id"].dtype) == "Int64"
    assert str(table["emotion"].dtype) == "string"


def test_whole_numbers_stay_whole_beside_blanks() -> None:
    table = to_frame(rows())
    assert table["x"].tolist() == [1, 1, pd.NA, pd.NA]
    assert str(table["x"].dtype) == "Int64"


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".parquet"])
def test_names_with_bytes_that_are_no_text_can_be_written(suffix: str) -> None:
    # How Python names a Linux file whose name is no UTF-8.
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    named = rows([SourceResult(name, reason=f"{name}: unreadable")])
    content = table_bytes(suffix, named[0], [named])
    assert b"caf" in content
    assert content.count(b"dce9") >= 2
