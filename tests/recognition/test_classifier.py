import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fer import EmotionClassifier, labels
from fer.errors import InputError, ModelError


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    rng = np.random.default_rng(0)
    smooth = rng.integers(0, 256, (6, 12, 12)).repeat(4, axis=1).repeat(4, axis=2)
    return smooth.astype(np.uint8)


@pytest.fixture
def copied_model(classifier: EmotionClassifier, tmp_path: Path) -> Path:
    """A copy of the shipped model's folder, to be damaged."""
    source = classifier.folder.path
    names = ("model.tflite", "card.json", "history.csv", "metrics.json")
    target = tmp_path / source.name
    target.mkdir()
    for name in names:
        shutil.copy(source / name, target / name)
    return target


def test_labels_are_those_of_fer2013(classifier: EmotionClassifier) -> None:
    assert classifier.labels == labels.FER2013


def test_rows_are_float32_probabilities(classifier: EmotionClassifier, crops: np.ndarray) -> None:
    rows = classifier.predict(crops)
    assert (rows.shape, rows.dtype) == ((len(crops), 7), np.float32)
    assert rows.min() >= 0
    assert rows.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_different_faces_give_different_rows(
    classifier: EmotionClassifier, crops: np.ndarray
) -> None:
    rows = classifier.predict(crops)
    assert np.abs(rows - rows[0])[1:].max(axis=1).min() > 1e-3


def test_ferplus_adds_contempt(crops: np.ndarray) -> None:
    ferplus = EmotionClassifier.load(labels="ferplus")
    rows = ferplus.predict(crops)
    assert ferplus.labels == labels.FERPLUS
    assert rows.shape == (len(crops), 8)
    assert rows.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_no_crops_give_no_rows(classifier: EmotionClassifier) -> None:
    none = classifier.predict_heads(np.zeros((0, 48, 48), np.uint8))
    one = classifier.predict_heads(np.zeros((1, 48, 48), np.uint8))
    assert {name: rows.shape for name, rows in none.items()} == {
        name: (0, *rows.shape[1:]) for name, rows in one.items()
    }
    assert {rows.dtype for rows in none.values()} == {np.dtype(np.float32)}


def test_every_label_set_comes_from_one_pass(
    classifier: EmotionClassifier, crops: np.ndarray
) -> None:
    heads = classifier.predict_heads(crops)
    assert np.array_equal(heads["perceived"], classifier.predict(crops))
    fer2013 = EmotionClassifier(classifier.folder, labels="fer2013")
    assert np.array_equal(heads["fer2013"], fer2013.predict(crops))
    assert heads["ferplus"].shape == (len(crops), 8)
    # A map of a few cells, as high as wide.
    count, height, width, _channels = heads["features"].shape
    assert count == len(crops) and height == width > 1


def test_a_crop_reads_the_same_alone_in_a_batch_and_again(
    classifier: EmotionClassifier, crops: np.ndarray
) -> None:
    batch = classifier.predict(crops)
    alone = np.concatenate([classifier.predict(crop[None]) for crop in crops])
    assert np.array_equal(batch, alone)
    assert np.array_equal(batch, classifier.predict(crops))


def test_the_memory_layout_of_the_crops_does_not_matter(
    classifier: EmotionClassifier, crops: np.ndarray
) -> None:
    expected = classifier.predict(crops)
    assert np.array_equal(classifier.predict(np.asfortranarray(crops)), expected)
    assert np.array_equal(classifier.predict(crops[::-1]), expected[::-1])


def test_crops_are_not_modified(classifier: EmotionClassifier, crops: np.ndarray) -> None:
    before = crops.copy()
    classifier.predict(crops)
    assert np.array_equal(crops, before)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((48, 48), np.uint8),
        np.zeros((1, 48, 48), np.float32),
        np.zeros((1, 48, 48, 1), np.uint8),
        np.zeros((1, 64, 48), np.uint8),
        [[0] * 48] * 48,
        None,
    ],
    ids=["one crop", "float", "channels", "size", "list", "None"],
)
def test_other_crops_are_refused_saying_what_came(
    classifier: EmotionClassifier, wrong: object
) -> None:
    with pytest.raises(
        InputError, match=r"crops: expected a uint8 array of shape \(n, 48, 48\), got "
    ) as caught:
        classifier.predict(wrong)
    got = str(wrong.shape) if isinstance(wrong, np.ndarray) else type(wrong).__name__
    assert got in str(caught.value)


def test_threads_sharing_a_classifier_agree_with_one_thread(
    classifier: EmotionClassifier, crops: np.ndarray
) -> None:
    expected = [classifier.predict(crop[None]) for crop in crops]
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda crop: classifier.predict(crop[None]), list(crops) * 10))
    assert all(np.array_equal(row, same) for row, same in zip(rows, expected * 10, strict=True))


def test_threshold_is_the_one_on_the_card(classifier: EmotionClassifier) -> None:
    for name, point in classifier.folder.card.abstain.items():
        assert EmotionClassifier.load(labels=name).threshold == point.threshold
    assert classifier.threshold == classifier.folder.card.abstain["perceived"].threshold


def test_an_unknown_head_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"expected one of perceived, fer2013, .*, got 'ck'"):
        EmotionClassifier.load(labels="ck")


def test_a_file_from_before_the_joined_output_is_read_in_fer2013s_labels(
    copied_model: Path, crops: np.ndarray
) -> None:
    card = json.loads((copied_model / "card.json").read_text())
    del card["labels"]["perceived"], card["abstain"]["perceived"], card["perceived"]
    (copied_model / "card.json").write_text(json.dumps(card))
    old = EmotionClassifier.load(copied_model.name, directory=copied_model.parent)
    assert old.head == "fer2013"
    assert old.predict(crops).shape == (len(crops), 7)
    with pytest.raises(InputError, match=r"expected one of fer2013, ferplus for .* 'perceived'"):
        EmotionClassifier(old.folder, labels="perceived")


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ModelError, match="got 'no-such-model'"):
        EmotionClassifier.load("no-such-model")


def test_a_copied_folder_works(
    classifier: EmotionClassifier, copied_model: Path, crops: np.ndarray
) -> None:
    copy = EmotionClassifier.load(copied_model.name, directory=copied_model.parent)
    assert np.array_equal(copy.predict(crops), classifier.predict(crops))


def test_weights_that_are_no_network_are_refused_even_with_a_matching_checksum(
    copied_model: Path,
) -> None:
    data = b"not a network" * 100
    (copied_model / "model.tflite").write_bytes(data)
    card = json.loads((copied_model / "card.json").read_text())
    card["sha256"] = hashlib.sha256(data).hexdigest()
    (copied_model / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="expected a LiteRT model"):
        EmotionClassifier.load(copied_model.name, directory=copied_model.parent)
