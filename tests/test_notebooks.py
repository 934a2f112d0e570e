"""The notebooks run from top to bottom on a small data set, and are committed without outputs."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

PROJECT = Path(__file__).parents[1]
NOTEBOOKS = [
    path
    for path in sorted((PROJECT / "notebooks").glob("*.ipynb"))
    if not path.stem.endswith("-executed")
]
ROWS = 70

# A kernel that imports TensorFlow takes seconds; minutes where many share few cores.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """70 noise pictures of seven classes in three splits, the last a copy, with FER+ votes."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (ROWS, 48 * 48))
    images[-1] = images[0]
    names = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    order = (4, 5, 6, 1, 3, 2, 0)  # FER-2013's classes among the columns of FER+
    rows, votes = ["emotion,pixels,Usage"], [f"Usage,Image name,{names}"]
    for index, image in enumerate(images):
        split = "Training" if index < 42 else ("PublicTest", "PrivateTest")[index % 2]
        rows.append(f"{index % 7},{' '.join(map(str, image))},{split}")
        counts = [0] * 10
        counts[order[index % 7]] = 10
        votes.append(f"{split},fer{index:07}.png,{','.join(map(str, counts))}")
    (folder / "fer2013.csv").write_text("\n".join(rows) + "\n")
    (folder / "fer2013new.csv").write_text("\n".join(votes) + "\n")
    return folder


def test_all_three_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01_explore", "02_train", "03_evaluate"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_carries_no_output(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_notebook_runs_on_a_small_data_set(
    path: Path, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "FER_DATA": str(small_data),
        "FER_CACHE": str(tmp_path / "cache"),
        "FER_NOTEBOOK_ARCHITECTURE": "tiny",
        "FER_NOTEBOOK_EPOCHS": "1",
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": str(PROJECT),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        # The figures become JSON, not a window of a browser.
        "PLOTLY_RENDERER": "json",
    }.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()  # raises at the first cell that fails
    figures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "application/json" in output.get("data", {})
    ]
    assert len(figures) >= 3
