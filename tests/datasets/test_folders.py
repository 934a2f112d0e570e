from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.datasets import read_folders
from fer.datasets.folders import is_class_tree
from fer.errors import DatasetError
from fer.labels import ALL, FER2013
from tests.datasets.conftest import rows_of

Write = Callable[..., Path]

SPELLINGS = {
    "angry": ("angry", "anger", "0_Angry"),
    "disgust": ("disgust", "Disgusted", "1-disgust"),
    "fear": ("fear", "fearful", "AFRAID"),
    "happy": ("happy", "happiness", "Joy"),
    "sad": ("sad", "sadness", "4_sad"),
    "surprise": ("surprise", "surprised", "Surprise"),
    "neutral": ("neutral", "Neutral", "6 neutral"),
}


@pytest.mark.parametrize("spelling", range(3))
@pytest.mark.parametrize(
    ("layout", "splits"),
    [
        (("train", "test"), ("Training", "PrivateTest")),
        (("images/train", "images/validation"), ("Training", "PublicTest")),
        (("images/images/train", "images/images/validation"), ("Training", "PublicTest")),
        (("Training", "PublicTest", "PrivateTest"), ("Training", "PublicTest", "PrivateTest")),
        (("",), ("Training",)),
    ],
)
def test_every_layout_is_read_in_every_spelling(
    tmp_path: Path,
    write_picture: Write,
    layout: tuple[str, ...],
    splits: tuple[str, ...],
    spelling: int,
) -> None:
    expected = []
    for place, (folder, split) in enumerate(zip(layout, splits, strict=True)):
        for label, names in SPELLINGS.items():
            grey = 10 * FER2013.index(label) + place
            write_picture(tmp_path / folder / names[spelling] / "1.png", grey)
            expected.append((split, label, grey))
    dataset = read_folders(tmp_path)
    assert sorted(rows_of(dataset)) == sorted(expected)
    assert dataset.label_names == FER2013
    assert is_class_tree(tmp_path)


def test_official_split_is_recovered_from_file_names(tmp_path: Path, write_picture: Write) -> None:
    write_picture(tmp_path / "train/happy/Training_3.png", 1)
    write_picture(tmp_path / "test/happy/PublicTest_1.png", 2)
    write_picture(tmp_path / "test/happy/PrivateTest_2.png", 3)
    write_picture(tmp_path / "test/sad/privatetest_4.PNG", 4)
    dataset = read_folders(tmp_path)
    assert rows_of(dataset) == [
        ("Training", "happy", 1),
        ("PrivateTest", "happy", 3),
        ("PublicTest", "happy", 2),
        ("PrivateTest", "sad", 4),
    ]
    assert dataset.notes == (
        "1 files were put into the split that their name tells, not their folder's.",
    )


def test_split_is_recovered_without_split_folders(tmp_path: Path, write_picture: Write) -> None:
    write_picture(tmp_path / "happy/PublicTest_1.png", 1)
    write_picture(tmp_path / "happy/other.png", 2)
    dataset = read_folders(tmp_path)
    assert rows_of(dataset) == [("PublicTest", "happy", 1), ("Training", "happy", 2)]
    assert dataset.notes == (
        "There are no split folders: 1 files without a split in their name were taken as Training.",
    )


@pytest.mark.parametrize(("folder", "split"), [("test", "PrivateTest"), ("val", "PublicTest")])
def test_assumed_split_is_noted(
    tmp_path: Path, write_picture: Write, folder: str, split: str
) -> None:
    write_picture(tmp_path / folder / "happy" / "1.png")
    write_picture(tmp_path / folder / "happy" / "2.png")
    assert read_folders(tmp_path).notes == (
        f"{folder}/: 2 files without a split in their name were taken as {split}; this need not "
        "be the official split.",
    )


def test_contempt_adds_an_eighth_class(tmp_path: Path, write_picture: Write) -> None:
    write_picture(tmp_path / "contempt" / "1.png", 5)
    write_picture(tmp_path / "anger" / "1.png", 6)
    dataset = read_folders(tmp_path)
    assert dataset.label_names == ALL == (*FER2013, "contempt")
    assert sorted(dataset.labels.tolist()) == [0, 7]


def test_order_is_by_split_folder_and_number(tmp_path: Path, write_picture: Write) -> None:
    names = ["10.png", "9.png", "a2.png", "a10.png", "²3.png"]
    for grey, name in enumerate(names):
        write_picture(tmp_path / "test/sad" / name, grey)
    write_picture(tmp_path / "train/sad/1.png", 50)
    write_picture(tmp_path / "train/fear/1.png", 60)
    greys = [row[2] for row in rows_of(read_folders(tmp_path))]
    assert greys == [60, 50, 1, 0, 2, 3, 4]


