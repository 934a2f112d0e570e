"""Why the network said so: exact class activation maps from the LiteRT model. No TensorFlow.

How to use it, beside a recogniser that has found faces::

    explainer = ClassActivation(recognizer.classifier)      # once; shared by threads
    maps = explainer.explain(frame_bgr, faces)              # one forward pass per face
    picture = draw_heat_maps(frame_bgr, maps)               # a copy, (h, w, 3) BGR

or, where the network's ``features`` are at hand already (``EmotionClassifier.predict_heads``),
``explainer.evidence(features)``, which costs microseconds. ``heat`` turns evidence into what is
drawn. Gradients for any Keras model are in ``fer.explanation.keras_explainer``.

The networks end in global average pooling and one linear layer per head, so that a logit is a sum
over the positions of the last feature map, and its terms are the map (Zhou et al. 2016, "Learning
deep features for discriminative localization", arXiv 1512.04150, equation 2). Softmax does not see
a constant that is added to every logit; the mean over the classes is taken out, which makes the
map independent of it: it shows what speaks for a class against the average of all classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer.boxes import corners
from fer.detection.alignment import cut_face
from fer.errors import InputError, ModelError
from fer.evaluation.calibrator import Calibrator, calibrators_of
from fer.labels import PERCEIVED, SEVEN_OF_FERPLUS
from fer.preprocessing import (
    CROP_SIZE,
    Image,
    check_frame,
    to_bgr,
    to_grey,
)
from fer.recognition.classifier import EmotionClassifier
from fer.results import Box, FaceEmotion

Floats = npt.NDArray[np.float32]

# A dynamic-range model rounds the pooled features to 8 bits before its last layer: measured on
# PublicTest, probabilities computed from the constants differ by at most 0.01.
_TOLERANCE = 0.03
_PROBES = 8
# Side in pixels that a map is drawn at before it is laid over its face.
_HEAT_SIDE = 96


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """The evidence for one class on one face.

    Attributes:
        box: Of the face, in pixels of the picture; may reach outside.
        evidence: ``(h, w)`` float32, one value per position of the last feature map (6 x 6);
            positive where the face speaks for the class. Its mean is the class's logit without
            bias, against the mean of all classes.
        roll: Degrees by which the face, and so the map, is rotated counter-clockwise.
    """

    box: Box
    label: str
    evidence: Floats
    roll: float = 0.0


def _constants(interpreter: Any, columns: int) -> list[Floats]:
    """Every matrix ``(n, columns)`` and vector ``(n,)`` stored in the file, as float32."""
    found = []
    for tensor in interpreter.get_tensor_details():
        shape = tuple(int(side) for side in tensor["shape"])
        if len(shape) not in (1, 2) or (len(shape) == 2 and shape[1] != columns):
            continue
        try:
            values = interpreter.get_tensor(tensor["index"])
        except ValueError:  # an activation, not a constant
            continue
        numbers = np.asarray(values, np.float32)
        scales = tensor["quantization_parameters"]["scales"]
        if np.issubdtype(values.dtype, np.integer):
            if len(scales) not in (1, shape[0]):
                continue
            zero = np.asarray(tensor["quantization_parameters"]["zero_points"], np.float32)
            column = (-1,) + (1,) * (len(shape) - 1)
            numbers = (numbers - zero.reshape(column)) * scales.reshape(column)
        found.append(numbers)
    return found


def _head_kernel(
    constants: Iterable[Floats], pooled: Floats, probabilities: Floats, one: Calibrator, path: str
) -> Floats:
    """The kernel ``(c, k)`` of a head: the one whose softmax gives the head's probabilities.

    The last layer of a file holds the temperature, or its calibrator follows it.

    Raises:
        ModelError: If no kernel and bias of the file do.
    """
    classes = probabilities.shape[1]
    undone = one.undo(probabilities)
    fitting = [one for one in constants if one.shape[0] == classes]
    kernels = [one for one in fitting if one.ndim == 2]
    biases = [np.zeros(classes, np.float32), *(one for one in fitting if one.ndim == 1)]
    best, kernel = np.inf, None
    for weights in kernels:
        for bias in biases:
            answers = Calibrator().apply(pooled @ weights.T + bias)
            for wanted, scale in ((undone, 1.0), (probabilities, one.temperature)):
                error = float(np.abs(answers - wanted).max())
                if error < best:
                    best, kernel = error, weights * np.float32(scale)
    if kernel is None or best > _TOLERANCE:
        raise ModelError(
            f"{path}: expected a network that ends in global average pooling and one linear layer "
            "per head, got another; its maps need gradients: use Grad-CAM on its model.keras"
        )
    return np.ascontiguousarray((kernel - kernel.mean(axis=0)).T)


class ClassActivation:
    """Class activation maps of a published model; immutable, so any thread may use it.

    The weights of the last layer are read from the model file and proved against the
    probabilities that the file gives.

    Raises:
        ModelError: If the network does not end in global average pooling and a linear layer.
    """

    def __init__(self, classifier: EmotionClassifier) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.classifier = classifier
        # Noise of many scales: every probe must give the probabilities of the file.
        noise = np.random.default_rng(0).integers(0, 256, (_PROBES, CROP_SIZE, CROP_SIZE), np.uint8)
        probes = np.stack([cv2.GaussianBlur(one, (0, 0), 0.5 + i) for i, one in enumerate(noise)])
        outputs = classifier.predict_heads(np.asarray(probes, np.uint8))
        pooled = outputs["features"].mean(axis=(1, 2))
        interpreter = Interpreter(model_path=str(classifier.folder.weights))
        interpreter.allocate_tensors()
        constants = _constants(interpreter, pooled.shape[1])
        card = classifier.folder.card
        calibrators = calibrators_of(card.temperature, card.exponent)

        def kernel_of(head: str) -> Floats:
            path = str(classifier.folder.path)
            return _head_kernel(constants, pooled, outputs[head], calibrators[head], path)

        joined = card.perceived
        if classifier.head == PERCEIVED and joined is not None:
            seven = kernel_of("ferplus")[:, list(SEVEN_OF_FERPLUS)]
            kernel = joined.share * kernel_of("fer2013") + (1 - joined.share) * seven
            kernel = kernel - kernel.mean(axis=1, keepdims=True)
        else:
            kernel = kernel_of(classifier.head)
        self.kernel = np.asarray(kernel, np.float32)
        """``(c, k)`` float32, the weights of the label set without their mean over the classes;
        those of the heads joined as their logits are."""

    def evidence(self, features: Floats) -> Floats:
        """Maps of every class from the last feature map.

        Args:
            features: ``(n, h, w, c)`` float32, as ``EmotionClassifier.predict_heads`` gives them.

        Returns:
            ``(n, h, w, k)`` float32 in the order of the classifier's labels. The mean over the
            positions, plus the bias, is the logit against the mean of all logits.

        Raises:
            InputError: If ``features`` has another number of channels.
        """
        if features.ndim != 4 or features.shape[-1] != len(self.kernel):
            raise InputError(
                f"features: expected an array of shape (n, h, w, {len(self.kernel)}), got "
                f"{features.shape}; take them from predict_heads of the same model"
            )
        return np.asarray(features @ self.kernel, np.float32)

    def explain(self, frame_bgr: Image, faces: Sequence[FaceEmotion]) -> tuple[HeatMap, ...]:
        """What the network looked at on each face; one forward pass per face.

        Raises:
            InputError: If a box does not belong to the picture.
        """
        if not faces:
            return ()
        grey = to_grey(check_frame(frame_bgr))
        return self.explain_crops(np.stack([cut_face(grey, face) for face in faces]), faces)

    def explain_crops(self, crops: Image, faces: Sequence[FaceEmotion]) -> tuple[HeatMap, ...]:
        """``explain``, for faces that were cut before: ``(n, 48, 48)`` uint8, one per face."""
        if not faces:
            return ()
        evidence = self.evidence(self.classifier.predict_heads(crops)["features"])
        labels = self.classifier.labels
        return tuple(
            HeatMap(face.box, face.top_label, one[..., labels.index(face.top_label)], face.roll)
            for one, face in zip(evidence, faces, strict=True)
        )


def heat(evidence: Floats, side: int | None = None) -> Floats:
    """Evidence as what is drawn: 0 where nothing speaks for the class, 1 where most does.

    Returns:
        ``(side, side)`` or ``(h, w)`` float32 in 0..1; all 0 when nothing speaks for the class.
    """
    speaking = np.maximum(evidence, 0)
    highest = float(speaking.max(initial=0))
    scaled = np.asarray(speaking / highest if highest > 0 else speaking, np.float32)
    if side is None:
        return scaled
    return np.asarray(cv2.resize(scaled, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def blend_heat(picture_bgr: Image, warmth: Floats, strength: float = 0.6) -> Image:
    """Lay warmth ``(h, w)`` in 0..1 over a picture ``(h, w, 3)``; 0 leaves it unchanged."""
    colours = cv2.applyColorMap((warmth * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    cover = np.asarray(warmth * strength, np.float32)
    return np.asarray(cv2.blendLinear(picture_bgr, colours, 1 - cover, cover), np.uint8)


def draw_heat_maps(frame_bgr: Image, maps: Iterable[HeatMap]) -> Image:
    """A BGR copy ``(h, w, 3)`` uint8 of a BGR, BGRA or grey picture with each map over its face.

    Raises:
        InputError: If ``frame_bgr`` is not such a picture.
    """
    canvas = to_bgr(check_frame(frame_bgr)).copy()
    height, width = canvas.shape[:2]
    for one in maps:
        square = corners(one.box, one.roll)
        left, top = np.maximum(np.floor(square.min(axis=0)).astype(int), 0)
        right, bottom = np.minimum(np.ceil(square.max(axis=0)).astype(int), (width, height))
        if right <= left or bottom <= top:
            continue
        warmth = heat(one.evidence, _HEAT_SIDE)
        source = np.array([(0, 0), (_HEAT_SIDE, 0), (_HEAT_SIDE, _HEAT_SIDE)], np.float32)
        target = np.asarray(square[:3] - (left, top), np.float32)
        part = cv2.warpAffine(
            warmth, cv2.getAffineTransform(source, target), (int(right - left), int(bottom - top))
        )
        canvas[top:bottom, left:right] = blend_heat(
            np.ascontiguousarray(canvas[top:bottom, left:right]), np.asarray(part)
        )
    return canvas
