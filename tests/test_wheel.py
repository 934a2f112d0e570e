"""The package as it is installed: what is in it, and that it works far from the repository."""

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from support import free_port, wait_until_up

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both distributions, the wheel built from the other one, without any registry."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*command, str(PROJECT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("fer_dashboard-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site-packages of its own, in which another project has a ``models/`` too."""
    site = tmp_path_factory.mktemp("site")
    (site / "models" / "theirs").mkdir(parents=True)
    (site / "models" / "theirs" / "card.json").write_text("{}")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    command += ["--disable-pip-version-check", "--no-compile", "--target", str(site), str(wheel)]
    subprocess.run(command, check=True)
    return site


def environment(site: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(site), "FER_DATA": "none"}


def python(site: Path, folder: Path, arguments: Sequence[str]) -> str:
    """Output of Python with the installed package, run in a folder of no project."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(site),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_what_runs_and_no_more(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"fer/py.typed", "fer/_app/streamlit_app.py", "fer/_app/.streamlit/config.toml"} <= {
        *names
    }
    pages = {path.name for path in (PROJECT / "pages").glob("*.py")}
    assert {n.removeprefix("fer/_app/pages/") for n in names if "_app/pages/" in n} == pages
    samples = {"fer/ui/samples/clip.mp4", "fer/ui/samples/SOURCES.txt"}
    assert {*samples, *(f"fer/ui/player/player.{kind}" for kind in ("html", "css", "js"))} <= {
        *names
    }
    assert any(n.startswith("fer/_models/") and n.endswith("model.tflite") for n in names)
    # The licence and the package's own record lie in the folder of the distribution.
    assert {n.split("/")[0] for n in names if ".dist-info" not in n} == {"fer"}
    unwanted = [n for n in names if n.endswith((".keras", ".toml", ".md", ".ipynb"))]
    assert unwanted == ["fer/_app/.streamlit/config.toml"]


def test_the_source_distribution_builds_and_can_be_tested(built: Path) -> None:
    (sdist,) = built.glob("fer_dashboard-*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {"pyproject.toml", "tests/test_wheel.py", "streamlit_app.py", "Makefile"} <= names


def test_it_reads_a_face_far_from_the_repository(
    installed: Path, tmp_path: Path, astronaut_bgr: np.ndarray
) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), astronaut_bgr)
    where = python(installed, tmp_path, ["-c", "import fer; print(fer.__file__)"])
    assert Path(where.strip()).is_relative_to(installed)
    python(installed, tmp_path, ["-m", "fer", "analyze", "face.png", "--output", "faces.csv"])
    table = pd.read_csv(tmp_path / "faces.csv")
    assert table["status"].tolist() == ["ok"] and table["emotion"].tolist() == ["happy"]
    assert "theirs" not in python(installed, tmp_path, ["-m", "fer", "models", "list"])


def test_its_version_is_that_of_the_distribution(
    wheel: Path, installed: Path, tmp_path: Path
) -> None:
    said = python(installed, tmp_path, ["-m", "fer", "version"]).strip()
    assert wheel.name.startswith(f"fer_dashboard-{said}-")


def test_its_dashboard_opens_with_every_page(installed: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fer", "dashboard", "--port", str(port)],
            cwd=tmp_path,
            env={**environment(installed), "STREAMLIT_SERVER_HEADLESS": "true"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_up(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.terminate()
        process.wait(20)
    script = """
from streamlit.testing.v1 import AppTest
from fer.ui.serve import app_script
from fer.ui.shell import PAGES
at = AppTest.from_file(str(app_script()), default_timeout=120).run()
for path, label, _ in PAGES:
    if label not in ("Home", "Webcam"):  # The stream needs a browser.
        at.switch_page(path).run()
    assert not at.exception and not at.error, (label, at.exception, at.error)
    print(at.title[0].value)
"""
    titles = python(installed, tmp_path, ["-c", script]).splitlines()
    assert titles[-4:] == ["Photos", "Video", "Dataset", "Model"]