def test_pictures_are_made_grey_and_resized_by_area(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    large = np.zeros((96, 192, 3), np.uint8)
    large[:, ::4] = 255  # one of the four columns that become one pixel
    large[::2] = 0  # and one of its two rows
    Image.fromarray(large).save(tmp_path / "happy" / "large.png")
    dataset = read_folders(tmp_path)
    assert dataset.images.shape == (1, 48, 48)
    np.testing.assert_allclose(dataset.images[0], 255 / 8, atol=1)
    assert "1 pictures were resized to 48 x 48." in dataset.notes


@pytest.mark.parametrize("content", [b"no picture", b"", b"\x89PNG\r\n\x1a\n\0\0"])
def test_broken_picture_names_file_and_fault(
    tmp_path: Path, write_picture: Write, content: bytes
) -> None:
    write_picture(tmp_path / "train/happy/1.png")
    (tmp_path / "train/happy/2.jpg").write_bytes(content)
    with pytest.raises(
        DatasetError, match=r"train.happy.2\.jpg: expected a .*, got .*--skip-bad"
    ) as caught:
        read_folders(tmp_path)
    assert "\n" not in str(caught.value)
    dataset = read_folders(tmp_path, skip_bad=True)
    assert (len(dataset), dataset.skipped) == (1, 1)


@pytest.mark.parametrize(
    ("folders", "fault", "skipped"),
    [
        (["train/happy+", "train/bored+"], r"train.bored: expected .*angry.*'bored'; rename", 1),
        (["happy+", "sad"], r"sad: expected pictures, got an empty folder", 1),
        (["train/happy+", "test"], r"test: expected class folders, got none", 1),
        (["train/happy+", "extra/happy+"], r"extra: expected split folders", 1),
        (["holiday"], r"expected train/<class>.*got holiday; give", None),
        ([], r"expected train/<class>", None),
    ],
)
def test_what_is_wrong_with_a_tree_is_named(
    tmp_path: Path, write_picture: Write, folders: list[str], fault: str, skipped: int | None
) -> None:
    """A plus stands for a picture in the folder."""
    for folder in folders:
        (tmp_path / folder.rstrip("+")).mkdir(parents=True, exist_ok=True)
        if folder.endswith("+"):
            write_picture(tmp_path / folder.rstrip("+") / "1.png")
    with pytest.raises(DatasetError, match=fault):
        read_folders(tmp_path)
    assert is_class_tree(tmp_path) == (skipped is not None)
    if skipped is not None:
        dataset = read_folders(tmp_path, skip_bad=True)
        assert (len(dataset), dataset.skipped) == (1, skipped)


def test_a_picture_that_lacks_its_end_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "train" / "happy"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)
    for name in ("1.jpg", "2.jpg"):
        Image.fromarray(noise).save(folder / name)
    cut = folder / "2.jpg"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 3])
    with pytest.raises(DatasetError, match="lacks its end"):
        read_folders(tmp_path)
    assert len(read_folders(tmp_path, skip_bad=True)) == 1


def test_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none; check the path"):
        read_folders(tmp_path / "nowhere")
    assert not is_class_tree(tmp_path / "nowhere")


def test_tree_without_one_good_picture_is_an_error_even_when_skipping(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy/1.jpg").write_text("no picture")
    with pytest.raises(DatasetError, match="expected at least one picture"):
        read_folders(tmp_path, skip_bad=True)


def test_what_is_no_picture_is_noted_and_left_out(tmp_path: Path, write_picture: Write) -> None:
    write_picture(tmp_path / "happy/1.png")
    for name in ("notes.txt", ".DS_Store", "Thumbs.db"):
        (tmp_path / "happy" / name).write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    dataset = read_folders(tmp_path)
    assert (len(dataset), dataset.skipped) == (1, 0)
    assert "1 files that are no pictures were left out, such as notes.txt." in dataset.notes


@pytest.mark.parametrize("link", ["train/happy/2.png", "train/sad", "test"])
def test_link_out_of_the_tree_is_not_followed(
    tmp_path: Path, write_picture: Write, link: str
) -> None:
    outside = write_picture(tmp_path / "outside/happy/secret.png", 200)
    tree = tmp_path / "tree"
    write_picture(tree / "train/happy/1.png", 1)
    target = {"train/happy/2.png": outside, "train/sad": outside.parent}.get(
        link, outside.parent.parent
    )
    (tree / link).symlink_to(target)
    with pytest.raises(DatasetError, match=rf"{link.replace('/', '.')}: .*got a link out of it"):
        read_folders(tree)
    dataset = read_folders(tree, skip_bad=True)
    assert rows_of(dataset) == [("Training", "happy", 1)]
    assert dataset.skipped == 1


def test_link_within_the_tree_is_followed(tmp_path: Path, write_picture: Write) -> None:
    write_picture(tmp_path / "train/happy/1.png", 1)
    (tmp_path / "test").symlink_to(tmp_path / "train")
    assert rows_of(read_folders(tmp_path)) == [
        ("Training", "happy", 1),
        ("PrivateTest", "happy", 1),
    ]


def test_progress_ends_at_one(tmp_path: Path, write_picture: Write) -> None:
    write_picture(tmp_path / "happy/1.png")
    seen: list[float] = []
    read_folders(tmp_path, progress=seen.append)
    assert seen == [0, 1]
