import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from fer import EmotionRecognizer
from fer.errors import InputError
from fer.media.job import AnalysisJob, Settings
from fer.media.sources import find_sources
from fer.media.unit_work import UnitWorker, WorkSettings, finish
from fer.media.units import Unit, cut
from fer.pictures.content import Kind


@pytest.fixture
def album(tmp_path: Path, astronaut_bgr: np.ndarray) -> Path:
    """Seven pictures: two equal ones, a blank and a broken one among them."""
    folder = tmp_path / "album"
    folder.mkdir()
    small = cv2.resize(astronaut_bgr[:280, 80:360], (160, 160))
    for index in range(5):
        picture = small.copy()
        picture[0, 0] = 30 * index
        cv2.imwrite(str(folder / f"p{index}.png"), picture)
    shutil.copy(folder / "p0.png", folder / "p4.png")
    cv2.imwrite(str(folder / "q.png"), np.full((50, 50, 3), 80, np.uint8))
    (folder / "r.jpg").write_bytes(b"text")
    return folder


@pytest.fixture(scope="module")
def worker_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parts")


@pytest.fixture(scope="module")
def worker(worker_folder: Path) -> UnitWorker:
    return UnitWorker(WorkSettings(worker_folder))


def result(folder: Path) -> pd.DataFrame:
    parts = sorted(folder.glob("part-*.parquet"))
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def test_units_together_give_the_same_rows_as_one_job(
    album: Path, tmp_path: Path, worker: UnitWorker, worker_folder: Path
) -> None:
    units = list(cut([album], size=2))
    assert [len(unit.sources) for unit in units] == [2, 2, 2, 1]
    for unit in units:
        worker.work(unit)
    parts = [worker_folder / f"{unit.name}.parquet" for unit in units]
    counts = finish(parts, tmp_path / "faces")

    still = EmotionRecognizer.load()
    job = AnalysisJob(
        list(find_sources([album])), tmp_path / "job", recognizer=still, settings=Settings()
    )
    list(job.run())
    job.write_table(tmp_path / "local.parquet")
    local = pd.read_parquet(tmp_path / "local.parquet")
    pd.testing.assert_frame_equal(result(tmp_path / "faces"), local)
    assert counts == local["status"].value_counts().to_dict()
    assert local["note"].str.contains("same bytes as").sum() == 1
    assert not (tmp_path / ".faces.partial").exists()


def test_a_unit_is_named_by_its_place_and_changes_with_its_files(album: Path) -> None:
    before = [unit.name for unit in cut([album], size=2)]
    assert before == sorted(before) == [unit.name for unit in cut([album], size=2)]
    os.utime(album / "p2.png", (1, 1))
    after = [unit.name for unit in cut([album], size=2)]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True, True]


def test_tables_of_paths_and_of_bytes_are_read_by_the_worker(album: Path, tmp_path: Path) -> None:
    files = sorted(album.iterdir())
    pd.DataFrame({"path": [*map(str, files), None]}).to_parquet(
        tmp_path / "paths.parquet", row_group_size=3
    )
    content = pd.DataFrame(
        {"name": [f.name for f in files], "bytes": [f.read_bytes() for f in files]}
    )
    content.to_parquet(tmp_path / "bytes.parquet")
    by_path = list(cut([tmp_path / "paths.parquet"]))
    assert len(by_path) == 3 and not any(unit.sources for unit in by_path)
    sources = [source for unit in by_path for source in unit.read()]
    # The last of them is no picture.
    assert [source.path for source in sources[:-1]] == [*files[:-1], None]
    assert sources[-1].kind is Kind.refused
    (unit,) = cut([tmp_path / "bytes.parquet"])
    assert [source.read() for source in unit.read()] == [file.read_bytes() for file in files]


def test_what_is_named_twice_is_one_unit(album: Path, tmp_path: Path) -> None:
    table = tmp_path / "paths.parquet"
    pd.DataFrame({"path": ["a.png"]}).to_parquet(table)
    given = [album, table, album / "q.png", str(table), album]
    assert len(list(cut(given))) == len(list(cut([album, table]))) == 2


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"path": []}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="expected a Parquet table with rows"):
        list(cut([tmp_path / "a.parquet"]))


def test_a_table_without_paths_or_bytes_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"text")
    for name in ("a.parquet", "b.parquet"):
        with pytest.raises(InputError, match="expected a"):
            list(cut([tmp_path / name]))


def test_nothing_is_left_when_a_part_cannot_be_written(album: Path, tmp_path: Path) -> None:
    worker = UnitWorker(WorkSettings(tmp_path / "no" / "such" / "folder"))
    with pytest.raises(InputError, match="can be written"):
        worker.work(Unit("00000000-x", tuple(find_sources([album / "q.png"]))))
    assert not (tmp_path / "no").exists()
