"""Facial emotion recognition in real time: detector, classifier, pipeline, training.

>>> from fer import EmotionRecognizer
>>> recognizer = EmotionRecognizer.load()
>>> faces = recognizer.analyze(image_bgr)  # doctest: +SKIP
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_MODULES = {
    "detection.base": ("SearchSettings",),
    "detection.cascade": ("CascadeDetector",),
    "detection.detector": ("BlazeFaceDetector",),
    "errors": ("FerError",),
    "recognition.classifier": ("EmotionClassifier",),
    "recognition.recognizer": ("EmotionRecognizer",),
    "results": ("Box", "Detection", "FaceEmotion", "FrameResult"),
}


def __getattr__(name: str) -> object:
    """A public name, once it is asked for: a process that only decodes needs no recogniser."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"fer.{module}"), name)
    raise AttributeError(f"module 'fer' has no attribute {name!r}")
