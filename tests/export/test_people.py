import pytest

from fer import Box, FaceEmotion
from fer.export.people import PersonEdit, apply_people, grouped, is_hidden, name_of, person_of
from fer.export.schema import SourceResult, to_csv, to_rows
from fer.results import Reader

PEOPLE = {
    1: PersonEdit(name="Ann"),
    3: PersonEdit(same_as=1),
    4: PersonEdit(same_as=3),
    5: PersonEdit(hidden=True),
    6: PersonEdit(same_as=5),
}


def rows(*frames: tuple[int, ...]) -> list[dict[str, object]]:
    """A frame each with the faces of these identities."""
    results = [
        SourceResult(
            "a.mp4",
            tuple(FaceEmotion(Box(0, 0, 9, 9), "sad", 1.0, {"sad": 1.0}, face_id=i) for i in faces),
        )
        for faces in frames
    ]
    return to_rows(results, Reader("m", "1", "own", ("sad",)))


@pytest.mark.parametrize(
    ("face_id", "person", "name", "hidden"),
    [(1, 1, "Ann", False), (2, 2, "", False), (4, 1, "Ann", False), (6, 5, "", True)],
)
def test_an_identity_counts_as_the_person_it_was_joined_to(
    face_id: int, person: int, name: str, hidden: bool
) -> None:
    said = person_of(face_id, PEOPLE), name_of(face_id, PEOPLE), is_hidden(face_id, PEOPLE)
    assert said == (person, name, hidden)


def test_identities_that_point_at_each_other_stay_themselves() -> None:
    circle = {1: PersonEdit(same_as=2), 2: PersonEdit(same_as=1)}
    assert [person_of(face_id, circle) for face_id in (1, 2)] == [1, 2]


def test_rows_are_named_joined_and_left_out_and_a_frame_without_a_face_stays() -> None:
    edited = apply_people(rows((1, 2, 5), (4,), (), (5, 6)), PEOPLE)
    assert [(row["face_id"], row["person"]) for row in edited] == [
        (1, "Ann"),
        (2, ""),
        (1, "Ann"),
        (None, ""),
    ]


def test_without_a_word_rows_stay_as_they_are() -> None:
    assert apply_people(rows((1, 2), ()), {}) == rows((1, 2), ())


def test_a_name_that_a_spreadsheet_would_run_is_text() -> None:
    edited = apply_people(rows((1,)), {1: PersonEdit(name="=1+1")})
    assert ",'=1+1," in to_csv(edited)


def test_groups_name_the_person_first() -> None:
    assert grouped((4, 2, 1, 3), PEOPLE) == {1: (1, 4, 3), 2: (2,)}
