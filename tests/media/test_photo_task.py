import csv
import io
import json
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer import EmotionRecognizer
from fer.media import decode_image
from fer.media.annotated_zip import zip_bytes, zip_parts
from fer.media.photo_task import PhotoTask, Upload


@pytest.fixture(scope="module")
def still() -> EmotionRecognizer:
    return EmotionRecognizer.load()


def png(image: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", image)[1])


@pytest.fixture
def portrait(astronaut_bgr: np.ndarray) -> bytes:
    return png(cv2.resize(astronaut_bgr[:280, 80:360], (210, 210), interpolation=cv2.INTER_AREA))


def zip_of(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def finished(batch: PhotoTask) -> PhotoTask:
    batch.wait(120)
    assert not batch.active and not batch.error
    return batch


def test_files_and_zips_are_read_in_order_with_duplicates_named(
    still: EmotionRecognizer, portrait: bytes
) -> None:
    batch = PhotoTask(still)
    grey = png(np.full((60, 60, 3), 99, np.uint8))
    batch.keep(
        [
            Upload("1", "one.png", portrait),
            Upload("2", "more.zip", zip_of(a__png=portrait, b__png=grey, c__png=b"text")),
        ]
    )
    photos = finished(batch).photos()
    assert [p.result.source for p in photos] == [
        "one.png",
        "more.zip/a.png",
        "more.zip/b.png",
        "more.zip/c.png",
    ]
    assert [p.result.status for p in photos] == ["ok", "ok", "no face", "error"]
    assert photos[1].result.note == "same bytes as one.png"
    shown = decode_image(photos[0].shown(100)).image_bgr
    assert max(shown.shape) == 100
    rows = list(csv.DictReader(io.StringIO(batch.table(".csv").decode())))
    assert len(rows) == len(json.loads(batch.table(".json"))) == 4
    with zipfile.ZipFile(io.BytesIO(zip_bytes(batch.annotated()))) as archive:
        names = archive.namelist()
        assert names == ["0001-one.jpg", "0002-a.jpg", "0003-b.jpg"]
        drawn = decode_image(archive.read(names[0])).image_bgr
    assert drawn.shape == (210, 210, 3)
    assert np.abs(drawn.astype(int) - decode_image(portrait).image_bgr).max() > 60
    batch.close()


def test_a_note_on_a_repeated_picture_names_one_that_is_there(
    still: EmotionRecognizer, portrait: bytes
) -> None:
    batch = PhotoTask(still)
    grey = png(np.full((60, 60, 3), 99, np.uint8))
    first, other = Upload("1", "a.png", portrait), Upload("2", "b.png", grey)
    again, twice = Upload("3", "c.png", portrait), Upload("4", "b.png", grey)
    batch.keep([first, other])
    finished(batch)
    batch.keep([other, again, twice])
    results = [photo.result for photo in finished(batch).photos()]
    assert [(one.source, one.note) for one in results] == [
        ("b.png", ""),
        ("c.png", ""),
        ("b.png", "same bytes as b.png"),
    ]
    batch.close()


def test_what_was_taken_out_is_forgotten_and_nothing_is_read_twice(
    still: EmotionRecognizer, portrait: bytes
) -> None:
    batch = PhotoTask(still)
    first, second = Upload("1", "a.png", portrait), Upload("2", "b.png", portrait[:-1] + b"x")
    batch.keep([first])
    before = finished(batch).photos()[0]
    batch.keep([first, second])
    both = finished(batch).photos()
    assert len(both) == 2 and both[0] is before
    batch.keep([second])
    (left,) = finished(batch).photos()
    assert left.result.source == "b.png"
    assert before.annotated is not None and not before.annotated.exists()
    assert batch.progress.total == 1


def test_a_cancelled_batch_keeps_what_is_done_and_goes_on(
    still: EmotionRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = PhotoTask(still)
    blank = png(np.full((40, 40, 3), 99, np.uint8))
    # The first result stops the batch, so that the test does not depend on speed.
    take: Callable[..., None] = batch.take

    def stop_after(*arguments: object) -> None:
        take(*arguments)
        # What is being read counts as well.
        assert batch.progress.total == 40
        batch.cancel()

    monkeypatch.setattr(batch, "take", stop_after)
    members = {f"p{index:02}__png": blank + bytes([index]) for index in range(40)}
    uploads = [Upload("1", "all.zip", zip_of(**members))]
    batch.keep(uploads)
    done = len(finished(batch).photos())
    assert 0 < done < 40 and batch.progress.total == 40
    # The page asks again and again; a cancelled batch stays as it is.
    batch.keep(uploads)
    assert not batch.active
    monkeypatch.setattr(batch, "take", take)
    batch.start()
    names = [photo.result.source for photo in finished(batch).photos()]
    assert names == [f"all.zip/p{index:02}.png" for index in range(40)]


def test_the_files_go_with_the_viewer(still: EmotionRecognizer, portrait: bytes) -> None:
    batch = PhotoTask(still)
    batch.keep([Upload("1", "a.png", portrait)])
    finished(batch)
    folder = batch._folder
    assert list(folder.iterdir())
    del batch
    assert not folder.exists()
    assert not [one for one in threading.enumerate() if one.name == "fer-work"]


def test_a_hostile_name_stays_inside_the_zip(still: EmotionRecognizer, portrait: bytes) -> None:
    batch = PhotoTask(still)
    batch.keep([Upload("1", '../../<b>"x\n.png', portrait)])
    finished(batch)
    with zipfile.ZipFile(io.BytesIO(zip_bytes(batch.annotated()))) as archive:
        (name,) = archive.namelist()
    assert "/" not in name and "<" not in name and "\n" not in name


def test_many_annotated_pictures_come_in_parts(tmp_path: Path) -> None:
    pictures = [tmp_path / f"{index}.jpg" for index in range(7)]
    for index, picture in enumerate(pictures):
        picture.write_bytes(bytes([index]) * (100 if index < 6 else 900))
    gone = tmp_path / "gone.jpg"
    parts = zip_parts([*pictures, gone], limit=250)
    assert [len(part) for part in parts] == [2, 2, 2, 1]
    assert [picture for part in parts for picture in part] == pictures
    with zipfile.ZipFile(io.BytesIO(zip_bytes([*parts[1], gone]))) as archive:
        assert archive.namelist() == ["2.jpg", "3.jpg"]
        assert archive.read("3.jpg") == bytes([3]) * 100
