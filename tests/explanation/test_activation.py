"""Class activation maps: exact, placed on the face, harmless to the picture around it."""

import numpy as np
import pytest

from fer import Box, EmotionClassifier, EmotionRecognizer
from fer.detection.alignment import cut_face
from fer.errors import InputError, ModelError
from fer.evaluation.calibrator import Calibrator, calibrators_of
from fer.explanation.activation import (
    ClassActivation,
    HeatMap,
    _head_kernel,
    blend_heat,
    draw_heat_maps,
    heat,
)
from fer.preprocessing import crop_face, to_grey


@pytest.fixture(scope="module", params=["perceived", "fer2013", "ferplus"])
def explainer(request: pytest.FixtureRequest) -> ClassActivation:
    return ClassActivation(EmotionClassifier.load(labels=request.param))


@pytest.fixture
def crops(astronaut_bgr: np.ndarray, astronaut_face: Box) -> np.ndarray:
    """The portrait's face cut in nine ways, and noise."""
    grey = to_grey(astronaut_bgr)
    boxes = [
        Box(astronaut_face.x + dx, astronaut_face.y + dy, 95, 95)
        for dx in (-20, 0, 20)
        for dy in (-20, 0, 20)
    ]
    noise = np.random.default_rng(1).integers(0, 256, (3, 48, 48), np.uint8)
    return np.concatenate([np.stack([crop_face(grey, box) for box in boxes]), noise])


def test_the_mean_of_the_evidence_is_the_logit_without_its_bias(
    explainer: ClassActivation, crops: np.ndarray
) -> None:
    outputs = explainer.classifier.predict_heads(crops)
    evidence = explainer.evidence(outputs["features"])
    head, card = explainer.classifier.head, explainer.classifier.folder.card
    probabilities = outputs[head].astype(np.float64)
    if card.perceived is not None and head == "perceived":
        logits = np.log(probabilities) * card.perceived.temperature
    else:
        one = calibrators_of(card.temperature, card.exponent)[head]
        logits = np.log(one.undo(probabilities))
    logits -= logits.mean(axis=1, keepdims=True)
    bias = logits - evidence.mean(axis=(1, 2))
    # One bias for every picture; 8-bit rounding inside the file leaves a hundredth of a nat.
    assert np.abs(bias - bias.mean(axis=0)).max() < 0.03
    maps = outputs["features"].shape[:3]
    assert evidence.shape == (*maps, len(explainer.classifier.labels))
    assert np.abs(evidence.sum(axis=-1)).max() < 1e-3


def test_each_face_gets_a_map_of_its_top_label_on_the_square_that_was_cut(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    faces = recognizer.analyze(astronaut_bgr)
    assert len(faces) == 1
    (found,) = ClassActivation(recognizer.classifier).explain(astronaut_bgr, faces)
    assert found.label == faces[0].top_label == "happy"
    assert found.box.width == found.box.height == max(faces[0].box.width, faces[0].box.height)
    # A smile: more speaks for it in the lower two thirds of the face than in the upper third.
    assert found.evidence[2:].mean() > found.evidence[:2].mean()


def test_another_class_has_another_map(
    recognizer: EmotionRecognizer, astronaut_bgr: np.ndarray
) -> None:
    faces = recognizer.analyze(astronaut_bgr)
    explainer = ClassActivation(recognizer.classifier)
    crop = cut_face(to_grey(astronaut_bgr), faces[0])
    maps = explainer.evidence(explainer.classifier.predict_heads(crop[None])["features"])[0]
    (happy,) = explainer.explain(astronaut_bgr, faces)
    names = explainer.classifier.labels
    assert np.allclose(happy.evidence, maps[..., names.index("happy")], atol=1e-5)
    assert np.corrcoef(happy.evidence.ravel(), maps[..., names.index("sad")].ravel())[0, 1] < 0.5
    assert explainer.explain(astronaut_bgr, []) == ()


def test_only_the_face_is_painted_and_the_picture_is_not_changed() -> None:
    frame = np.full((60, 80, 3), 100, np.uint8)
    evidence = np.full((6, 6), -1, np.float32)
    evidence[3:] = 2
    before = frame.copy()
    drawn = draw_heat_maps(frame, [HeatMap(Box(20, 10, 30, 30), "happy", evidence)])
    assert np.array_equal(frame, before)
    outside = np.ones((60, 80), bool)
    outside[10:40, 20:50] = False
    assert np.array_equal(drawn[outside], before[outside])
    assert np.array_equal(drawn[10:20, 20:50], before[10:20, 20:50])
    assert (drawn[35:40, 20:50] != 100).any(axis=-1).all()


@pytest.mark.parametrize(
    "box", [Box(-10, -10, 30, 30), Box(70, 50, 30, 30), Box(-9, -9, 200, 200), Box(500, 0, 9, 9)]
)
@pytest.mark.parametrize("shape", [(60, 80), (60, 80, 3), (60, 80, 4)])
def test_a_box_that_leaves_the_picture_is_drawn_as_far_as_it_goes(
    box: Box, shape: tuple[int, ...]
) -> None:
    evidence = np.ones((6, 6), np.float32)
    drawn = draw_heat_maps(np.zeros(shape, np.uint8), [HeatMap(box, "happy", evidence)])
    assert drawn.shape == (60, 80, 3)
    assert drawn.any() == (box.x < 80)


def test_heat_is_zero_where_nothing_speaks_for_the_class() -> None:
    assert not heat(np.full((6, 6), -3, np.float32), 24).any()
    warmth = heat(np.array([[-1, 0], [1, 4]], np.float32))
    assert warmth.tolist() == [[0, 0], [0.25, 1]]
    assert heat(warmth, 48).shape == (48, 48)
    picture = np.full((2, 2, 3), 90, np.uint8)
    assert np.array_equal(blend_heat(picture, np.zeros((2, 2), np.float32)), picture)


def test_wrong_input_is_a_sentence(explainer: ClassActivation) -> None:
    with pytest.raises(InputError, match=r"expected an array of shape \(n, h, w, \d{3}\)"):
        explainer.evidence(np.zeros((1, 6, 6, 3), np.float32))


def test_a_head_that_is_not_linear_in_the_pooled_features_is_refused() -> None:
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 5)).astype(np.float32)
    pooled = rng.normal(size=(8, 5)).astype(np.float32)
    logits = pooled @ kernel.T
    linear = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = _head_kernel([kernel], pooled, linear.astype(np.float32), Calibrator(), "models/x")
    assert np.allclose(found, (kernel - kernel.mean(axis=0)).T)
    bent = np.exp(logits**2) / np.exp(logits**2).sum(axis=1, keepdims=True)
    with pytest.raises(ModelError, match=r"models/x: expected .* Grad-CAM"):
        _head_kernel([kernel], pooled, bent.astype(np.float32), Calibrator(), "models/x")
    with pytest.raises(ModelError):
        _head_kernel([], pooled, linear.astype(np.float32), Calibrator(), "models/x")
