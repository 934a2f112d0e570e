import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import fer

ROOT = Path(fer.__file__).resolve().parent.parent

HEAVY = ("tensorflow", "keras", "torch", "streamlit", "streamlit_webrtc")

ANALYSE = """
import numpy as np
import skimage.data
from fer import EmotionRecognizer
from fer.overlay import draw_faces
from fer.tracking.tracker import FaceTracker
picture = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
faces = EmotionRecognizer.load().analyze(picture)
assert len(faces) == 1
draw_faces(picture, FaceTracker().update(faces, 0.0))
"""


def loaded_modules(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after running ``code``."""
    report = "\nimport json, sys\nprint(json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"
    run = subprocess.run(
        [sys.executable, "-c", code + report],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", fer.__all__)
def test_public_names_exist(name: str) -> None:
    assert hasattr(fer, name)


def test_public_names_are_sorted_and_unique() -> None:
    assert fer.__all__ == sorted(set(fer.__all__))


def test_reading_a_picture_needs_neither_a_training_framework_nor_the_dashboard() -> None:
    modules = loaded_modules(ANALYSE)
    assert {"fer", "ai_edge_litert", "cv2"} <= modules
    assert not modules & set(HEAVY)


def test_the_webcam_page_leaves_out_what_it_does_not_need() -> None:
    modules = loaded_modules(
        "import fer.ui.webcam.page\n"
        "from fer import EmotionRecognizer\n"
        "from fer.live.session import LiveSession\n"
        "LiveSession(EmotionRecognizer.load())"
    )
    assert {"streamlit", "streamlit_webrtc", "cv2"} <= modules
    assert not modules & {"tensorflow", "keras", "jax", "torch", "scipy", "sklearn", "skimage"}


@pytest.mark.parametrize(
    ("modules", "without"),
    [
        (("fer.datasets",), {"sklearn", "pandas", "PIL"}),
        (("fer.architectures", "cnn4", "residual", "complexity"), {"keras", "tensorflow"}),
        (("fer.ui", "home", "dataset.page", "model.page"), {"scipy", "sklearn"}),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) else "",
)
def test_importing_is_quick(modules: tuple[str, ...], without: set[str]) -> None:
    package, *inside = modules
    code = "".join(f"import {name}\n" for name in (package, *(f"{package}.{m}" for m in inside)))
    assert not loaded_modules(code) & without


def test_no_module_outside_the_dashboard_loads_a_heavy_framework() -> None:
    paths = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / "fer").rglob("*.py"))
    heavy = {"ui", "architectures", "__main__", "__init__", "_models"}
    names = sorted(".".join(path.parts) for path in paths if not heavy & set(path.parts))
    assert "fer.recognition.recognizer" in names
    modules = loaded_modules("".join(f"import {name}\n" for name in names))
    assert not modules & set(HEAVY)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("InputError", "FerError"),
        ("MediaError", "InputError"),
        ("DatasetError", "FerError"),
        ("ModelError", "FerError"),
        ("TrainingError", "FerError"),
    ],
)
def test_every_error_can_be_caught_as_a_fer_error(name: str, base: str) -> None:
    errors = import_module("fer.errors")
    assert issubclass(getattr(errors, name), getattr(errors, base))
    assert issubclass(getattr(errors, name), fer.FerError)
