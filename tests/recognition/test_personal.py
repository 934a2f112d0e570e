"""A personal model: few samples, cross-validated, never worse by design, safe as a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer.datasets import find_ferplus, open_dataset
from fer.datasets.ferplus import majority_labels
from fer.detection.detector import load_detector
from fer.errors import InputError
from fer.evaluation.readings import read_faces
from fer.labels import FER2013, FERPLUS
from fer.live.samples import SampleCollector
from fer.preprocessing import crop_face, to_grey
from fer.recognition.classifier import EmotionClassifier
from fer.recognition.personal import (
    PersonalClassifier,
    PersonalModel,
    Samples,
    fit_personal,
)
from fer.recognition.personal_file import from_json, to_json
from fer.recognition.recognizer import EmotionRecognizer, Reading
from fer.results import Box, FaceEmotion

SIZE = 24


def world(seed: int, n: int, *, shift: float) -> tuple[Samples, np.ndarray]:
    """Embeddings around seven centres and a linear general model; a shift moves all of them."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(7, SIZE))
    push = 2.5 * shift * (centres[3] - centres.mean(axis=0))
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 7
    points = centres[labels] + rng.normal(scale=0.8, size=(n, SIZE))
    logits = -((points + push)[:, None] - centres).__pow__(2).sum(axis=2) / 2
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    general = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    moved = (points + push).astype(np.float32)
    return Samples(moved, general, labels, np.arange(n) % 5), labels


def accuracy(shares: np.ndarray, labels: np.ndarray) -> float:
    return float((shares.argmax(axis=1) == labels).mean())


def test_ten_samples_a_class_recover_half_of_what_a_shift_costs() -> None:
    plain, labels = world(1, 700, shift=0.0)
    shifted, _ = world(1, 700, shift=1.0)
    samples, _ = world(2, 70, shift=1.0)
    personal = fit_personal(samples, FER2013)
    before, lost = accuracy(plain.general, labels), accuracy(shifted.general, labels)
    assert before - lost > 0.1
    now = accuracy(personal.refine(shifted.embeddings, shifted.general), labels)
    assert now - lost >= (before - lost) / 2
    assert personal.own_accuracy > personal.general_accuracy


def test_where_the_general_model_is_right_the_personal_one_stays_right() -> None:
    plain, labels = world(1, 700, shift=0.0)
    samples, _ = world(2, 35, shift=0.0)
    personal = fit_personal(samples, FER2013)
    now = accuracy(personal.refine(plain.embeddings, plain.general), labels)
    assert now >= accuracy(plain.general, labels) - 0.01


def test_cross_validation_promises_nothing_for_labels_at_random() -> None:
    samples, _ = world(2, 70, shift=0.0)
    labels = np.random.default_rng(0).permutation(samples.labels)
    takes = np.arange(70)
    personal = fit_personal(Samples(samples.embeddings, samples.general, labels, takes), FER2013)
    assert personal.own_accuracy < 0.4


def test_classes_that_were_not_taught_keep_their_probability() -> None:
    samples, labels = world(2, 70, shift=1.0)
    few = samples.rows(np.isin(labels, [3, 6]))
    personal = fit_personal(few, FER2013)
    assert (personal.taught, personal.counts) == ((3, 6), (10, 10))
    refined = personal.refine(samples.embeddings, samples.general)
    others = [0, 1, 2, 4, 5]
    np.testing.assert_array_equal(refined[:, others], samples.general[:, others])
    np.testing.assert_allclose(refined.sum(axis=1), 1, atol=1e-5)


def test_too_few_snapshots_are_named() -> None:
    samples, labels = world(2, 70, shift=0.0)
    with pytest.raises(InputError, match="got 1 emotions"):
        fit_personal(samples.rows(labels == 3), FER2013)
    with pytest.raises(InputError, match="got happy 3"):
        fit_personal(samples.rows(np.r_[np.flatnonzero(labels == 3)[:3], 6:70:7]), FER2013)


@pytest.fixture(scope="module")
def general() -> EmotionClassifier:
    return EmotionClassifier.load()


