import json
from pathlib import Path

import pandas as pd
import pytest

from fer import Box, FaceEmotion
from fer.errors import InputError
from fer.export.schema import SourceResult, check_output, to_csv, to_frame, to_rows
from fer.export.tables import TableWriter
from fer.results import Reader

LABELS = ("sad", "happy")
FACE = FaceEmotion(Box(1, 2, 30, 40), "happy", 0.75, {"sad": 0.25, "happy": 0.75}, 4.5, 1)


def rows(results: list[SourceResult]) -> list[dict[str, object]]:
    return to_rows(results, Reader("xs", "1", "perceived", LABELS))


EXAMPLE = rows([SourceResult("")])[0]
ROWS = rows(
    [
        SourceResult("empty.png"),
        SourceResult("=cmd()\n.png", reason='"quoted", <b>'),
        *(SourceResult("clip.mp4", (FACE,), time_s=index / 30) for index in range(5)),
    ]
)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".parquet"])
@pytest.mark.parametrize("chunk", [1, 2, 1000])
@pytest.mark.parametrize("content", [ROWS, []], ids=["rows", "no rows"])
def test_rows_written_bit_by_bit_are_the_table_written_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    chunk: int,
    content: list[dict[str, object]],
) -> None:
    monkeypatch.setattr("fer.export.tables._CHUNK", chunk)
    path = tmp_path / f"table{suffix}"
    with TableWriter(path, EXAMPLE) as table:
        for row in content:
            table.write([row])
        assert not path.exists()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if suffix == ".json":
        assert path.read_text() == json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    elif suffix == ".jsonl":
        assert [json.loads(line) for line in path.read_text().splitlines()] == content
    elif suffix == ".parquet":
        expected = to_frame(content) if content else to_frame([EXAMPLE]).iloc[:0]
        pd.testing.assert_frame_equal(pd.read_parquet(path), expected)
    else:
        header = to_csv([EXAMPLE]).split("\r\n", 1)[0] + "\r\n"
        assert path.read_bytes().decode() == (to_csv(content) if content else header)


def test_after_an_error_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), TableWriter(tmp_path / "table.csv", EXAMPLE) as table:
        table.write(ROWS)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_older_table_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text("old")
    with pytest.raises(RuntimeError), TableWriter(path, EXAMPLE) as table:
        table.write(ROWS)
        raise RuntimeError
    assert path.read_text() == "old"
    with TableWriter(path, EXAMPLE) as table:
        table.write(ROWS)
    assert [json.loads(line) for line in path.read_text().splitlines()] == ROWS


def test_a_bad_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="existing folder"):
        TableWriter(tmp_path / "gone" / "table.csv", EXAMPLE)
    (tmp_path / "table.csv").mkdir()
    with pytest.raises(InputError, match="expected a place that can be written"):
        with TableWriter(tmp_path / "table.csv", EXAMPLE) as table:
            table.write(ROWS)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize(("name", "got"), [("a.xlsx", ".xlsx"), ("a", "no suffix")])
def test_an_unknown_suffix_is_refused(tmp_path: Path, name: str, got: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: expected a name ending in \.csv.*got {got}"):
        check_output(tmp_path / name)
