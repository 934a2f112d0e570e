"""What a whole analysis makes of what an earlier run has left."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from fer import EmotionRecognizer
from fer.detection.base import SearchSettings
from fer.detection.detector import load_detector
from fer.errors import InputError
from fer.media.job import AnalysisJob, Settings
from fer.media.sources import find_sources
from fer.pictures.reading import encode_png
from fer.video import VideoJob


@pytest.fixture(scope="module")
def still() -> EmotionRecognizer:
    return EmotionRecognizer.load()


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Four pictures without a face."""
    folder = tmp_path / "album"
    folder.mkdir()
    for index in range(4):
        picture = encode_png(np.full((40, 40, 3), 20 * index, np.uint8))
        (folder / f"{index}.png").write_bytes(picture)
    return folder


def stopped(folder: Path, paths: Sequence[Path], still: EmotionRecognizer, after: int) -> None:
    """A job that has done so many pictures and then ended."""
    sources = list(find_sources(paths))
    job = AnalysisJob(sources, folder, recognizer=still, settings=Settings())
    assert len(list(islice(job.run(), after))) == after
    job._journal.close()


def told(folder: Path, paths: Sequence[Path], still: EmotionRecognizer) -> list[tuple[str, str]]:
    """Name and status of the rows of the job that goes on."""
    sources = list(find_sources(paths))
    job = AnalysisJob(sources, folder, recognizer=still, settings=Settings(), resume=True)
    list(job.run())
    rows = [row for block in job.row_blocks() for row in block]
    assert job.done == len(job.sources)
    job.close()
    return [(Path(str(row["source"])).name, str(row["status"])) for row in rows]


def test_a_job_with_a_picture_that_is_named_twice_goes_on(
    album: Path, tmp_path: Path, still: EmotionRecognizer
) -> None:
    paths = [album, album / "1.png"]
    stopped(tmp_path / "job", paths, still, 3)
    names = [f"{index}.png" for index in range(4)]
    assert told(tmp_path / "job", paths, still) == [(name, "no face") for name in names]


def test_of_a_file_that_changed_between_the_runs_only_the_new_row_is_there(
    album: Path, tmp_path: Path, still: EmotionRecognizer
) -> None:
    stopped(tmp_path / "job", [album], still, 2)
    (album / "0.png").write_text("no picture any more")
    rows = told(tmp_path / "job", [album], still)
    assert sorted(rows) == [
        ("0.png", "error"),
        *((f"{index}.png", "no face") for index in (1, 2, 3)),
    ]


def test_a_file_that_changes_during_a_run_still_has_its_row(
    album: Path, tmp_path: Path, still: EmotionRecognizer
) -> None:
    sources = list(find_sources([album]))
    job = AnalysisJob(sources, tmp_path / "job", recognizer=still, settings=Settings())
    os.utime(album / "3.png", (1, 1))
    list(job.run())
    assert sum(map(len, job.row_blocks())) == 4
    job.close()


def test_what_another_call_has_left_is_not_in_the_table(
    album: Path, tmp_path: Path, still: EmotionRecognizer
) -> None:
    (tmp_path / "others").mkdir()
    shutil.copy(album / "0.png", tmp_path / "others" / "other.png")
    stopped(tmp_path / "job", [album], still, 3)
    assert told(tmp_path / "job", [tmp_path / "others"], still) == [("other.png", "no face")]


OTHERS = [
    {"detector": load_detector("cascade")},
    {"detector": load_detector("blazeface", SearchSettings(min_face=60))},
    {"detector": load_detector("blazeface", SearchSettings(min_score=0.8))},
    {"threshold": 0.99},
    {"max_faces": 1},
]
NAMES = ["detector", "smallest face", "score", "threshold", "most faces"]


@pytest.mark.parametrize("other", OTHERS, ids=NAMES)
def test_a_job_does_not_go_on_with_another_way_to_find_and_read_faces(
    album: Path, tmp_path: Path, still: EmotionRecognizer, other: dict[str, object]
) -> None:
    stopped(tmp_path / "job", [album], still, 1)
    with pytest.raises(InputError, match="with the same model, detector and options"):
        told(tmp_path / "job", [album], replace(still, **other))  # type: ignore[arg-type]
    assert len(told(tmp_path / "job", [album], still)) == 4


@pytest.mark.parametrize("other", OTHERS, ids=NAMES)
def test_nor_does_a_job_of_one_video(
    tmp_path: Path, still: EmotionRecognizer, other: dict[str, object]
) -> None:
    film = tmp_path / "film.mp4"
    film.touch()
    VideoJob(film, tmp_path / "job", still)
    with pytest.raises(InputError, match="found one of another"):
        VideoJob(film, tmp_path / "job", replace(still, **other))  # type: ignore[arg-type]
    VideoJob(film, tmp_path / "job", still)
