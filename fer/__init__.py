"""Facial emotion recognition in real time: detector, classifier, pipeline, training.

>>> from fer import EmotionRecognizer
>>> recognizer = EmotionRecognizer.load()
>>> faces = recognizer.analyze(image_bgr)  # doctest: +SKIP
"""

from importlib.metadata import PackageNotFoundError, version

from fer.detection.base import SearchSettings
from fer.detection.cascade import CascadeDetector
from fer.detection.detector import BlazeFaceDetector
from fer.errors import FerError
from fer.recognition.classifier import EmotionClassifier
from fer.recognition.recognizer import EmotionRecognizer
from fer.results import Box, Detection, FaceEmotion, FrameResult

try:
    __version__ = version("fer-dashboard")
except PackageNotFoundError:  # Run from its source, installed nowhere.
    __version__ = "0"

__all__ = [
    "BlazeFaceDetector",
    "Box",
    "CascadeDetector",
    "Detection",
    "EmotionClassifier",
    "EmotionRecognizer",
    "FaceEmotion",
    "FerError",
    "FrameResult",
    "SearchSettings",
    "__version__",
]
