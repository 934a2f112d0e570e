import io
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PilImage

from fer import EmotionRecognizer
from fer.media.batch import (
    MAX_FACES,
    analyze_picture,
    analyze_pictures,
    annotated_name,
)
from fer.media.sources import Source
from fer.pictures.reading import decode_image, encode_jpeg, encode_png
from fer.results import Box, Detection


@pytest.fixture(scope="module")
def still() -> EmotionRecognizer:
    return EmotionRecognizer.load()


def test_results_come_in_order_whatever_the_threads(
    astronaut_bgr: np.ndarray, still: EmotionRecognizer
) -> None:
    small = encode_png(cv2.resize(astronaut_bgr, (256, 256)))
    blank = encode_png(np.full((40, 40, 3), 90, np.uint8))
    sources = [
        Source(
            f"{index}.png", data=(small if index % 3 == 0 else blank if index % 3 == 1 else b"?")
        )
        for index in range(12)
    ]
    done = list(analyze_pictures(sources, still, workers=3, first={}))
    assert [source.name for source, _ in done] == [f"{index}.png" for index in range(12)]
    assert [d.result.status for _, d in done] == ["ok", "no face", "error"] * 4
    assert done[3][1].result.note == "same bytes as 0.png"
    assert done[0][1].result.note == ""


def test_a_fault_of_a_library_is_a_reason_of_one_picture_alone(
    still: EmotionRecognizer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sources = [
        Source(f"{side}.png", data=encode_png(np.full((side, side, 3), 90, np.uint8)))
        for side in (40, 41, 42)
    ]
    detect = type(still.detector).detect

    def faulty(detector: object, image: np.ndarray, *args: object, **more: object) -> object:
        if image.shape[0] == 41:
            raise cv2.error("a fault of\na library")
        return detect(detector, image, *args, **more)

    monkeypatch.setattr(type(still.detector), "detect", faulty)
    done = [one.result for _, one in analyze_pictures(sources, still)]
    assert [one.status for one in done] == ["no face", "error", "no face"]
    assert done[1].reason.startswith("41.png: expected a picture that can be read, got a fault")
    assert "a fault of a library" in done[1].reason and "41.png was not read" in caplog.text


def test_a_picture_that_is_handed_in_twice_is_noted(
    still: EmotionRecognizer,
) -> None:
    blank = encode_png(np.full((40, 40, 3), 90, np.uint8))
    done = analyze_pictures([Source("a.png", data=blank)] * 2, still, first={})
    assert [one.result.note for _, one in done] == ["", "same bytes as a.png"]


def test_a_cancelled_batch_gives_what_is_done_and_no_more(still: EmotionRecognizer) -> None:
    blank = encode_png(np.full((40, 40, 3), 90, np.uint8))
    sources = [Source(f"{index}.png", data=blank) for index in range(50)]
    names: list[str] = []
    for source, _done in analyze_pictures(sources, still, workers=2, cancel=lambda: bool(names)):
        names.append(source.name)
    # Four are under way at a time.
    assert 1 <= len(names) <= 5
    assert names == [f"{index}.png" for index in range(len(names))]


def test_a_cancelled_batch_waits_for_no_picture_that_takes_long(still: EmotionRecognizer) -> None:
    class Endless:
        def detect(self, frame: np.ndarray) -> tuple[Detection, ...]:
            begun.set()
            ended.wait()
            return ()

    begun, ended = threading.Event(), threading.Event()
    stuck = replace(still, detector=Endless())
    source = Source("a.png", data=encode_png(np.zeros((40, 40, 3), np.uint8)))
    assert list(analyze_pictures([source], stuck, cancel=begun.is_set)) == []
    ended.set()


class ManyFaces:
    """Ten thousand faces, side by side."""

    def detect(self, frame: np.ndarray) -> tuple[Detection, ...]:
        return tuple(
            Detection(Box(5 * (i % 100), 5 * (i // 100), 24, 24), 3.0) for i in range(10_000)
        )


def test_ten_thousand_faces_are_a_row_each_up_to_the_limit_and_a_reason(
    still: EmotionRecognizer,
) -> None:
    crowd = replace(still, detector=ManyFaces())
    noise = np.random.default_rng(0).integers(0, 256, (520, 520, 3)).astype(np.uint8)
    result = analyze_picture(Source("crowd.png", data=encode_png(noise)), crowd).result
    assert len(result.faces) == MAX_FACES
    assert result.status == "partial"
    assert result.reason.startswith(f"crowd.png: expected at most {MAX_FACES:,} faces, found more")


def test_the_annotated_copy_is_written_whole_under_a_safe_name(
    tmp_path: Path, astronaut_bgr: np.ndarray, still: EmotionRecognizer
) -> None:
    name = "a/../<script>\n=cmd()|.png"
    source = Source(name, data=encode_png(astronaut_bgr))
    analyze_picture(source, still, annotated=tmp_path / "out")
    (file,) = (tmp_path / "out").iterdir()
    assert file.name == annotated_name(source, ".png")
    assert not set(file.name) & set("<>\n=|/()")
    drawn = decode_image(file.read_bytes()).image_bgr
    assert drawn.shape == astronaut_bgr.shape and not np.array_equal(drawn, astronaut_bgr)


def test_when_the_copy_cannot_be_written_the_faces_are_kept(
    tmp_path: Path, astronaut_bgr: np.ndarray, still: EmotionRecognizer
) -> None:
    (tmp_path / "file").touch()
    source = Source("a.png", data=encode_png(astronaut_bgr))
    result = analyze_picture(source, still, annotated=tmp_path / "file" / "out").result
    assert result.status == "partial" and result.faces
    assert "expected a place that can be written" in result.reason


def test_every_page_has_rows_and_a_copy_of_its_own(
    tmp_path: Path, astronaut_bgr: np.ndarray, still: EmotionRecognizer
) -> None:
    face = PilImage.fromarray(cv2.resize(astronaut_bgr, (256, 256))[..., ::-1])
    buffer = io.BytesIO()
    face.save(buffer, "TIFF", save_all=True, append_images=[PilImage.new("RGB", (60, 60), "grey")])
    whole, cut = buffer.getvalue(), buffer.getvalue()[:-100]
    source = Source("scan.tif", data=whole)
    one = analyze_picture(source, still)
    assert (one.result.source, one.result.status, one.further) == ("scan.tif", "ok", ())
    pages = analyze_picture(source, still, annotated=tmp_path, every_frame=True)
    found = [pages.result, *pages.further]
    assert [(page.source, page.status) for page in found] == [
        ("scan.tif#1", "ok"),
        ("scan.tif#2", "no face"),
    ]
    assert len(list(tmp_path.iterdir())) == 2
    (damaged,) = analyze_picture(Source("scan.tif", data=cut), still, every_frame=True).further
    assert damaged.status == "partial" and "damaged" in damaged.reason


def test_a_jpeg_without_its_end_keeps_its_faces_and_is_partial(
    astronaut_bgr: np.ndarray, still: EmotionRecognizer
) -> None:
    data = encode_jpeg(cv2.resize(astronaut_bgr, (256, 256)))[:-2]
    result = analyze_picture(Source("a.jpg", data=data), still).result
    assert (result.status, len(result.faces)) == ("partial", 1)
    assert result.reason.startswith("a.jpg: expected a whole JPEG")
