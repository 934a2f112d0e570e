import dataclasses
import json

import pytest

from fer.results import Box, FaceEmotion, FrameResult, face_columns


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


SIX = tuple((10.25 + i, 20.5 - i) for i in range(6))


@pytest.mark.parametrize(
    "one",
    [
        face(),
        face(emotion=None),
        face(points=SIX, roll=-12.5, detector="blazeface", affect=(0.25, -0.5)),
        face(measured=False, detection_score=None),
    ],
    ids=["plain", "unsure", "all that is known", "held"],
)
def test_a_face_is_the_same_after_it_was_a_row_in_a_file(one: FaceEmotion) -> None:
    row = one.to_row()
    assert list(row) == list(face_columns(("sad", "happy")))
    assert FaceEmotion.from_row(json.loads(json.dumps(row))) == one


@pytest.mark.parametrize("labels", [("sad", "happy"), ("one",), ()])
def test_every_value_of_a_row_is_of_its_columns_kind(labels: tuple[str, ...]) -> None:
    one = face(points=SIX, affect=(0.0, 1.0), probabilities={name: 0.5 for name in labels})
    kinds = face_columns(labels)
    assert {name: type(value) for name, value in one.to_row().items()} == kinds


def test_a_frame_without_faces_has_an_empty_tuple() -> None:
    assert FrameResult(1.0, 640, 480).faces == ()
