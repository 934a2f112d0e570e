"""Detectors that the tests of this folder share, and a portrait turned about its centre."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from fer import BlazeFaceDetector, Box, CascadeDetector


@pytest.fixture(scope="session")
def blazeface() -> BlazeFaceDetector:
    return BlazeFaceDetector()


@pytest.fixture(scope="session")
def cascade() -> CascadeDetector:
    return CascadeDetector()


@pytest.fixture
def turned(astronaut_bgr: np.ndarray) -> Callable[[float], np.ndarray]:
    """The portrait rotated counter-clockwise about the face, in degrees."""

    def turn(degrees: float) -> np.ndarray:
        matrix = cv2.getRotationMatrix2D((224, 113), degrees, 1.0)
        matrix[:, 2] += (32, 143)
        return cv2.warpAffine(astronaut_bgr, matrix, (512, 512))

    return turn


@pytest.fixture(scope="session")
def turned_face() -> Box:
    """Where the face of ``turned`` is, whatever the angle."""
    return Box(199, 199, 114, 114)
