"""Networks that take colour read the pictures of a data set from their files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.datasets.base import PictureFile
from fer.datasets.folders import read_folders
from fer.errors import DatasetError, TrainingError
from fer.labels import FERPLUS
from fer.literature.inputs import FileSource
from fer.literature.recipes import recipe_for
from fer.literature.run import training_data
from fer.preprocessing import crop_face
from fer.results import Box
from tests.conftest import Command

COLOURS = {"happiness": (200, 60, 60), "sadness": (60, 200, 60), "contempt": (60, 60, 200)}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Class folders whose classes differ by colour: two pictures each to learn from, one not."""
    root = tmp_path / "tree"
    # Copies of validation pictures would be left out of training.
    for split, numbers in (("train", (0, 1)), ("val", (2,))):
        for name, colour in COLOURS.items():
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in numbers:
                picture = np.full((300, 300, 3), colour, np.uint8)
                picture[:20, : 20 * (number + 1)] = 255
                Image.fromarray(picture).save(folder / f"{number}.png")
    return root


def test_the_network_sees_the_files_in_colour_and_in_its_own_size(tree: Path) -> None:
    data = training_data(read_folders(tree), recipe_for("cnn5-224"))
    rows = np.arange(len(data.training))
    pictures = data.training[rows]
    assert pictures.shape == (6, 224, 224, 3)
    names = {"happiness": "happy", "sadness": "sad"}
    for picture, label in zip(pictures, data.labels, strict=True):
        seen = tuple(int(value) for value in picture[-1, -1])
        wanted = next(c for n, c in COLOURS.items() if names.get(n, n) == FERPLUS[label])
        assert seen == wanted
    assert data.validation[np.asarray([1])].shape == (1, 224, 224, 3)


def test_other_networks_see_grey_faces_as_ever(tree: Path) -> None:
    data = training_data(read_folders(tree), recipe_for("cnn4-56"))
    assert data.training[np.asarray([0])].shape == (1, 48, 48)
    # Without contempt, which they lack.
    assert len(data.training) == 4


def test_files_go_with_their_rows(tree: Path) -> None:
    dataset = read_folders(tree)
    assert dataset.files is not None
    chosen = dataset.select(np.asarray([5, 0]))
    assert chosen.files == (dataset.files[5], dataset.files[0])
    validation = dataset.split("val")
    assert validation.files is not None
    assert {file.path.parent.parent.name for file in validation.files} == {"val"}
    with pytest.raises(DatasetError, match="expected 9 files, one per label, got 1"):
        replace(dataset, files=dataset.files[:1])


def test_a_box_is_cut_as_it_is_from_grey_pictures(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (90, 120, 3)).astype(np.uint8)
    path, box = tmp_path / "a.png", Box(70, 20, 60, 50)
    Image.fromarray(picture).save(path)
    (cut,) = FileSource([PictureFile(path, box)], 64)[np.asarray([0])]
    for channel in range(3):
        alone = np.ascontiguousarray(picture[..., channel])
        assert np.array_equal(cut[..., channel], crop_face(alone, box, 64))


def test_grey_files_of_any_depth_have_three_equal_channels(tmp_path: Path) -> None:
    grey = np.arange(48 * 48, dtype=np.uint16).reshape(48, 48) * 28
    Image.fromarray(grey).save(tmp_path / "deep.png")
    Image.fromarray((grey // 257).astype(np.uint8)).save(tmp_path / "plain.png")
    for name in ("deep.png", "plain.png"):
        (colour,) = FileSource([PictureFile(tmp_path / name)], 48)[np.asarray([0])]
        assert (colour == colour[..., :1]).all() and colour.max() > 200


def test_a_file_that_went_away_is_named(tree: Path) -> None:
    dataset = read_folders(tree)
    assert dataset.files is not None
    data = training_data(dataset, recipe_for("cnn5-224"))
    dataset.files[0].path.unlink()
    with pytest.raises(TrainingError, match=r"0\.png: expected a readable file.*put it back"):
        data.training[np.asarray([0])]


def test_it_trains_from_the_command_line(tree: Path, tmp_path: Path, fer: Command) -> None:
    run = tmp_path / "run"
    train = ("literature", "train", "--architecture", "cnn5-224", "--data", tree, "--epochs", 1)
    assert fer(*train, "--run-dir", run).code == 0
    header, row = (run / "history.csv").read_text().splitlines()
    assert 0 <= float(row.split(",")[header.split(",").index("val_accuracy")]) <= 1
