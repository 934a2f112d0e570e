"""CK+, RAF-DB and AffectNet, each in the layout in which it is distributed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from fer.datasets import find_data, open_dataset
from fer.datasets.label_map import LEFT_OUT, MAPS, read_label_map
from fer.errors import DatasetError, InputError
from fer.labels import ALL, FER2013
from tests.datasets.conftest import rows_of

Write = Callable[..., Path]


RAF = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")


@pytest.fixture
def rafdb(tmp_path: Path, write_picture: Write) -> Path:
    """Seven training faces, one of each class, and one test face."""
    base = tmp_path / "RAF-DB" / "basic"
    lines = [f"train_{number:05}.jpg {number}" for number in range(1, 8)] + ["test_0001.jpg 4"]
    for number in range(1, 8):
        write_picture(
            base / f"Image/aligned/train_{number:05}_aligned.jpg", 20 * number, (100, 100)
        )
    write_picture(base / "Image/aligned/test_0001_aligned.jpg", 200, (100, 100))
    (base / "EmoLabel").mkdir()
    (base / "EmoLabel/list_patition_label.txt").write_text("\n".join(lines) + "\n")
    return tmp_path / "RAF-DB"


@pytest.mark.parametrize("below", ["", "basic"])
def test_rafdb_is_read_by_its_list(rafdb: Path, below: str) -> None:
    path = rafdb / below
    assert find_data(path) == path
    dataset = open_dataset(path)
    expected = [("Training", name, 20 * number) for number, name in enumerate(RAF, start=1)]
    assert rows_of(dataset) == [*expected, ("PrivateTest", "happy", 200)]
    assert dataset.label_names == FER2013


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train_00009.jpg 1", "line 9: expected the picture train_00009.jpg"),
        ("train_00001.jpg", "line 9: expected such as train_00001.jpg 5"),
        ("../../secret.jpg 1", "line 9"),
        ("train_00001.jpg 12", "expected a class that raf-db knows, got '12'"),
    ],
)
def test_a_bad_line_of_rafdb_is_named_or_skipped(rafdb: Path, line: str, message: str) -> None:
    listed = rafdb / "basic/EmoLabel/list_patition_label.txt"
    listed.write_text(listed.read_text() + line + "\n")
    with pytest.raises(DatasetError, match=message.replace("(", r"\(")):
        open_dataset(rafdb)
    dataset = open_dataset(rafdb, skip_bad=True)
    assert (len(dataset), dataset.skipped) == (8, 1)


HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
    "valence,arousal"
)


@pytest.fixture
def affectnet(tmp_path: Path) -> Path:
    """Bright faces of 40 px in dark scenes, in the layout of the first release."""
    root = tmp_path / "AffectNet"
    lists, pictures = root / "Manually_Annotated_file_lists", root / "Manually_Annotated_Images"
    lists.mkdir(parents=True)
    lines = {"training": [HEADER], "validation": [HEADER]}
    affect = {1: (0.8, 0.1), 10: (-2, -2)}
    rows = [(number, *affect.get(number, (-0.6, 0.4))) for number in (*range(9), 10)]
    for number, (expression, valence, arousal) in enumerate(rows):
        name = f"{number % 3}/{number:08x}.png"
        scene = np.zeros((90, 120), np.uint8)
        scene[10:50, 70:110] = 100 + 10 * number
        (pictures / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(scene).save(pictures / name)
        row = f"{name},70,10,40,40,1.0;2.0;3.0,{expression},{valence},{arousal}"
        lines["validation" if number == 1 else "training"].append(row)
    for name, content in lines.items():
        (lists / f"{name}.csv").write_text("\n".join(content) + "\n")
    return root


def test_affectnet_is_cut_by_its_boxes_with_valence_and_arousal(affectnet: Path) -> None:
    assert find_data(affectnet) == affectnet
    dataset = open_dataset(affectnet)
    assert dataset.label_names == ALL
    told = rows_of(dataset)
    assert told[-1] == ("PublicTest", "happy", 110)
    expected = "neutral sad surprise fear disgust angry contempt happy"
    assert [name for _, name, _ in told] == expected.split()
    assert (dataset.images == dataset.images[:, :1, :1]).all()  # the box, and nothing beside it
    assert dataset.affect is not None and dataset.affect.dtype == np.float32
    np.testing.assert_allclose(dataset.affect[-1], (0.8, 0.1), rtol=1e-6)
    assert "2 pictures of classes that affectnet leaves out." in dataset.notes
    chosen = dataset.split("PublicTest")
    assert chosen.affect is not None and chosen.affect.shape == (1, 2)


def test_affectnet_of_2021_is_read_with_its_arrays(tmp_path: Path, write_picture: Write) -> None:
    for folder, number, expression, valence in (("train_set", 5, 1, 0.5), ("val_set", 12, 7, -2)):
        write_picture(tmp_path / folder / f"images/{number}.jpg", 90, (224, 224))
        (tmp_path / folder / "annotations").mkdir()
        for what, value in (("exp", expression), ("val", valence), ("aro", 0.25)):
            np.save(tmp_path / folder / f"annotations/{number}_{what}.npy", str(value))
    dataset = open_dataset(tmp_path)
    assert rows_of(dataset) == [("Training", "happy", 90), ("PublicTest", "contempt", 90)]
    assert dataset.affect is not None
    np.testing.assert_array_equal(dataset.affect, [(0.5, 0.25), (np.nan, np.nan)])


def test_a_pickled_annotation_is_refused(tmp_path: Path, write_picture: Write) -> None:
    write_picture(tmp_path / "train_set/images/0.jpg")
    annotations = tmp_path / "train_set/annotations"
    annotations.mkdir()
    for what in ("exp", "val", "aro"):
        np.save(annotations / f"0_{what}.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(DatasetError, match=r"images/0\.jpg: expected its annotations"):
        open_dataset(tmp_path)


def test_a_table_of_words_is_read(tmp_path: Path, write_picture: Write) -> None:
    write_picture(tmp_path / "anger/image1.jpg", 10)
    write_picture(tmp_path / "surprise/image2.jpg", 20)
    (tmp_path / "labels.csv").write_text(
        ",pth,label,relFCs,split\n0,anger/image1.jpg,anger,0.87,train\n"
        "1,surprise/image2.jpg,Surprise,0.9,test\n"
    )
    dataset = open_dataset(tmp_path)
    assert rows_of(dataset) == [("Training", "angry", 10), ("PrivateTest", "surprise", 20)]
    assert dataset.affect is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pth,valence\na.jpg,0\n", "expected a column named one of expression, label"),
        ("pth,label\n../../etc/passwd,anger\n", "row 1: expected a picture that is there"),
        ("pth,label\n,anger\n", "row 1"),
        ("pth,label\nok.jpg,anger,,\nok.jpg,bored\n", "got 'bored'"),
        ("pth,label,split\nok.jpg,anger,attic\n", "'attic'"),
    ],
)
def test_a_bad_table_is_named(
    tmp_path: Path, write_picture: Write, text: str, message: str
) -> None:
    write_picture(tmp_path / "ok.jpg")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DatasetError, match=message):
        open_dataset(tmp_path)


@pytest.fixture
def ckplus(tmp_path: Path) -> Path:
    """One labelled sequence of two frames of 640 x 490, and one without a label."""
    portrait = skimage.data.astronaut()[..., :3]
    scene = Image.new("L", (640, 490), 114)
    scene.paste(Image.fromarray(portrait).convert("L").resize((480, 480)), (80, 10))
    root = tmp_path / "CK+"
    for sequence in ("S005/001", "S010/002"):
        folder = root / "cohn-kanade-images" / sequence
        folder.mkdir(parents=True)
        for frame in (1, 11):
            scene.save(folder / f"{sequence.replace('/', '_')}_{frame:08}.png")
    labels = root / "Emotion/S005/001"
    labels.mkdir(parents=True)
    (labels / "S005_001_00000011_emotion.txt").write_text("   2.0000000e+00\n")
    (root / "Emotion/S010/002").mkdir(parents=True)
    return root


def test_ckplus_gives_the_peak_and_the_neutral_first_frame(ckplus: Path) -> None:
    assert find_data(ckplus) == ckplus
    dataset = open_dataset(ckplus)
    assert [row[:2] for row in rows_of(dataset)] == [
        ("PrivateTest", "neutral"),
        ("PrivateTest", "contempt"),
    ]
    assert dataset.label_names == ALL
    assert dataset.images[0].std() > 20  # a face, not the grey around it
    assert "no official split" in dataset.notes[0]


def test_ckplus_names_a_label_without_its_frame_and_a_frame_without_a_face(ckplus: Path) -> None:
    told = ckplus / "Emotion/S005/001/S005_001_00000011_emotion.txt"
    frame = ckplus / "cohn-kanade-images/S005/001/S005_001_00000011.png"
    Image.new("L", (640, 490), 114).save(frame)
    with pytest.raises(DatasetError, match=r"00000011\.png: expected a face"):
        open_dataset(ckplus)
    assert len(open_dataset(ckplus, skip_bad=True)) == 1
    frame.unlink()
    with pytest.raises(DatasetError, match="expected the frame S005_001_00000011"):
        open_dataset(ckplus)
    told.write_text("happy")
    with pytest.raises(DatasetError, match="expected one whole number"):
        open_dataset(ckplus)


def test_numbered_class_folders_need_a_map(tmp_path: Path, write_picture: Write) -> None:
    for number in range(1, 8):
        write_picture(tmp_path / f"train/{number}/a.png", 10 * number)
    with pytest.raises(DatasetError):
        open_dataset(tmp_path)
    dataset = open_dataset(tmp_path, labels=MAPS["raf-db"])
    assert rows_of(dataset) == [
        ("Training", name, 10 * number) for number, name in enumerate(RAF, start=1)
    ]


def test_emotic_words_without_a_place_are_left_out(tmp_path: Path, write_picture: Write) -> None:
    for number, name in enumerate(("Anger", "Aversion", "Happiness", "Yearning")):
        write_picture(tmp_path / f"test/{name}/a.png", number)
    dataset = open_dataset(tmp_path, labels=MAPS["emotic"])
    assert [row[1] for row in rows_of(dataset)] == ["angry", "disgust", "happy"]
    assert "1 pictures of classes that emotic leaves out." in dataset.notes


def test_every_published_map_covers_its_classes() -> None:
    for name, classes in (("affectnet", 8), ("raf-db", 7), ("ck+", 8), ("fer2013", 8)):
        told = {label for label in MAPS[name].classes.values() if label != LEFT_OUT}
        assert told == set(ALL if classes == 8 else FER2013)
    assert len(MAPS["emotic"].classes) == 22 and MAPS["emotic"].find("Surprise") == "surprise"


def test_a_map_is_read_from_pairs_or_json(tmp_path: Path) -> None:
    assert read_label_map("RAF-DB") is MAPS["raf-db"]
    pairs = read_label_map("1=Surprised, 02=fear,8=-")
    found = [pairs.find(name) for name in ("1", "002", "8", "9", "Happiness")]
    assert found == ["surprise", "fear", LEFT_OUT, None, "happy"]
    file = tmp_path / "map.json"
    file.write_text(json.dumps({"Ärger": "anger", "8": None}))
    assert read_label_map(str(file)).find("ärger") == "angry"
    file.write_text("[1]")
    with pytest.raises(DatasetError, match="expected a JSON object"):
        read_label_map(str(file))
    for text in ("1=bored", "nonsense", "=fear"):
        with pytest.raises(InputError):
            read_label_map(text)
