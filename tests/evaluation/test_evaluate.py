from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from fer.datasets.base import FaceDataset
from fer.errors import DatasetError, InputError
from fer.evaluation.calibrator import Calibrator
from fer.evaluation.evaluate import evaluate_classifier, evaluate_probabilities, in_words
from fer.labels import FER2013, FERPLUS, SEVEN_OF_FERPLUS

LEFT, RIGHT = 0, 24


def face(label: int, side: int = LEFT, noise: int = 0) -> np.ndarray:
    """A face whose class is the height of a bright bar; ``side`` is what a mirror changes."""
    image = np.full((48, 48), noise, np.uint8)
    image[6 * label : 6 * label + 6, side : side + 24] = 255
    return image


def by_bar(images: np.ndarray) -> dict[str, np.ndarray]:
    """Reads the bar on the left without fault, and is one class off for a bar on the right."""
    place = (images.max(axis=2) == 255).argmax(axis=1) // 6
    right = images[:, :, 40].max(axis=1) == 255
    answer = np.where(right, (place + 1) % 7, place)
    fer2013 = np.full((len(images), 7), 0.05)
    # Surer on the left, so that the mean with the mirror image is right.
    fer2013[np.arange(len(images)), answer] = np.where(right, 0.5, 0.7)
    ferplus = np.full((len(images), 8), 0.02)
    order = [FERPLUS.index(name) for name in FER2013]
    ferplus[np.arange(len(images)), np.asarray(order)[place % 7]] = 0.86
    return {
        "fer2013": fer2013 / fer2013.sum(axis=1, keepdims=True),
        "ferplus": ferplus,
        "features": np.zeros((len(images), 6, 6, 2)),
    }


def make_dataset(*, votes: bool = True) -> FaceDataset:
    """Four Training rows; PublicTest: two left, two right, one a pixel copy of a Training row."""
    labels = np.array([0, 1, 2, 3, 0, 1, 2, 3], np.int8)
    noises = [1, 1, 1, 1, 1, 5, 6, 7]
    sides = [LEFT] * 6 + [RIGHT] * 2
    images = np.stack([face(*row) for row in zip(labels, sides, noises, strict=True)])
    table = np.zeros((8, 10), np.uint8)
    for row, label in enumerate(labels):
        table[row, FERPLUS.index(FER2013[label])] = 10
    table[6] = [2, 3, 2, 3, 0, 0, 0, 0, 0, 0]  # no majority; the largest vote says happy
    table[7] = [0] * 8 + [10, 0]  # unknown: in neither protocol
    return FaceDataset(
        images=images,
        labels=labels,
        splits=np.array([0] * 4 + [1] * 4, np.int8),
        source="bars",
        votes=table if votes else None,
    )


def test_report_counts_every_protocol_as_by_hand() -> None:
    report = evaluate_classifier(by_bar, make_dataset(), "PublicTest")
    assert (report["n"], report["left_out"]) == (4, 0)
    assert (report["fer2013"]["n"], report["fer2013"]["accuracy"]) == (4, 0.5)
    without = report["fer2013_without_copies"]
    assert (without["n"], without["accuracy"]) == (3, pytest.approx(1 / 3))
    assert report["ferplus_majority"]["n"] == 2
    assert report["ferplus_majority"]["accuracy"] == 1
    # The third row's largest vote is happy, the bar says fear.
    assert report["ferplus_argmax"]["n"] == 3
    assert report["ferplus_argmax"]["accuracy"] == pytest.approx(2 / 3)


def test_flip_is_the_mean_with_the_mirror_image() -> None:
    # Every face has its bar on the left in one of the two views, and that view is surer.
    report = evaluate_classifier(by_bar, make_dataset(), "PublicTest")
    assert report["fer2013_flip"] == {
        "n": 4,
        "accuracy": 1.0,
        "accuracy_interval": [1.0, 1.0],
    }


def test_report_is_plain_json_without_nan() -> None:
    report = evaluate_classifier(
        by_bar,
        make_dataset(),
        "PublicTest",
        calibrators={"fer2013": Calibrator(1.5), "ferplus": Calibrator(0.8, 1.2)},
    )
    again = json.loads(json.dumps(report, allow_nan=False))
    assert again == report
    assert again["fer2013"]["ece_uncalibrated"] != again["fer2013"]["ece"]
    assert np.sum(again["fer2013"]["confusion"]) == 4


def test_data_without_votes_or_training_rows_gets_the_protocols_it_allows() -> None:
    dataset = make_dataset(votes=False)
    dataset = dataset.select(dataset.split_mask("PublicTest"))
    report = evaluate_classifier(by_bar, dataset, "PublicTest")
    allowed = {"fer2013", "fer2013_flip", "ferplus_labels"}
    assert set(report) == {"split", "source", "n", "left_out", *allowed}