@pytest.fixture(scope="module")
def personal(general: EmotionClassifier) -> PersonalModel:
    """Taught to call noise angry and stripes happy."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (8, 48, 48))
    stripes = np.tile(np.arange(48) % 6 * 40, (8, 48, 1)) + rng.integers(0, 20, (8, 48, 48))
    images = np.concatenate([noise, stripes]).astype(np.uint8)
    readings = read_faces(general, images)
    labels = np.repeat([0, 3], 8)
    samples = Samples(
        readings.embeddings, readings.heads["perceived"], labels, np.zeros(16, np.intp)
    )
    return fit_personal(samples, FER2013)


def test_a_personal_classifier_reads_faces_in_place_of_the_general_one(
    general: EmotionClassifier, personal: PersonalModel
) -> None:
    own = PersonalClassifier(general, personal)
    crops = np.random.default_rng(5).integers(0, 256, (3, 48, 48), np.uint8)
    shares = own.predict(crops)
    assert shares.shape == (3, 7)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert np.all(shares[:, 0] > general.predict(crops)[:, 0])
    assert own.predict(crops[:0]).shape == (0, 7)
    with pytest.raises(InputError, match="choose the label set"):
        PersonalClassifier(EmotionClassifier.load(labels="ferplus"), personal)


def test_a_file_gives_the_same_answers(general: EmotionClassifier, personal: PersonalModel) -> None:
    content = to_json(personal, general.folder, "fer2013")
    back, head = from_json(content.encode(), general.folder)
    assert head == "fer2013"
    crops = np.random.default_rng(5).integers(0, 256, (3, 48, 48), np.uint8)
    np.testing.assert_allclose(
        PersonalClassifier(general, back).predict(crops),
        PersonalClassifier(general, personal).predict(crops),
        atol=1e-6,
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda file: file | {"sha256": "0" * 64}, "teach it again"),
        (lambda file: file | {"head": "other"}, "teach it again"),
        (lambda file: file | {"taught": ["angry", "bored"]}, "do not fit together"),
        (lambda file: file | {"weights": file["weights"][:-1]}, "do not fit together"),
        (lambda file: file | {"bias": ["a", "b"]}, "fault in bias.0"),
        (lambda file: file | {"scale": 0}, "fault in scale"),
        (lambda file: file | {"code": "import os"}, "fault in code"),
        (lambda file: {}, "fault in"),
    ],
)
def test_a_file_from_elsewhere_is_refused_in_one_line(
    general: EmotionClassifier,
    personal: PersonalModel,
    spoil: Callable[[dict[str, object]], dict[str, object]],
    message: str,
) -> None:
    file = json.loads(to_json(personal, general.folder, "fer2013"))
    with pytest.raises(InputError, match=message) as caught:
        from_json(json.dumps(spoil(file)).encode(), general.folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"[" * 100, b"x" * 2**21])
def test_any_bytes_are_refused(general: EmotionClassifier, content: bytes) -> None:
    with pytest.raises(InputError, match="expected the JSON file"):
        from_json(content, general.folder)


def test_samples_are_numbers_of_the_largest_face_and_stop_by_themselves(
    general: EmotionClassifier, astronaut_bgr: np.ndarray
) -> None:
    found = EmotionRecognizer(general, load_detector(), 0.5).read(astronaut_bgr)
    small = FaceEmotion(Box(0, 0, 20, 20), None, 0.5, {})
    crops = np.concatenate([np.zeros((1, 48, 48), np.uint8), found.crops])
    reading = Reading((small, *found.faces), crops, np.repeat(found.features, 2, axis=0))
    collector = SampleCollector(general)
    collector.add(reading, 0.0)
    assert collector.samples() is None
    collector.take("happy", 3)
    for step in range(20):
        # Ten frames a second: not every one of them is taken.
        collector.add(reading, step / 10)
    assert (collector.missing(), collector.counts()["happy"]) == (0, 3)
    samples = collector.samples()
    assert samples is not None
    expected = read_faces(general, found.crops)
    np.testing.assert_allclose(samples.embeddings, np.repeat(expected.embeddings, 3, axis=0))
    collector.take("happy", 50)
    assert collector.missing() == 17


@pytest.mark.data
def test_half_of_what_a_resting_smile_costs_comes_back_on_real_faces(
    general: EmotionClassifier, astronaut_bgr: np.ndarray, full_data: Path
) -> None:
    """Every face is blended with one smiling portrait, as if it smiled at rest."""
    votes = find_ferplus(None, full_data)
    test = open_dataset(full_data, ferplus=votes).split("PrivateTest")
    assert test.votes is not None
    majority = majority_labels(test.votes)
    in_seven = np.asarray([FER2013.index(n) if n in FER2013 else -1 for n in FERPLUS])
    clear = (majority >= 0) & (in_seven[np.clip(majority, 0, 7)] == test.labels)
    rng = np.random.default_rng(0)
    rows = np.concatenate(
        [rng.permutation(np.flatnonzero(clear & (test.labels == k)))[:60] for k in range(7)]
    )
    images, labels = test.images[rows], test.labels[rows].astype(np.intp)
    # Where the face is by eye: a pixel more or less changes how much of it the network sees.
    smile = crop_face(to_grey(astronaut_bgr), Box(167, 57, 114, 114)).astype(np.float32)
    shifted = read_faces(general, (0.6 * images + 0.4 * smile).astype(np.uint8))
    plain = read_faces(general, images).heads["perceived"]
    gains = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        # Disgust has fourteen clear faces: ten to learn from, four to test on.
        taught = np.concatenate(
            [rng.permutation(np.flatnonzero(labels == k))[:10] for k in range(7)]
        )
        held_out = np.setdiff1d(np.arange(len(labels)), taught)
        all_of_them = Samples(
            shifted.embeddings, shifted.heads["perceived"], labels, np.arange(len(labels))
        )
        personal = fit_personal(all_of_them.rows(taught), FER2013)
        unseen = all_of_them.rows(held_out)
        before = accuracy(plain[held_out], labels[held_out])
        lost = accuracy(unseen.general, unseen.labels)
        now = accuracy(personal.refine(unseen.embeddings, unseen.general), unseen.labels)
        assert before - lost > 0.2
        gains.append((now - lost) / (before - lost))
    assert np.mean(gains) >= 0.5, gains
