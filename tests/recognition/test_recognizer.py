from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer import Box, Detection, EmotionRecognizer, SearchSettings, labels
from fer.boxes import iou
from fer.detection.alignment import cut_face
from fer.errors import InputError, ModelError


@dataclass
class FakeDetector:
    """Finds the given boxes in any picture."""

    boxes: tuple[Box, ...]

    def detect(self, frame: np.ndarray) -> tuple[Detection, ...]:
        return tuple(Detection(box, float(i)) for i, box in enumerate(self.boxes))

    def for_stream(self, settings: SearchSettings | None = None) -> "FakeDetector":
        return self


@dataclass
class FakeClassifier:
    """Says "happy" with 0.6, and keeps the crops that it was asked about."""

    threshold: float = 0.5
    labels: tuple[str, ...] = ("sad", "happy")
    head: str = "two"
    affect: None = None
    seen: list[np.ndarray] = field(default_factory=list)

    def predict_heads(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        self.seen.append(crops)
        means = crops.mean(axis=(1, 2), dtype=np.float32)
        return {
            "two": np.tile(np.float32([0.4, 0.6]), (len(crops), 1)),
            "features": means[:, None, None, None],
        }


def fake_recognizer(*boxes: Box, **options: float) -> EmotionRecognizer:
    classifier = FakeClassifier()
    threshold = options.pop("threshold", classifier.threshold)
    return EmotionRecognizer(classifier, FakeDetector(boxes), threshold, **options)


def test_a_portrait_has_one_face_that_keeps_the_contract(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray, astronaut_face: Box
) -> None:
    faces = recognizer.analyze(astronaut_bgr)
    assert isinstance(faces, tuple)
    (face,) = faces
    assert iou(face.box, astronaut_face) > 0.6
    assert tuple(face.probabilities) == labels.FER2013
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert face.confidence == max(face.probabilities.values())
    assert face.emotion in {face.top_label, None}
    assert face.face_id == 0


def test_the_smiling_astronaut_is_happy(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    (face,) = recognizer.analyze(astronaut_bgr)
    assert face.top_label == "happy"
    assert face.emotion == "happy"


def test_grey_bgr_and_bgra_read_the_same(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    expected = recognizer.analyze(astronaut_bgr)
    assert len(expected) == 1
    (grey,) = recognizer.analyze(cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2GRAY))
    assert iou(grey.box, expected[0].box) > 0.9 and grey.emotion == expected[0].emotion
    assert recognizer.analyze(cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2BGRA)) == expected
    assert recognizer.analyze(np.asfortranarray(astronaut_bgr)) == expected


def test_a_view_of_every_second_pixel_is_a_picture_like_any_other(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    view = astronaut_bgr[::2, ::2]
    faces = recognizer.analyze(view)
    assert len(faces) == 1
    assert faces == recognizer.analyze(view.copy())


def test_the_frame_is_not_modified(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    before = astronaut_bgr.copy()
    recognizer.analyze(astronaut_bgr)
    assert np.array_equal(astronaut_bgr, before)


@pytest.mark.parametrize(
    "shape", [(480, 640, 3), (480, 640), (480, 640, 4), (1, 1, 3), (2, 5000, 3), (6000, 6000, 3)]
)
def test_an_empty_scene_has_no_faces(recognizer: EmotionRecognizer, shape: tuple[int, ...]) -> None:
    assert recognizer.analyze(np.zeros(shape, np.uint8)) == ()


@pytest.mark.parametrize(
    "frame",
    [
        None,
        "picture.jpg",
        np.zeros((48, 48), np.float64),
        np.zeros((48, 48, 2), np.uint8),
        np.zeros((0, 48, 3), np.uint8),
    ],
    ids=["None", "path", "float", "two channels", "empty"],
)
def test_what_is_no_picture_is_refused(recognizer: EmotionRecognizer, frame: object) -> None:
    with pytest.raises(InputError, match=r"frame: expected .*, got "):
        recognizer.analyze(frame)


def test_two_people_are_two_faces(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray, astronaut_face: Box
) -> None:
    faces = recognizer.analyze(np.hstack([astronaut_bgr, astronaut_bgr]))
    assert [face.face_id for face in faces] == [0, 1]
    left, right = sorted(faces, key=lambda face: face.box.x)
    face = astronaut_face
    assert iou(left.box, face) > 0.6
    assert iou(right.box, Box(face.x + 512, face.y, face.width, face.height)) > 0.6


def test_a_threshold_above_one_always_abstains_and_zero_never(astronaut_bgr: np.ndarray) -> None:
    (unsure,) = EmotionRecognizer.load(threshold=1.01).analyze(astronaut_bgr)
    (certain,) = EmotionRecognizer.load(threshold=0).analyze(astronaut_bgr)
    assert unsure.emotion is None
    assert certain.emotion == certain.top_label
    assert unsure.probabilities == certain.probabilities


def test_ferplus_has_eight_classes(astronaut_bgr: np.ndarray) -> None:
    (face,) = EmotionRecognizer.load(labels="ferplus").analyze(astronaut_bgr)
    assert tuple(face.probabilities) == labels.FERPLUS


def test_faces_come_largest_first_with_the_score_of_their_own_box() -> None:
    small, large, middle = Box(0, 0, 20, 20), Box(50, 50, 60, 60), Box(20, 20, 30, 30)
    faces = fake_recognizer(small, large, middle).analyze(np.zeros((120, 120), np.uint8))
    assert [(f.box, f.detection_score, f.face_id) for f in faces] == [
        (large, 1.0, 0),
        (middle, 2.0, 1),
        (small, 0.0, 2),
    ]


def test_only_the_largest_faces_are_read_where_there_are_too_many() -> None:
    boxes = [Box(i, i, 10 + i, 10 + i) for i in range(8)]
    faces = fake_recognizer(*boxes, max_faces=3).analyze(np.zeros((120, 120), np.uint8))
    assert [face.box for face in faces] == boxes[:4:-1]


@pytest.mark.parametrize(("threshold", "emotion"), [(0.61, None), (0.6, "happy"), (0.0, "happy")])
def test_below_the_threshold_the_model_abstains(threshold: float, emotion: str | None) -> None:
    recognizer = fake_recognizer(Box(0, 0, 48, 48), threshold=np.float32(threshold))
    (face,) = recognizer.analyze(np.zeros((48, 48), np.uint8))
    assert face.emotion == emotion
    assert face.confidence == pytest.approx(0.6)
    assert face.probabilities == pytest.approx({"sad": 0.4, "happy": 0.6})


def test_the_threshold_is_the_models_own_unless_given() -> None:
    loaded = EmotionRecognizer.load()
    assert loaded.threshold == loaded.classifier.threshold
    assert EmotionRecognizer.load(threshold=0.0).threshold == 0.0


def test_the_classifier_sees_the_crop_of_the_contract() -> None:
    recognizer = fake_recognizer(Box(0, 0, 48, 48))
    picture = np.arange(48 * 48, dtype=np.int64).reshape(48, 48).astype(np.uint8)
    recognizer.analyze(picture)
    (crops,) = recognizer.classifier.seen
    assert np.array_equal(crops, picture[None])


def test_the_classifier_is_not_asked_where_there_is_no_face() -> None:
    recognizer = fake_recognizer()
    assert recognizer.analyze(np.zeros((48, 48), np.uint8)) == ()
    assert recognizer.classifier.seen == []


def test_a_frame_result_carries_time_size_and_cost() -> None:
    result = fake_recognizer(Box(0, 0, 9, 9)).analyze_frame(np.zeros((30, 40, 3), np.uint8), 12.5)
    assert (result.timestamp_s, result.width, result.height) == (12.5, 40, 30)
    assert len(result.faces) == 1
    assert result.processing_ms > 0


def test_a_recogniser_for_a_stream_reads_the_same_face_with_the_same_model(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    stream = recognizer.for_stream()
    assert stream.classifier is recognizer.classifier
    assert stream.threshold == recognizer.threshold
    _, second, third = (stream.analyze(astronaut_bgr) for _ in range(3))
    (expected,) = recognizer.analyze(astronaut_bgr)
    assert [face.emotion for face in second] == [expected.emotion]
    assert iou(second[0].box, expected.box) > 0.7
    assert iou(second[0].box, third[0].box) > 0.8


def test_streams_do_not_share_what_they_remember(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    one, other = recognizer.for_stream(), recognizer.for_stream()
    frames = [one.analyze(astronaut_bgr) for _ in range(3)]
    assert frames[-1]
    # The other one begins where the first one began.
    assert [other.analyze(astronaut_bgr) for _ in range(3)] == frames


def test_a_recogniser_for_a_stream_keeps_its_limits() -> None:
    recognizer = fake_recognizer(Box(0, 0, 48, 48), max_faces=7)
    stream = recognizer.for_stream()
    assert stream.max_faces == 7 and stream.threshold == recognizer.threshold


def test_settings_reach_the_detector(astronaut_bgr: np.ndarray) -> None:
    recognizer = EmotionRecognizer.load(settings=SearchSettings(min_face=400))
    assert recognizer.analyze(astronaut_bgr) == ()


def test_an_empty_model_directory_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model: expected .* found there: none"):
        EmotionRecognizer.load(directory=tmp_path)


def test_a_recogniser_cannot_be_changed(recognizer: EmotionRecognizer) -> None:
    with pytest.raises(AttributeError):
        recognizer.threshold = 0.9


def test_a_face_carries_what_its_detector_knew(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    (face,) = recognizer.analyze(astronaut_bgr)
    assert face.points is not None and len(face.points) == 6
    assert face.roll == pytest.approx(-5, abs=4)
    assert face.detector == "blazeface" and face.measured


def test_what_was_cut_once_is_handed_on(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    reading = recognizer.read(astronaut_bgr)
    again = recognizer.classifier.predict_heads(reading.crops)
    assert np.array_equal(again["features"], reading.features)
    crop = cut_face(cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2GRAY), reading.faces[0])
    assert np.array_equal(crop, reading.crops[0])


@pytest.mark.parametrize(
    "make",
    [
        lambda: EmotionRecognizer.load(threshold="high"),
        lambda: EmotionRecognizer.load(threshold=float("nan")),
        lambda: EmotionRecognizer.load(settings={"min_face": 30}),
        lambda: SearchSettings(min_face="small"),
        lambda: SearchSettings(min_score=None),
        *(
            lambda interval=interval: EmotionRecognizer.load().for_video(interval)
            for interval in (float("nan"), float("inf"), 0, -1, None)
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_at_once(make: Callable[[], object]) -> None:
    with pytest.raises(InputError, match=r"expected .*, got .*; "):
        make()
