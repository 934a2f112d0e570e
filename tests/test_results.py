import dataclasses
import json

import pytest

from fer.results import Box, FaceEmotion, FrameResult


def face(**changes: object) -> FaceEmotion:
    values = {
        "box": Box(10, 20, 30, 40),
        "emotion": "happy",
        "confidence": 0.75,
        "probabilities": {"sad": 0.25, "happy": 0.75},
        "detection_score": 4.5,
        "face_id": 2,
    }
    return FaceEmotion(**{**values, **changes})


def test_box_right_and_bottom_are_the_first_pixels_outside() -> None:
    box = Box(10, 20, 30, 40)
    assert (box.right, box.bottom, box.area) == (40, 60, 1200)


@pytest.mark.parametrize(
    ("record", "field"),
    [(Box(0, 0, 1, 1), "x"), (face(), "emotion"), (FrameResult(0, 1, 1), "faces")],
)
def test_records_cannot_be_changed(record: object, field: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, field, None)


def test_top_label_is_known_even_when_the_model_abstains() -> None:
    assert face(emotion=None).top_label == "happy"
    assert face(emotion=None).reading == "unsure, happy 75%?"


def test_to_dict_survives_json() -> None:
    record = face().to_dict()
    assert json.loads(json.dumps(record)) == record
    assert record["box"] == {"x": 10, "y": 20, "width": 30, "height": 40}
    assert record["probabilities"] == {"sad": 0.25, "happy": 0.75}


def test_to_row_is_flat_and_keeps_the_order_of_the_labels() -> None:
    assert list(face().to_row().items()) == [
        ("face_id", 2),
        ("x", 10),
        ("y", 20),
        ("width", 30),
        ("height", 40),
        ("emotion", "happy"),
        ("confidence", 0.75),
        ("reading", "happy 75%"),
        ("p_sad", 0.25),
        ("p_happy", 0.75),
        ("detection_score", 4.5),
    ]


def test_an_abstention_is_a_blank_cell_and_a_json_null() -> None:
    assert face(emotion=None).to_row()["emotion"] == ""
    assert face(emotion=None).to_dict()["emotion"] is None


def test_a_frame_without_faces_has_an_empty_tuple() -> None:
    assert FrameResult(1.0, 640, 480).faces == ()
