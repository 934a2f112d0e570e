"""The documents: their examples run, their links lead somewhere, the reference builds."""

import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

PROJECT = Path(__file__).parents[1]
CLIP = PROJECT / "fer" / "ui" / "samples" / "clip.mp4"
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
    (tmp_path / "film.mp4").write_bytes(CLIP.read_bytes())
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


def test_the_container_runs_as_nobody_and_opens_no_paths() -> None:
    text = (PROJECT / "docs" / "sharing" / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"]
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "EXPOSE", "HEALTHCHECK", "CMD"}
    assert {name for name, _ in lines} <= known
    stage = lines[max(i for i, (name, _) in enumerate(lines) if name == "FROM") :]
    last = dict(stage)
    assert not re.fullmatch(r"(root|0)(:.*)?", last["USER"])
    environment = dict(
        pair.split("=") for name, rest in stage if name == "ENV" for pair in rest.split()
    )
    assert environment["FER_PATHS"] == "none"
    command = json.loads(last["CMD"])
    assert command[1] == "dashboard" and command[0].startswith("/opt/fer/bin/")
    assert json.loads(last["HEALTHCHECK"].removeprefix("CMD "))[1] == "-c"


def test_the_workflows_and_templates_are_valid_yaml_with_what_they_need() -> None:
    for path in (PROJECT / ".github").rglob("*.yml"):
        content = yaml.safe_load(path.read_text())
        if path.parent.name == "workflows":
            assert content["jobs"] and content["permissions"] == {"contents": "read"}
        elif path.name != "config.yml":
            assert content["name"] and content["body"]
