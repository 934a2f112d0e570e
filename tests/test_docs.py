"""The documents: their examples run, their links lead somewhere, the reference builds."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

PROJECT = Path(__file__).parents[1]
DOCUMENTS = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((PROJECT / "docs").rglob("*.md")),
]
EXAMPLES = [
    pytest.param(code, id=f"{path.name}-{number}")
    for path in DOCUMENTS
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs_beside_a_photo(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, astronaut_bgr: np.ndarray
) -> None:
    cv2.imwrite(str(tmp_path / "photo.jpg"), astronaut_bgr)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "example", "exec"), {})


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_modules_named_in_the_documents_exist() -> None:
    for path in DOCUMENTS:
        for name in re.findall(r"`(fer/[a-z_0-9/.]+)`", path.read_text()):
            assert (PROJECT / name).exists(), f"{path.name}: {name}"


def test_the_reference_shows_what_is_public(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pdoc", "--docformat", "google"]
    makefile = (PROJECT / "Makefile").read_text().replace("\\\n", "")
    (modules,) = re.findall(r"^API := (.*)$", makefile, re.MULTILINE)
    command += ["--output-directory", str(tmp_path), *modules.split()]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "fer.html").read_text()
    assert "EmotionRecognizer" in page and "EmotionClassifier" in page
    assert (tmp_path / "fer" / "results.html").exists()
