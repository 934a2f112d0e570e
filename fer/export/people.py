"""What a viewer has said about the people of a recording: names, who is the same, who is hidden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonEdit:
    """What was said about one identity.

    Attributes:
        name: Of the person, or nothing.
        same_as: Another identity that is the same person; its name and place count.
        hidden: Left out of tables, charts and shares.
    """

    name: str = ""
    same_as: int | None = None
    hidden: bool = False


People = Mapping[int, PersonEdit]
"""Identity -> what was said about it; who is not in it is shown under the number."""

_NOTHING_SAID = PersonEdit()


def person_of(face_id: int, people: People) -> int:
    """The identity that a face counts as; those that point at each other stay where they are."""
    seen = {face_id}
    found = face_id
    while (other := people.get(found, _NOTHING_SAID).same_as) is not None:
        if other in seen:
            return face_id
        seen.add(other)
        found = other
    return found


def is_hidden(face_id: int, people: People) -> bool:
    """Whether the person of an identity is left out."""
    return people.get(person_of(face_id, people), _NOTHING_SAID).hidden


def name_of(face_id: int, people: People) -> str:
    """The name of the person of an identity, or nothing."""
    return people.get(person_of(face_id, people), _NOTHING_SAID).name


def apply_people(rows: Iterable[dict[str, object]], people: People) -> list[dict[str, object]]:
    """Rows of ``to_rows`` as the viewer sees the people.

    Whoever is the same has one ``face_id`` and one name in ``person``; who is hidden has no row.
    A frame without a face keeps its row.
    """
    edited = []
    for row in rows:
        face_id = row["face_id"]
        if not isinstance(face_id, int):
            edited.append(row)
        elif not is_hidden(face_id, people):
            person, name = person_of(face_id, people), name_of(face_id, people)
            edited.append({**row, "face_id": person, "person": name})
    return edited


def grouped(face_ids: Iterable[int], people: People) -> dict[int, tuple[int, ...]]:
    """Person -> the identities that are this person, the person's own first; hidden ones too."""
    groups: dict[int, tuple[int, ...]] = {}
    for face_id in face_ids:
        person = person_of(face_id, people)
        others = groups.get(person, (person,))
        groups[person] = others if face_id in others else (*others, face_id)
    return groups
