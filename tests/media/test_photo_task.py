import csv
import io
import json
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer import EmotionRecognizer
from fer.export.schema import SourceResult
from fer.media.annotated_zip import zip_bytes, zip_parts
from fer.media.photo import Photo, Upload
from fer.media.photo_task import PhotoTask
from fer.overlay import OverlayStyle
from fer.pictures.reading import decode_image


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
    batch.add(
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
    rows = list(csv.DictReader(io.StringIO(batch.table(".csv").decode())))
    assert len(rows) == len(json.loads(batch.table(".json"))) == 4
    report = batch.report(faces=False).decode()
    assert "4 pictures" in report and "c.png" in report and "data:image" not in report
    assert "data:image/jpeg" in batch.report(faces=True).decode()
    with zipfile.ZipFile(io.BytesIO(zip_bytes(photos))) as archive:
        names = archive.namelist()
        assert names == ["0001-one.jpg", "0002-a.jpg", "0003-b.jpg"]
        drawn = decode_image(archive.read(names[0])).image_bgr
    # Twice its size, as the command writes a copy of so small a picture.
    assert drawn.shape[1] == 420
    batch.close()


def test_a_report_shows_no_face_where_two_pictures_have_one_name(
    still: EmotionRecognizer, portrait: bytes
) -> None:
    batch = PhotoTask(still)
    batch.add([Upload("1", "a.png", portrait), Upload("2", "a.png", portrait + b" ")])
    assert "data:image" not in finished(batch).report(faces=True).decode()
    batch.close()


def test_a_picture_is_drawn_at_any_size_with_points_and_in_another_label_set_without_a_search(
    still: EmotionRecognizer, portrait: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = PhotoTask(still)
    batch.add([Upload("1", "a.png", portrait)])
    (photo,) = finished(batch).photos()
    assert max(photo.pixels(100).shape) == 100
    plain = decode_image(photo.drawn(240)).image_bgr
    pointed = decode_image(photo.drawn(240, OverlayStyle(points=True))).image_bgr
    assert 0 < (np.abs(plain.astype(int) - pointed).max(axis=2) > 60).mean() < 0.1
    eight = EmotionRecognizer.load(labels="ferplus")
    (searched,) = eight.analyze(decode_image(portrait).image_bgr)
    monkeypatch.setattr(type(still.detector), "detect", None)
    batch.read_as(replace(still, classifier=eight.classifier, threshold=eight.threshold))
    (again,) = batch.photos()[0].result.faces
    assert again == searched and "contempt" in again.probabilities
    header = batch.table(".csv").decode().splitlines()[0]
    assert "p_contempt" in header


def test_a_note_on_a_repeated_picture_names_one_that_is_there(
    still: EmotionRecognizer, portrait: bytes
) -> None:
    batch = PhotoTask(still)
    grey = png(np.full((60, 60, 3), 99, np.uint8))
    first, other = Upload("1", "a.png", portrait), Upload("2", "b.png", grey)
    batch.add([first, other, Upload("3", "c.png", portrait), Upload("4", "b.png", grey)])
    batch.forget(finished(batch).photos()[0].number)
    results = [photo.result for photo in batch.photos()]
    assert [(one.source, one.note) for one in results] == [
        ("b.png", ""),
        ("c.png", ""),
        ("b.png", "same bytes as b.png"),
    ]
    batch.close()


def test_more_may_be_handed_in_and_what_is_taken_out_is_gone(
    still: EmotionRecognizer, portrait: bytes
) -> None:
    batch = PhotoTask(still)
    hostile = '../../<b>"x\n.png'
    first, second = Upload("1", "a.png", portrait), Upload("2", hostile, portrait[:-1] + b"x")
    batch.add([first])
    before = finished(batch).photos()[0]
    batch.add([first, second])
    both = finished(batch).photos()
    assert len(both) == 2 and both[0] is before
    batch.forget(before.number)
    (left,) = batch.photos()
    assert left.result.source == hostile
    assert before.picture is not None and not before.picture.exists()
    assert batch.progress.total == 1
    # It may be part of a ZIP that is being made.
    with zipfile.ZipFile(io.BytesIO(zip_bytes([before, left]))) as archive:
        assert archive.namelist() == ["0002-b_x.jpg"]


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
    batch.add([Upload("1", "all.zip", zip_of(**members))])
    done = len(finished(batch).photos())
    assert 0 < done < 40 and batch.progress.total == 40
    # The page asks again and again; a cancelled batch stays as it is.
    batch.add([])
    assert not batch.active
    monkeypatch.setattr(batch, "take", take)
    batch.start()
    names = [photo.result.source for photo in finished(batch).photos()]
    assert names == [f"all.zip/p{index:02}.png" for index in range(40)]


def test_a_batch_that_a_fault_has_ended_goes_on_with_what_was_under_way(
    still: EmotionRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = PhotoTask(still)
    take = batch.take

    def faulty(item: object, done: object) -> None:
        take(item, done)
        if item[0] == 3:
            raise RuntimeError("a fault")

    # The fault of the thread is not this test's.
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(batch, "take", faulty)
    uploads = [
        Upload(str(side), f"{side}.png", png(np.full((side, side, 3), 90, np.uint8)))
        for side in range(40, 52)
    ]
    batch.add(uploads)
    batch.wait(120)
    assert "a fault" in batch.error
    assert (batch.progress.done, batch.progress.total) == (3, 12)
    batch.start()
    assert [photo.number for photo in finished(batch).photos()] == list(range(1, 13))


def test_the_files_go_with_the_viewer(still: EmotionRecognizer, portrait: bytes) -> None:
    batch = PhotoTask(still)
    batch.add([Upload("1", "a.png", portrait)])
    finished(batch)
    folder = batch._folder
    assert list(folder.iterdir())
    del batch
    assert not folder.exists()
    assert not [one for one in threading.enumerate() if one.name == "fer-work"]


def test_many_annotated_pictures_come_in_parts(tmp_path: Path) -> None:
    paths = [tmp_path / f"{index}.jpg" for index in range(8)]
    for index, path in enumerate(paths[:7]):
        path.write_bytes(bytes(100 if index < 6 else 900))
    photos = [Photo(index, SourceResult(path.name), path) for index, path in enumerate(paths)]
    parts = zip_parts([*photos, Photo(9, SourceResult("broken", reason="none"))], limit=250)
    assert [len(part) for part in parts] == [2, 2, 2, 1]
    assert [photo for part in parts for photo in part] == photos[:7]


def test_what_is_handed_in_twice_at_once_is_taken_once(
    still: EmotionRecognizer, portrait: bytes
) -> None:
    batch = PhotoTask(still)
    content = zip_of(**{f"p{index}.png": portrait + bytes([index]) for index in range(40)})
    handed_in = [Upload("one", "album.zip", content)]
    together = threading.Barrier(2)

    def hand_in() -> None:
        together.wait()
        batch.add(handed_in)

    threads = [threading.Thread(target=hand_in) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert batch.progress.total == 40
    batch.close()
