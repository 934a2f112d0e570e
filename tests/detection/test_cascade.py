from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fer import Box, CascadeDetector, EmotionRecognizer, SearchSettings
from fer.boxes import iou
from fer.errors import ModelError


def test_an_upright_face_is_found_without_points(
    cascade: CascadeDetector, astronaut_bgr: np.ndarray, astronaut_face: Box
) -> None:
    (face,) = cascade.detect(astronaut_bgr)
    assert iou(face.box, astronaut_face) > 0.9
    assert face.points is None and face.roll == 0 and face.detector == "cascade"


@pytest.mark.parametrize("gain", [0.1, 0.3])
def test_a_dim_picture_is_lifted(
    cascade: CascadeDetector, astronaut_bgr: np.ndarray, gain: float
) -> None:
    assert len(cascade.detect((astronaut_bgr * gain).astype(np.uint8))) == 1


def test_settings_reach_the_cascade(astronaut_bgr: np.ndarray) -> None:
    assert CascadeDetector(SearchSettings(min_face=200)).detect(astronaut_bgr) == ()
    assert CascadeDetector(SearchSettings(min_score=0.99)).detect(astronaut_bgr) != ()


def test_every_thread_has_a_cascade_of_its_own(
    cascade: CascadeDetector, astronaut_bgr: np.ndarray
) -> None:
    expected = cascade.detect(astronaut_bgr)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: cascade.detect(astronaut_bgr), range(24)))
    assert found == [expected] * 24


@pytest.mark.parametrize("content", [None, b"", b"<opencv_storage/>", b"no XML"])
def test_what_is_no_cascade_is_a_model_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cascade.xml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"expected a Haar cascade XML"):
        CascadeDetector(cascade_path=path)


def test_the_recogniser_reads_with_it(astronaut_bgr: np.ndarray) -> None:
    recognizer = EmotionRecognizer.load(detector="cascade")
    for one in (recognizer, recognizer.for_stream(), recognizer.for_video(0.04)):
        (face,) = one.analyze(astronaut_bgr)
        assert face.emotion == "happy" and face.detector == "cascade"


def test_it_finds_the_faces_of_a_file(cascade: CascadeDetector, astronaut_bgr: np.ndarray) -> None:
    found = cascade.for_video(0.04).detect_pair(astronaut_bgr, np.zeros_like(astronaut_bgr))
    assert [len(faces) for faces in found] == [1, 0]
