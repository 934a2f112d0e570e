import csv
import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest

from fer.errors import InputError
from fer.export.schema import SourceResult, to_csv, to_frame, to_rows
from fer.results import Box, FaceEmotion, FrameResult, Reader, face_columns

LABELS = ("sad", "happy")


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


def test_a_face_is_the_same_after_it_was_a_row_of_a_table(tmp_path: Path) -> None:
    held = face(measured=False, face_id=4, detection_score=None)
    faces = (face(points=SIX, detector="blazeface"), face(emotion=None, affect=(0.5, 0.0)), held)
    rows = to_rows([SourceResult("a.png", faces), SourceResult("b.png")], Reader(labels=LABELS))
    table = tmp_path / "faces.csv"
    table.write_text(to_csv(rows), newline="")
    with table.open(newline="") as file:
        read = list(csv.DictReader(file))
    for again in (
        rows,
        read,
        pd.read_csv(table).to_dict("records"),
        to_frame(rows).to_dict("records"),
    ):
        assert tuple(map(FaceEmotion.from_row, again[:2])) == faces[:2]
        for nothing in again[2:]:
            with pytest.raises(InputError, match="expected a row with a reading"):
                FaceEmotion.from_row(nothing)


@pytest.mark.parametrize("labels", [("sad", "happy"), ("one",), ()])
def test_every_value_of_a_row_is_of_its_columns_kind(labels: tuple[str, ...]) -> None:
    one = face(points=SIX, affect=(0.0, 1.0), probabilities={name: 0.5 for name in labels})
    kinds = face_columns(labels)
    assert {name: type(value) for name, value in one.to_row().items()} == kinds


def test_a_frame_without_faces_has_an_empty_tuple() -> None:
    assert FrameResult(1.0, 640, 480).faces == ()
