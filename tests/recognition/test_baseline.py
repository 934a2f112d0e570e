"""A person's own neutral: taken out as far as it was seen."""

import numpy as np
import pytest

from fer.models.store import open_model
from fer.recognition.baseline import NeutralBaseline, looks
from fer.results import Box, FaceEmotion

LABELS = ("angry", "happy", "neutral")
PEOPLE = np.array([0.05, 0.05, 0.9])
# At rest this person is read as angry.
FROWN = np.array([0.6, 0.04, 0.36])


def learned(seconds: float, row: np.ndarray = FROWN) -> NeutralBaseline:
    times = np.arange(0, seconds, 0.1)
    return NeutralBaseline.learn(LABELS, times, np.tile(row, (len(times), 1)), PEOPLE)


def test_the_own_neutral_reads_as_everybodys_the_more_of_it_was_seen() -> None:
    neutral = [learned(s).read(FROWN[None])[0] for s in (0.1, 1.0, 3.0, 600.0)]
    shares = [row[2] for row in neutral]
    assert shares == sorted(shares) and shares[0] > FROWN[2]
    assert shares[2] > 0.8
    assert neutral[-1] == pytest.approx(PEOPLE, abs=1e-3)


def test_the_formula_by_hand() -> None:
    # Two looks are believed by half: the root of the ratio of the two neutrals is divided out.
    row = np.array([0.2, 0.7, 0.1])
    expected = row / np.sqrt(FROWN / PEOPLE)
    (read,) = learned(0.5).read(row[None])
    assert read == pytest.approx(expected / expected.sum())


def test_who_is_neutral_as_everybody_is_read_as_before() -> None:
    rows = np.array([[0.2, 0.7, 0.1], [0.0, 0.0, 1.0]])
    assert learned(3.0, PEOPLE).read(rows) == pytest.approx(rows)


def test_a_smile_stays_a_smile() -> None:
    (read,) = learned(3.0).read(np.array([[0.02, 0.95, 0.03]]))
    assert read.argmax() == 1 and read.sum() == pytest.approx(1)


def test_a_neutral_of_noughts_and_ones_gives_finite_readings() -> None:
    (read,) = learned(3.0, np.array([1.0, 0.0, 0.0])).read(np.array([[0.0, 0.0, 1.0]]))
    assert np.isfinite(read).all() and read.sum() == pytest.approx(1)


def test_frames_of_one_moment_are_one_look() -> None:
    assert looks(np.array([0.0, 0.03, 0.06, 0.2])) == 1
    assert looks(np.array([0.0, 1.0, 2.0])) == 3


def test_a_face_gets_its_label_from_its_own_neutral_and_may_be_unsure() -> None:
    face = FaceEmotion(
        Box(1, 2, 3, 4), "angry", 0.6, dict(zip(LABELS, FROWN.tolist(), strict=True)), face_id=7
    )
    own = learned(3.0).read_face(face, 0.5)
    assert own is not None
    assert (own.emotion, own.face_id, own.box) == ("neutral", 7, face.box)
    assert own.confidence == own.probabilities["neutral"]
    unsure = learned(3.0).read_face(face, 0.99)
    assert unsure is not None and unsure.emotion is None
    other = FaceEmotion(Box(1, 2, 3, 4), "sad", 1.0, {"sad": 1.0})
    assert learned(3.0).read_face(other, 0.5) is None


@pytest.mark.parametrize("labels", ["perceived", "fer2013", "ferplus"])
def test_the_shipped_model_knows_how_it_reads_neutral_faces(labels: str) -> None:
    folder = open_model()
    reading = folder.neutral_reading(labels)
    assert tuple(reading) == tuple(folder.card.labels[labels])
    assert sum(reading.values()) == pytest.approx(1) and min(reading.values()) > 0
    assert max(reading, key=reading.__getitem__) == "neutral"
