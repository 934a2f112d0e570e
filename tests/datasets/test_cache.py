from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer.datasets import FaceDataset, cache_directory, read_cached, read_fer2013
from fer.datasets import cache as cache_module
from fer.errors import DatasetError
from tests.datasets.conftest import assert_same

Rows = list[tuple[str, str, str]]
Write = Callable[..., Path]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were really parsed."""
    seen: list[Path] = []

    def read(path: Path, **options: bool) -> FaceDataset:
        seen.append(path)
        return read_fer2013(path, **options)

    monkeypatch.setattr(cache_module, "read_fer2013", read)
    return seen


def entries() -> list[Path]:
    return sorted(cache_directory().iterdir())


@pytest.mark.parametrize("skip_bad", [False, True])
def test_later_read_equals_the_first_and_parses_nothing(
    rows: Rows,
    write_csv: Write,
    reads: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    skip_bad: bool,
) -> None:
    if skip_bad:
        rows = [("9", "", ""), *rows]
    path = write_csv(rows, "fer2013.csv.gz")
    expected = read_fer2013(path, skip_bad=skip_bad)
    monkeypatch.chdir(path.parent)
    for given in (path, path, path.name):
        assert_same(read_cached(given, skip_bad=skip_bad), expected)
    assert len(reads) == 1


def test_images_are_a_read_only_memory_map_of_a_plain_file(rows: Rows, write_csv: Write) -> None:
    path = write_csv(rows)
    for _ in range(2):
        images = read_cached(path).images
        assert isinstance(images, np.memmap)
        assert images.mode == "r"
        with pytest.raises(ValueError, match="read-only"):
            images[0, 0, 0] = 1
    (entry,) = entries()
    np.testing.assert_array_equal(np.load(entry / "images.npy"), images)


@pytest.mark.parametrize("change", ["size", "time"])
def test_changed_file_is_read_again(
    rows: Rows, write_csv: Write, reads: list[Path], change: str
) -> None:
    path = write_csv(rows)
    read_cached(path)
    if change == "size":
        write_csv(rows[:4])
    else:
        status = path.stat()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))
    assert_same(read_cached(path), read_fer2013(path))
    assert len(reads) == 2


def test_same_content_elsewhere_and_other_options_have_their_own_entries(
    rows: Rows, write_csv: Write, reads: list[Path]
) -> None:
    for name in ("a.csv", "b.csv"):
        path = write_csv(rows, name)
        assert read_cached(path).source == name
    read_cached(path, skip_bad=True)
    assert len(reads) == len(entries()) == 3


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "garbled": lambda path: path.write_bytes(b"rubbish"),
    "blank": lambda path: path.write_bytes(b""),
    "removed": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "rows.npy", "meta.json"])
def test_damaged_entry_is_replaced_with_a_warning(
    rows: Rows,
    write_csv: Write,
    reads: list[Path],
    caplog: pytest.LogCaptureFixture,
    name: str,
    damage: str,
) -> None:
    path = write_csv(rows)
    expected = read_fer2013(path)
    read_cached(path)
    DAMAGES[damage](entries()[0] / name)
    with caplog.at_level(logging.WARNING, "fer"):
        assert_same(read_cached(path), expected)
    assert "damaged cache entry" in caplog.text
    assert_same(read_cached(path), expected)
    assert len(reads) == 2


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("labels", np.full(6, 7, np.int8)),
        ("splits", np.full(6, -1, np.int8)),
        ("labels", np.zeros(6, np.int64)),
        ("labels", np.zeros(5, np.int8)),
        ("images", np.zeros((6, 32, 32), np.uint8)),
    ],
)
def test_entry_with_impossible_arrays_is_replaced(
    rows: Rows, write_csv: Write, name: str, array: np.ndarray
) -> None:
    path = write_csv(rows)
    read_cached(path)
    np.save(entries()[0] / f"{name}.npy", array)
    assert_same(read_cached(path), read_fer2013(path))


def test_cache_that_cannot_be_written_is_no_error(
    rows: Rows,
    write_csv: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "file"))
    path = write_csv(rows)
    with caplog.at_level(logging.WARNING, "fer"):
        assert_same(read_cached(path), read_fer2013(path))
    assert "could not cache fer2013.csv" in caplog.text


def test_interrupted_write_leaves_no_entry(
    rows: Rows, write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    path = write_csv(rows)
    monkeypatch.setattr(np, "save", full_disk)
    assert_same(read_cached(path), read_fer2013(path))
    assert entries() == []


def test_entry_that_another_session_wrote_meanwhile_is_taken(
    rows: Rows, write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(rows)
    read_cached(path)
    (entry,) = entries()
    other = entry.with_name("other")
    entry.rename(other)
    rename = Path.rename

    def slower(self: Path, target: Path) -> Path:
        shutil.copytree(other, entry)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", slower)
    assert isinstance(read_cached(path).images, np.memmap)
    assert entries() == sorted([entry, other])


def test_file_that_changes_while_it_is_read_is_not_cached(
    rows: Rows, write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(rows)

    def read(path: Path, **options: bool) -> FaceDataset:
        dataset = read_fer2013(path, **options)
        write_csv(rows[:3])
        return dataset

    monkeypatch.setattr(cache_module, "read_fer2013", read)
    assert len(read_cached(path)) == 6
    assert not cache_directory().exists()


def test_only_the_newest_entries_are_kept(rows: Rows, write_csv: Write) -> None:
    for number in range(cache_module.KEEP + 2):
        read_cached(write_csv(rows, f"{number}.csv"))
    assert len(entries()) == cache_module.KEEP


def test_what_a_killed_session_left_is_removed(rows: Rows, write_csv: Write) -> None:
    left = cache_directory() / ".writing-old"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    read_cached(write_csv(rows))
    assert not left.exists()


def test_bad_rows_are_reported_and_nothing_is_cached(rows: Rows, write_csv: Write) -> None:
    with pytest.raises(DatasetError, match="row 7"):
        read_cached(write_csv([*rows, ("9", "", "")]))
    assert not cache_directory().exists()


def test_progress_ends_at_one_on_a_hit(rows: Rows, write_csv: Write) -> None:
    path = write_csv(rows)
    read_cached(path)
    seen: list[float] = []
    read_cached(path, progress=seen.append)
    assert seen == [1]


def test_cache_folder_is_the_users_unless_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "mine"))
    assert cache_directory() == tmp_path / "mine" / "datasets"
    monkeypatch.delenv("FER_CACHE")
    assert "fer-dashboard" in cache_directory().parts
