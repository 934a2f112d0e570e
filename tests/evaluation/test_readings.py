"""A model over many faces: the same figures as the evaluation, in bounded memory."""

import numpy as np
import pytest

from fer import EmotionClassifier
from fer.datasets.base import FaceDataset
from fer.evaluation.calibrator import calibrators_of
from fer.evaluation.evaluate import evaluate_classifier
from fer.evaluation.peers import TRUST, peers
from fer.evaluation.readings import evaluate_model, read_faces, worst_mistakes


@pytest.fixture(scope="module")
def faces() -> FaceDataset:
    """Noise, more than one chunk of it, in two splits."""
    rng = np.random.default_rng(0)
    return FaceDataset(
        rng.integers(0, 256, (150, 48, 48), np.uint8),
        (np.arange(150) % 7).astype(np.int8),
        np.repeat(np.array([0, 2], np.int8), [10, 140]),
        source="noise",
    )


def test_reading_in_chunks_gives_what_the_model_gives(
    classifier: EmotionClassifier, faces: FaceDataset
) -> None:
    shares: list[float] = []
    readings = read_faces(classifier, faces.images, progress=shares.append)
    whole = classifier.predict_heads(faces.images)
    assert np.array_equal(readings.heads["fer2013"], whole["fer2013"])
    assert np.allclose(readings.embeddings, whole["features"].mean(axis=(1, 2)))
    assert shares == sorted(shares) and shares[-1] == 1
    assert len(read_faces(classifier, faces.images[:0]).heads["ferplus"]) == 0


def test_the_page_and_the_command_measure_what_the_protocol_does(
    classifier: EmotionClassifier, faces: FaceDataset
) -> None:
    shares: list[float] = []
    report = evaluate_model(classifier, faces, "PrivateTest", progress=shares.append)
    card = classifier.folder.card
    expected = evaluate_classifier(
        classifier.predict_heads,
        faces,
        "PrivateTest",
        calibrators=calibrators_of(card.temperature, card.exponent),
    )
    assert report == {"model": card.name, "version": card.version, **expected}
    assert shares == sorted(shares) and shares[-1] == 1


def test_mistakes_come_with_the_most_confident_first() -> None:
    faces = FaceDataset(
        np.zeros((4, 48, 48), np.uint8),
        np.array([0, 1, 0, 2], np.int8),
        np.zeros(4, np.int8),
        label_names=("angry", "happy", "contempt"),
    )
    shares = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.5, 0.5]], np.float32)
    rows, said = worst_mistakes(faces, shares, ("angry", "happy"))
    assert rows.tolist() == [2, 1]  # row 3 is of a class that the model lacks
    assert said.tolist() == [1, 0]


@pytest.mark.parametrize("labels", ["perceived", "fer2013", "ferplus"])
def test_every_figure_of_a_peer_has_a_source_and_says_how_far_to_trust_it(labels: str) -> None:
    figures = peers(labels)
    assert figures
    for peer in figures:
        assert peer.source and peer.protocol
        assert peer.trust in TRUST
        assert 0 < peer.accuracy < 1