def test_split_names_of_folders_are_accepted() -> None:
    full = make_dataset(votes=False).split("PublicTest")
    dataset = replace(full, splits=np.zeros(4, np.int8), split_names=("all",))
    assert evaluate_classifier(by_bar, dataset, "all")["fer2013"]["n"] == 4


def test_training_itself_has_no_rows_that_are_no_copies() -> None:
    report = evaluate_classifier(by_bar, make_dataset(), "Training")
    assert "fer2013_without_copies" not in report


def test_classes_in_another_order_are_matched_by_name() -> None:
    full = make_dataset(votes=False).split("PublicTest")
    names = ("happy", "fear", "disgust", "angry")
    labels = np.array([names.index(FER2013[label]) for label in full.labels], np.int8)
    dataset = replace(full, labels=labels, label_names=names)
    assert evaluate_classifier(by_bar, dataset, "PublicTest")["fer2013"]["accuracy"] == 0.5


def test_contempt_is_left_out_of_seven_classes_and_read_by_the_eight_class_head() -> None:
    full = make_dataset(votes=False).split("PublicTest")
    labels = np.array([0, 1, 2, 7], np.int8)
    dataset = replace(full, labels=labels, label_names=(*FER2013, "contempt"))
    report = evaluate_classifier(by_bar, dataset, "PublicTest")
    assert (report["left_out"], report["fer2013"]["n"]) == (1, 3)
    assert (report["ferplus_labels"]["n"], report["ferplus_labels"]["accuracy"]) == (4, 0.75)


def test_a_model_without_the_ferplus_head_is_not_asked_for_it() -> None:
    def one_head(images: np.ndarray) -> Mapping[str, np.ndarray]:
        return {"fer2013": by_bar(images)["fer2013"]}

    report = evaluate_classifier(one_head, make_dataset(), "PublicTest")
    assert not [key for key in report if key.startswith("ferplus")]


def test_a_split_without_a_known_class_is_refused() -> None:
    full = make_dataset(votes=False).split("PublicTest")
    dataset = replace(full, labels=np.zeros(4, np.int8), label_names=("contempt",))
    with pytest.raises(DatasetError, match="4 rows and none of these"):
        evaluate_classifier(by_bar, dataset, "PublicTest")


@pytest.mark.parametrize("shape", [(3, 7), (4, 6), (0, 7)])
def test_probabilities_of_another_shape_are_refused(shape: tuple[int, int]) -> None:
    labels = np.zeros(0 if shape[0] == 0 else 4, int)
    with pytest.raises(InputError, match=r"expected probabilities \(n, 7\)"):
        evaluate_probabilities(labels, np.zeros(shape), FER2013)


def test_what_people_see_is_counted_for_each_label_set_as_by_hand() -> None:
    def read(images: np.ndarray) -> dict[str, np.ndarray]:
        heads = by_bar(images)
        return {**heads, "perceived": heads["ferplus"][:, list(SEVEN_OF_FERPLUS)] / 0.98}

    report = evaluate_classifier(
        read, make_dataset(), "PublicTest", thresholds={"perceived": 0.9, "fer2013": 0.6}
    )
    # Two of the four have a clear majority; the third has votes without one, the fourth none.
    for name in ("perceived", "perceived_by_fer2013", "perceived_by_ferplus"):
        assert (report[name]["n"], report[name]["votes"]["n"]) == (2, 3)
        assert report[name]["accuracy"] == report[name]["macro_recall"] == 1
    assert report["perceived"]["answered"] == {
        "threshold": 0.9,
        "coverage": 0,
        "accuracy": None,
    }
    assert report["perceived_by_fer2013"]["answered"]["coverage"] == 1
    assert "answered" not in report["perceived_by_ferplus"]
    unvoted = evaluate_classifier(read, make_dataset(votes=False), "PublicTest")
    assert unvoted["perceived_labels"]["n"] == 4 and "perceived" not in unvoted
    said = in_words(report["perceived"], FER2013)
    assert said == (
        "Of 100 faces that people call angry it calls 100 angry; of 100 that people call disgust "
        "it calls 100 disgust."
    )


def test_contempt_is_no_answer_where_seven_classes_are_asked_for() -> None:
    def contemptuous(images: np.ndarray) -> dict[str, np.ndarray]:
        heads = by_bar(images)
        return {**heads, "ferplus": heads["ferplus"] * 0.2 + np.eye(8)[7] * 0.8}

    report = evaluate_classifier(contemptuous, make_dataset(), "PublicTest")
    assert report["ferplus_majority"]["accuracy"] == 0
    assert report["perceived_by_ferplus"]["accuracy"] == 1
