"""``fer analyze --engine ray`` on a real cluster of two nodes, one of which dies on the way."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

PROJECT = Path(__file__).parents[2]

if find_spec("ray") is None:
    if os.environ.get("CI"):
        pytest.fail("CI needs Ray: pip install -e '.[dev,ray]'", pytrace=False)
    pytest.skip("Ray is not installed: pip install -e '.[ray]'", allow_module_level=True)


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray's workers give way to everything else, which on a busy machine takes minutes.
        "RAY_worker_niceness": "0",
    }


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, command)],
        env=environment(),
        text=True,
        capture_output=True,
        check=False,
        timeout=500,
    )


@pytest.fixture
def album(tmp_path: Path, astronaut_bgr: np.ndarray) -> Path:
    """Sixteen pictures, a repeated and a broken one among them."""
    folder = tmp_path / "album"
    folder.mkdir()
    small = cv2.resize(astronaut_bgr[:280, 80:360], (160, 160))
    for index in range(14):
        picture = small.copy()
        picture[0, 0] = 15 * (index % 13)
        cv2.imwrite(str(folder / f"p{index:02}.png"), picture)
    cv2.imwrite(str(folder / "q.png"), np.full((50, 50, 3), 80, np.uint8))
    (folder / "r.jpg").write_bytes(b"text")
    return folder


def result(folder: Path) -> pd.DataFrame:
    parts = sorted(folder.glob("part-*.parquet"))
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


# Starting a cluster takes seconds on an idle machine and minutes on a busy one.
@pytest.mark.timeout(600)
def test_a_resumed_job_on_a_cluster_that_loses_a_node_gives_the_local_rows(
    album: Path, tmp_path: Path
) -> None:
    done = run(PROJECT / "tests" / "ray_cluster.py", album, tmp_path / "faces")
    assert done.returncode == 0, done.stderr[-3000:]
    # Ray tells of the lost node on the same stream.
    (line,) = [text for text in done.stdout.splitlines() if text.startswith('{"nodes"')]
    facts = json.loads(line)
    assert facts == {"nodes": 2, "killed": True, "units": 8, "worked": 5}
    command = "import sys; from fer.cli.main import main; sys.argv[0] = 'fer'; main()"
    local = run("-c", command, "analyze", album, "--output", tmp_path / "local.parquet")
    assert local.returncode == 1
    expected = pd.read_parquet(tmp_path / "local.parquet")
    pd.testing.assert_frame_equal(result(tmp_path / "faces"), expected)
    assert not (tmp_path / ".faces.job").exists()
